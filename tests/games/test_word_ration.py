from __future__ import annotations

from tests.support.play import Played


def test_each_turn_has_its_ration() -> None:
    played = Played("word_ration", "a", "b")
    words = played.turn.max_words

    assert 1 <= words == played.turn.min_words <= 7
    assert played.say("a", "word " * words) == []
    assert played.say("b", "word " * (played.turn.max_words + 1)) == ["word_count"]
