"""The clock of tests that jumps: what is due comes in its order, and nothing on its way is late."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

pytestmark = pytest.mark.virtual_time
HOUR_S = 3_600.0


async def test_hours_pass_at_once_and_what_is_due_comes_in_its_order() -> None:
    loop, order, began_s = asyncio.get_running_loop(), list[int](), time.monotonic()
    for hours in (3, 1, 2):
        loop.call_later(hours * HOUR_S, order.append, hours)
    start_s = loop.time()

    await asyncio.sleep(3 * HOUR_S + 1)

    assert order == [1, 2, 3]
    assert loop.time() == pytest.approx(start_s + 3 * HOUR_S + 1)
    assert time.monotonic() - began_s < HOUR_S


async def test_what_was_sent_is_read_before_time_passes() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        start_s = loop.time()
        theirs.send(b"at once")
        async with asyncio.timeout(1):
            assert await loop.sock_recv(ours, 100) == b"at once"
    assert loop.time() == start_s


def _done() -> str:
    time.sleep(0.01)
    return "done"


async def test_a_thread_is_waited_for_where_nothing_is_due() -> None:
    assert await asyncio.to_thread(_done) == "done"


@pytest.mark.virtual_time(False)
async def test_a_test_may_ask_for_the_time_that_there_is() -> None:
    assert asyncio.get_running_loop().time() == pytest.approx(time.monotonic(), abs=60)
