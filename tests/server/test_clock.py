"""One clock: it passes as time does, whatever is done to the machine's."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import clock as clocks
from server.clock import AHEAD_LIMIT_MS, EARLIEST_MS, Clock
from server.room.commands import RoundStart
from tests.support.rooms import ANNA, PureRoom
from tests.support.shape import ROOT

HOUR_MS = 3_600_000
NOW_MS = 1_790_000_000_000


class Machine:
    """A machine whose clock anybody sets, and whose time passes all the same."""

    def __init__(self, shows_ms: int = NOW_MS) -> None:
        self.shows_ms, self.passed_ms = shows_ms, 12_345

    def clock(self, newest_ms: int = 0) -> Clock:
        return Clock(newest_ms, time_of_day=lambda: self.shows_ms, passing=lambda: self.passed_ms)

    def pass_time(self, for_ms: int) -> None:
        self.shows_ms += for_ms
        self.passed_ms += for_ms


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 10**9))))
def test_the_clock_shows_what_has_passed_however_the_machine_is_set(steps: list[tuple[int, int]]) -> None:
    machine = Machine()
    clock, passed_ms = machine.clock(), 0
    for set_by_ms, for_ms in steps:
        machine.shows_ms += set_by_ms
        machine.pass_time(for_ms)
        passed_ms += for_ms
        assert clock() == NOW_MS + passed_ms


@pytest.mark.parametrize("set_by_ms", [-HOUR_MS, HOUR_MS])
def test_a_running_turn_is_due_when_it_was_due_after_the_machine_is_set(set_by_ms: int) -> None:
    machine, room = Machine(), PureRoom()
    clock = machine.clock()
    room.now_ms = clock()
    room.speakers = (ANNA.id,)
    room.do(RoundStart("word_association"), ANNA)
    due_ms = room.due()
    assert due_ms is not None
    wait_ms = due_ms - clock()

    machine.shows_ms += set_by_ms
    machine.pass_time(wait_ms - 1)
    room.now_ms = clock()
    assert room.due() == due_ms == clock() + 1


@pytest.mark.parametrize(
    ("shows_ms", "newest_ms", "begins_ms"),
    [
        (NOW_MS, 0, NOW_MS),
        (NOW_MS, NOW_MS - HOUR_MS, NOW_MS),
        (NOW_MS, NOW_MS + HOUR_MS, NOW_MS + HOUR_MS),
        (NOW_MS, NOW_MS + AHEAD_LIMIT_MS, NOW_MS + AHEAD_LIMIT_MS),
        (NOW_MS, NOW_MS + AHEAD_LIMIT_MS + 1, NOW_MS),
        (86_400_000, NOW_MS, NOW_MS),
        (86_400_000, 0, 86_400_000),
        (EARLIEST_MS - 1, NOW_MS, NOW_MS),
    ],
)
def test_a_clock_begins_no_earlier_than_its_log_ended_unless_the_log_is_of_a_wrong_year(
    shows_ms: int, newest_ms: int, begins_ms: int
) -> None:
    assert Machine(shows_ms).clock(newest_ms)() == begins_ms


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux has two clocks to choose from")
def test_time_that_a_machine_slept_through_has_passed() -> None:
    """Linux counts it by this clock alone; no test can let a machine sleep."""
    before_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    passing_ms = clocks.passing_ms()
    assert before_ms <= passing_ms <= time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def test_nobody_else_asks_what_the_machine_shows() -> None:
    """But the doctor, certificates and ages of files, which go by the machine's clock."""
    asking = re.compile(r"\btime\.time(_ns)?\(|datetime\.(now|utcnow)\(")
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "server").rglob("*.py")
        if asking.search(path.read_text("utf-8"))
    }
    assert found == {"server/clock.py", "server/doctor.py", "server/takes/spool.py", "server/tls.py"}
