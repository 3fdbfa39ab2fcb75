"""Clips as AAC: made once, kept within a budget."""

from __future__ import annotations

import asyncio

import pytest

from server.http.problems import Problem
from server.room.commands import Land, Remove
from server.room.events import ClipLanded
from server.web.transcodes import Transcodes
from tests.support.actors import local
from tests.support.media import ANNA, Clock, registry


class Slow:
    """A transcoder that waits for the test."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.made = 0

    async def __call__(self, ogg: bytes) -> bytes:
        self.made += 1
        await self.gate.wait()
        if ogg == b"bad":
            raise LookupError
        return ogg * 10


async def test_one_transcode_serves_all_who_ask_at_once() -> None:
    slow = Slow()
    transcodes = Transcodes(slow, 1_000)
    asked = [asyncio.create_task(transcodes.get("clip", b"ogg")) for _ in range(10)]
    gone = asked.pop()
    await asyncio.sleep(0)
    gone.cancel()
    slow.gate.set()
    assert set(await asyncio.gather(*asked)) == {b"ogg" * 10}
    assert slow.made == 1
    assert transcodes.kept("clip") == b"ogg" * 10


async def test_the_least_recently_used_goes_first() -> None:
    slow = Slow()
    slow.gate.set()
    transcodes = Transcodes(slow, 65)
    for clip in ("a", "b", "a", "c"):
        await transcodes.get(clip, b"ogg")
    assert [transcodes.kept(clip) is not None for clip in "abc"] == [True, False, True]
    assert transcodes.size_bytes == 60
    await transcodes.get("large", b"o" * 100)
    assert transcodes.kept("large") is None
    transcodes.forget("a")
    assert transcodes.size_bytes == 30


async def test_a_failure_is_told_and_not_kept() -> None:
    slow = Slow()
    slow.gate.set()
    transcodes = Transcodes(slow, 1_000)
    for _ in range(2):
        with pytest.raises(LookupError):
            await transcodes.get("clip", b"bad")
    assert slow.made == 2


async def test_what_runs_ends_with_the_server_and_with_its_clip() -> None:
    slow = Slow()
    transcodes = Transcodes(slow, 1_000)
    asked = [asyncio.create_task(transcodes.get(clip, b"ogg")) for clip in "ab"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    transcodes.forget("a")
    await transcodes.close()
    await transcodes.close()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [each.code for each in found if isinstance(each, Problem)] == ["no_such_clip"] * 2


async def test_what_is_removed_from_a_room_is_kept_no_longer_whoever_removed_it() -> None:
    slow = Slow()
    slow.gate.set()
    transcodes = Transcodes(slow, 1_000)
    registry_, log = await registry(Clock())
    room = await registry_.wake("wonder")
    registry_.register(transcodes)
    for clip in "ab":
        await room.send(Land(ClipLanded(clip, 1, 0, 0, -16.0, ())), by=ANNA)
        await transcodes.get(clip, b"ogg")
    await room.send(Remove("a", "expired"))
    assert [transcodes.kept(clip) is not None for clip in "ab"] == [False, True]
    await local(room).close()
    assert not room.tail._readers, "a room that sleeps is let go of"
    await registry_.send("wonder", Remove("b", "expired"), by=None)
    assert transcodes.kept("b") is None
    await registry_.close()
    await log.close()
