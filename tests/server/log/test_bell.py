"""The bell wakes all who wait, once for each time it rings, and keeps nobody after the end."""

from __future__ import annotations

import asyncio

from server.log.bell import Bell


async def test_a_ring_between_looking_and_waiting_is_not_missed() -> None:
    bell = Bell()
    rings = bell.rings
    bell.ring()
    await bell.wait(rings)


async def test_all_who_wait_are_woken_and_then_wait_for_the_next_ring() -> None:
    bell = Bell()
    for _ in range(3):
        rings = bell.rings
        waits = [asyncio.ensure_future(bell.wait(rings)) for _ in range(5)]
        await asyncio.sleep(0)
        assert not any(wait.done() for wait in waits)
        bell.ring()
        await asyncio.gather(*waits)


async def test_who_waits_for_kinds_is_woken_by_those_and_by_what_is_not_told() -> None:
    bell = Bell()
    bell.ring(["text.said"])
    await bell.wait(0)
    for told in (["clip.removed", "clip.landed"], None):
        rings = bell.rings
        waits = [
            asyncio.ensure_future(bell.wait(rings, kinds))
            for kinds in (["clip.landed", "clip.held"], ["a"], ())
        ]
        bell.ring(["text.said"])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not any(wait.done() for wait in waits)
        bell.ring(told)
        await waits[0]
        await asyncio.sleep(0)
        assert [wait.done() for wait in waits] == [True, told is None, told is None]
        for wait in waits:
            wait.cancel()


async def test_one_who_gives_up_takes_nobody_along() -> None:
    bell = Bell()
    gone, stays = (asyncio.ensure_future(bell.wait(0)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    bell.ring()
    await stays
    await asyncio.gather(gone, return_exceptions=True)
    assert gone.cancelled()


async def test_after_the_end_nobody_waits() -> None:
    bell = Bell()
    waiting = asyncio.ensure_future(bell.wait(0))
    await asyncio.sleep(0)
    bell.close()
    bell.close()
    await waiting
    await bell.wait(bell.rings)
