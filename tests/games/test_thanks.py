from __future__ import annotations

from tests.support.play import Played


def test_everybody_has_another_reason_to_thank_and_nothing_is_judged() -> None:
    played = Played("thanks", "a", "b", tempo="slow", scored=False)
    while played.closed is None:
        played.say(played.turn.voice or "", "thank you pillow")

    assert len(set(played.prompts)) == 6
    assert played.codes() == []
    assert len(played.closed.replay) == 6
