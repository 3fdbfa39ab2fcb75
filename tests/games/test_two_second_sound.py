from __future__ import annotations

from games.round import RoundRevealed
from tests.support.play import Played


def test_sounds_are_hidden_until_all_are_made_and_heard_again_elsewhere() -> None:
    played = Played("two_second_sound")
    assert (played.turn.hidden, played.turn.limit_ms) == (True, 2_000)
    played.say("a")
    played.say("b")
    facts = played.wait()

    assert isinstance(facts[0], RoundRevealed)
    assert played.turn.act == "vote"
    assert "sound_places" in played.turn.prompt
    played.wait()
    assert played.closed is not None
    assert played.closed.replay == ("c1", "c2")
