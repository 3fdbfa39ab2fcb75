from __future__ import annotations

from tests.support.play import Played


def test_the_line_must_be_in_it() -> None:
    played = Played("cyborg_line", card="The goose has read your letters.")

    assert "The goose has read your letters." in played.turn.prompt
    assert played.say("a", "The goose has read your letters, so I told it to bring stamps.") == []
    assert played.say("b", "Stamps are expensive.") == ["no_line"]
