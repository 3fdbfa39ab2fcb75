from __future__ import annotations

from games.game import HEARD_CAP_MS, QUIET_GRACE_MS, is_asleep
from games.round import RoundClosed, TurnGiven
from tests.support.play import Played


def test_long_takes_are_heard_before_the_next_turn_up_to_a_limit() -> None:
    played = Played("questions_only", "a", "b")
    played.say("a", duration_ms=60_000)

    assert played.turn.go_at_ms - played.now_ms < HEARD_CAP_MS + 1_000


def test_a_round_ends_after_two_silent_turns() -> None:
    played = Played("questions_only", "a", "b")
    (passed,) = played.wait()
    assert isinstance(passed, TurnGiven)

    (end,) = played.wait()
    assert isinstance(end, RoundClosed)
    assert end.reason == "silent"


def test_a_vote_in_which_nobody_speaks_is_no_silence() -> None:
    played = Played("world_worst")
    played.say("a")
    played.say("b")
    played.wait()
    assert played.turn.act == "vote"
    assert not is_asleep(played.round, silent_turns=1)

    (end,) = played.wait()
    assert isinstance(end, RoundClosed)
    assert end.reason == "done"


def test_a_slow_pace_moves_the_end_of_the_turn() -> None:
    played = Played("questions_only", "a")
    ends_ms = played.turn.closes_at_ms + QUIET_GRACE_MS

    assert played.game.due(played.round, speaking=False) == ends_ms
    assert played.game.due(played.round, speaking=False, pace=1.5) == ends_ms + 2_500
