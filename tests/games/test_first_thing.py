from __future__ import annotations

from games.pace import QUIET_GRACE_MS, SPEAKING_GRACE_MS, turn_ends_ms
from games.round import RoundClosed
from tests.support.play import Played


def test_one_turn_for_all_then_the_end() -> None:
    played = Played("first_thing")
    turn = played.turn

    assert (turn.voice, turn.go_at_ms, turn.closes_at_ms) == (None, 1_001_800, 1_006_800)
    assert played.room.due() == 1_006_800 + QUIET_GRACE_MS["snap"]
    assert turn_ends_ms(turn, speaking=True) == 1_006_800 + SPEAKING_GRACE_MS
    assert played.say("a", "anything at all") == []
    played.say("b")
    assert played.closed is None
    (end,) = played.wait()
    assert isinstance(end, RoundClosed)
    assert (end.reason, end.takes) == ("done", ("c1", "c2"))


def test_nobody_speaks_and_it_is_over() -> None:
    (end,) = Played("first_thing").wait()

    assert isinstance(end, RoundClosed)
    assert (end.reason, end.takes) == ("silent", ())


def test_a_slower_pace_has_a_longer_window() -> None:
    turn = Played("first_thing").turn

    assert turn_ends_ms(turn, speaking=False, pace=2.0) == turn_ends_ms(turn, speaking=False) + 5_000
