"""A take that is spoken goes on in its own time, whatever its network did to it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from server.rtc.live_relay import LiveRelay

pytestmark = pytest.mark.virtual_time
STEP = 960
FIRST = 7 << 40


class Room:
    def __init__(self, delay_ms: int = 40) -> None:
        self.sent: list[tuple[bytes, float, bool]] = []
        loop = asyncio.get_running_loop()
        self.relay = LiveRelay("take", delay_ms, lambda *each: self.sent.append(each), loop)

    def push(self, number: int) -> bool:
        return self.relay.push(FIRST + number * STEP, bytes([number]))

    async def until(self, count: int) -> list[int]:
        async with asyncio.timeout(5):
            while len(self.sent) < count:
                await asyncio.sleep(0.005)
        return [payload[0] for payload, _, _ in self.sent]


async def test_disorder_is_put_right_and_repeats_are_dropped() -> None:
    room = Room()
    assert [room.push(number) for number in (0, 2, 1, 2, 3)] == [True, True, True, False, True]

    assert await room.until(4) == [0, 1, 2, 3]
    assert [marker for _, _, marker in room.sent] == [True, False, False, False]
    steps = [round((b[1] - a[1]) * 1000) for a, b in zip(room.sent, room.sent[1:], strict=False)]
    assert steps == [20, 20, 20]


async def test_what_is_overtaken_is_too_late() -> None:
    room = Room(delay_ms=20)
    room.push(5)
    await room.until(1)

    assert not room.push(4)
    assert not room.push(5)
    assert room.push(6)
    assert await room.until(2) == [5, 6]


async def test_a_place_out_of_all_bounds_is_dropped() -> None:
    room = Room()
    room.push(0)

    assert not room.relay.push(FIRST + 48_000 * 10, b"x")
    assert not room.relay.push(FIRST - 48_000 * 121, b"x")
    room.relay.close()
    room.relay.close()
    await asyncio.sleep(0.06)
    assert room.sent == []


async def test_what_a_stall_held_back_is_said_later_and_in_order() -> None:
    """Also where a clock stood still in a pause: nothing of the rest is lost."""
    room = Room()
    room.push(0)
    await room.until(1)
    assert room.relay._starts_s is not None
    room.relay._starts_s -= 3.0  # as if three seconds had gone by
    room.relay._sent_s -= 3.0

    assert all(room.push(number) for number in (1, 3, 2, 4))
    assert await room.until(5) == [0, 1, 2, 3, 4]
    steps = [round((b[1] - a[1]) * 1000) for a, b in pairwise(room.sent[1:])]
    assert steps == [20, 20, 20]
