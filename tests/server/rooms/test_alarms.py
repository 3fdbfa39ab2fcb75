"""One timer wakes all sleeping rooms when they are due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rooms.alarms import STALE_SHARE, Alarms
from tests.support.actors import now_ms, until

pytestmark = pytest.mark.virtual_time

SETTINGS = st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(1, 50)), max_size=30)


class Clock:
    ms = 0

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def rung() -> list[str]:
    return []


@given(SETTINGS)
async def test_each_room_rings_once_at_the_time_that_was_set_last(
    settings: list[tuple[str, int | None]],
) -> None:
    clock, rung = Clock(), list[tuple[int, str]]()
    alarms = Alarms(clock, lambda room: rung.append((clock.ms, room)))
    wanted: dict[str, int] = {}
    for room, due_ms in settings:
        if due_ms is None:
            alarms.cancel(room)
            wanted.pop(room, None)
        else:
            alarms.set(room, due_ms)
            wanted[room] = due_ms
        assert len(alarms) == len(wanted)
    for clock.ms in range(52):
        alarms.ring()
    assert sorted(rung) == sorted((due_ms, room) for room, due_ms in wanted.items())
    assert len(alarms) == 0
    alarms.close()


async def test_the_timer_rings_by_itself_and_in_time(rung: list[str]) -> None:
    alarms = Alarms(now_ms, rung.append)
    alarms.set("later", now_ms() + 60_000)
    alarms.set("soon", now_ms() + 20)
    await until(lambda: rung == ["soon"])
    assert len(alarms) == 1
    alarms.close()


async def test_what_was_set_anew_a_thousand_times_is_kept_once(rung: list[str]) -> None:
    alarms = Alarms(Clock(), rung.append)
    for number in range(1_000):
        alarms.set("room", 1_000 + number)
    assert len(alarms._heap) <= STALE_SHARE + 1
    alarms.close()


async def test_after_the_end_nothing_rings_and_closing_twice_is_harmless(rung: list[str]) -> None:
    clock = Clock()
    alarms = Alarms(clock, rung.append)
    alarms.set("room", 5)
    alarms.close()
    alarms.close()
    clock.ms = 10
    alarms.ring()
    assert not rung
