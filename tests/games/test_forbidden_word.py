from __future__ import annotations

from games.round import RoundOpened
from tests.support.play import Played

CARD = "umbrella: rain, wet, sky, open"


def test_the_word_is_kept_and_its_neighbours_are_forbidden() -> None:
    played = Played("forbidden_word", "a", "b", "c", card=CARD)
    opened = played.facts[0]

    assert isinstance(opened, RoundOpened)
    assert opened.prompt is not None
    assert "umbrella" not in opened.prompt.text + played.turn.prompt
    assert played.say("a", "you hold it when it rains") == ["forbidden"]
    assert played.say("b", "Is it an umbrella?") == ["guessed"]
    assert played.say("c", "A hat") == []
    played.wait()
    assert played.closed is not None
    assert played.closed.answer == "umbrella"
