from __future__ import annotations

from tests.support.play import Played, codes

CARD = "umbrella: rain, wet, sky, open"


def test_the_word_is_kept_and_its_neighbours_are_forbidden() -> None:
    played = Played("forbidden_word", "a", "b", "c", card=CARD)

    assert played.opened.prompt is not None
    assert "umbrella" not in played.opened.prompt.text + played.turn.prompt
    assert played.say("a", "you hold it when it rains") == ["forbidden"]
    assert played.say("b", "Is it an umbrella?") == []
    assert played.say("c", "A hat") == []
    assert codes(played.wait()) == ["guessed"]
    assert played.closed is not None
    assert played.closed.answer == "umbrella"
