from __future__ import annotations

from server.telegram.pauses import FIRST_PAUSE_S, LONGEST_PAUSE_S, pause_s


def test_pauses_grow_up_to_the_longest() -> None:
    assert [pause_s(failures) for failures in (1, 2, 3)] == [FIRST_PAUSE_S * grown for grown in (1, 2, 4)]
    assert pause_s(10_000) == LONGEST_PAUSE_S
    assert pause_s(10_000, 60.0) == 60.0
