"""A room's timer: what is due, what must end, and when the room may sleep. Rung by hand."""

from __future__ import annotations

import pytest

from server.rooms.timer import IDLE_TICK_EVERY_MS, SHORTEST_SLEEP_MS, TICK_EVERY_MS, Timer

pytestmark = pytest.mark.virtual_time

IDLE_MS = 60_000


class Room:
    """A room that notes what its timer tells it."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.needed = False
        self.due_ms: int | None = None
        self.ends_ms: list[int] = []
        self.told: list[object] = []

    def next_due_ms(self) -> int | None:
        return self.due_ms

    def takes_end_ms(self) -> list[int]:
        return list(self.ends_ms)

    def expire_takes(self, now_ms: int) -> None:
        self.ends_ms = [end for end in self.ends_ms if end > now_ms]

    def tick(self) -> None:
        self.told.append("tick")

    def fall_asleep(self, due_ms: int | None) -> None:
        self.told.append(("asleep", due_ms))


class Stand:
    def __init__(self) -> None:
        self.room = Room()
        self.timer = Timer(self.room, lambda: self.room.now_ms, IDLE_MS)
        self.timer.use()

    def next_in_ms(self) -> int:
        return self.timer._next_ms(self.room.now_ms) - self.room.now_ms

    def ring(self, after_ms: int) -> list[object]:
        self.room.now_ms += after_ms
        self.timer.ring()
        self.timer.stop()
        told, self.room.told = self.room.told, []
        return told


@pytest.fixture
async def stand() -> Stand:
    return Stand()


async def test_a_room_that_nobody_has_used_sleeps_at_once(stand: Stand) -> None:
    timer = Timer(stand.room, lambda: stand.room.now_ms, IDLE_MS)
    assert timer._next_ms(stand.room.now_ms) == stand.room.now_ms
    timer.ring()
    assert stand.room.told == [("asleep", None)]


async def test_an_unused_room_sleeps_after_its_idle_time_and_not_before(stand: Stand) -> None:
    assert stand.next_in_ms() == IDLE_MS
    assert stand.ring(IDLE_MS - 1) == []
    assert stand.ring(1) == [("asleep", None)]


async def test_a_needed_room_stays_awake_and_idles_anew_when_it_is_needed_no_more(stand: Stand) -> None:
    stand.room.needed = True
    assert stand.ring(IDLE_MS) == []
    assert stand.next_in_ms() == IDLE_MS
    stand.room.needed = False
    assert stand.ring(IDLE_MS) == [("asleep", None)]


async def test_what_is_due_soon_keeps_a_room_awake_and_what_is_due_late_is_an_alarm(stand: Stand) -> None:
    stand.room.due_ms = stand.room.now_ms + IDLE_MS + SHORTEST_SLEEP_MS - 1
    assert stand.next_in_ms() == IDLE_MS + SHORTEST_SLEEP_MS - 1
    assert stand.ring(IDLE_MS) == []
    stand.room.due_ms += 1
    assert stand.next_in_ms() == 0
    assert stand.ring(0) == [("asleep", stand.room.due_ms)]


async def test_what_is_due_is_done_once_and_soon_again_only_when_something_happened(stand: Stand) -> None:
    stand.room.due_ms = 0
    assert stand.ring(0) == ["tick"]
    assert stand.next_in_ms() == IDLE_TICK_EVERY_MS
    assert stand.ring(TICK_EVERY_MS) == []
    stand.timer.hasten()
    assert stand.ring(TICK_EVERY_MS) == ["tick"]


async def test_an_open_take_is_ended_in_time_before_anything_else(stand: Stand) -> None:
    stand.room.needed, stand.room.ends_ms = True, [stand.room.now_ms + 70, stand.room.now_ms + 50]
    assert stand.next_in_ms() == 50
    stand.ring(50)
    assert stand.next_in_ms() == 20


async def test_using_a_room_gives_it_its_idle_time_again(stand: Stand) -> None:
    stand.room.now_ms += IDLE_MS - 1
    stand.timer.use()
    assert stand.ring(IDLE_MS - 1) == []
    assert stand.ring(1) == [("asleep", None)]


async def test_a_stopped_timer_does_not_ring(stand: Stand) -> None:
    stand.timer.start()
    assert stand.timer._ringing is not None
    ringing = stand.timer._ringing
    stand.timer.stop()
    stand.timer.stop()
    assert ringing.cancelled()
