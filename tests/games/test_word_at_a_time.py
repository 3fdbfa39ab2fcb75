from __future__ import annotations

from tests.support.play import Played


def test_words_become_one_piece() -> None:
    played = Played("word_at_a_time", "a", "b", card="Dear moon,")
    for voice, word in zip("abab", ("you", "owe", "me", "stop"), strict=True):
        assert played.say(voice, word) == []

    assert played.closed is not None
    assert played.closed.replay == ("c1", "c2", "c3", "c4")


def test_the_sentence_so_far_is_shown_and_speeches_are_teased() -> None:
    played = Played("word_at_a_time", "a", "b", card="Dear moon,")
    played.say("a", "you")

    assert played.turn.prompt == "Dear moon, … you …"
    assert played.turn.max_words == 1
    assert played.say("b", "owe me money") == ["too_long"]
    assert played.say("a", duration_ms=4_000) == ["too_long"]
