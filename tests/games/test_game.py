from __future__ import annotations

from games.game import HEARD_CAP_MS, QUIET_GRACE_MS, is_asleep
from tests.support.play import Played


def test_long_takes_are_heard_before_the_next_turn_up_to_a_limit() -> None:
    played = Played("questions_only", "a", "b")
    played.say("a", duration_ms=60_000)

    assert played.turn.go_at_ms - played.now_ms < HEARD_CAP_MS + 1_000


def test_a_round_is_asleep_after_two_silent_turns_not_after_a_vote() -> None:
    played = Played("questions_only", "a", "b")
    assert not is_asleep(played.round)
    played.wait()
    assert not is_asleep(played.round, 3)
    assert is_asleep(played.round)


def test_a_slow_pace_moves_the_end_of_the_turn() -> None:
    played = Played("questions_only", "a")
    ends_ms = played.turn.closes_at_ms + QUIET_GRACE_MS

    assert played.game.due(played.round, speaking=False) == ends_ms
    assert played.game.due(played.round, speaking=False, pace=1.5) == ends_ms + 2_500
