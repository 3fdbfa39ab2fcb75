"""A snapshot that was not stored is not gone on from: forgetting finds all events of a clip nevertheless."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path

import apsw
import pytest

from server.log import snapshots as stored_snapshots
from server.log.base import Entry, Log, Outcome, Snapshot, StorageFull
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.room.commands import Caption, Remove
from server.room.events import ClipCaptioned
from server.rooms.base import Room
from tests.server.room.test_snapshot import whole
from tests.server.rooms.test_snapshots import OPENED, CountingLog, land, registry_on, say, small, woken
from tests.support.actors import ANNA, local, until


class FailingLog(CountingLog):
    """A counting log whose snapshots wait at a gate before they fail, and whose next chain may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.breaks = False

    def keep_snapshot(self, room: str, snapshot: Snapshot) -> Awaitable[bool]:
        return self._late(self.failure) if self.failure else super().keep_snapshot(room, snapshot)

    async def _late(self, failure: Exception) -> bool:
        await self.gate.wait()
        raise failure

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        if self.breaks:
            self.breaks = False
            raise OSError("broken")
        return await super().extend(room, entries, expect=expect)


async def filed_room(log: Log, monkeypatch: pytest.MonkeyPatch) -> tuple[Room, list[str]]:
    """Return a room with a snapshot, of whose clips the oldest are filed."""
    small(monkeypatch)
    room = await registry_on(log).open(OPENED, ANNA, id="r")
    clips = await land(room, 20)
    await say(room, 16)
    assert await log.snapshot("r")
    assert room.state.clips.filed.live
    return room, clips


async def caption(room: Room, clip: str) -> None:
    """Say what was said in a clip: of a filed one that changes a part, and no number of live clips."""
    await room.send(Caption(ClipCaptioned(clip, f"words of {clip}", "en")))


async def test_a_removal_trusts_no_part_that_is_still_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    log = FailingLog()
    room, clips = await filed_room(log, monkeypatch)
    await caption(room, clips[0])
    log.failure = StorageFull("full")
    await say(room, 16)
    await room.send(Remove(clips[-1], "admin"))
    log.gate.set()
    await until(lambda: not room._registry._snapshots._writes)  # type: ignore[attr-defined]
    assert whole((await woken(log))[0]) == whole(room.state)


async def test_a_removal_that_was_not_stored_leaves_no_belief_in_its_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = FailingLog()
    room, clips = await filed_room(log, monkeypatch)
    await caption(room, clips[0])
    log.breaks = True
    with pytest.raises(OSError, match="broken"):
        await room.send(Remove(clips[-1], "admin"))
    await room.send(Remove(clips[-2], "admin"))
    assert whole((await woken(log))[0]) == whole(room.state)


async def test_a_removal_in_a_full_file_mixes_no_parts_of_two_moments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db", Settings(synchronous="OFF"))
    room, clips = await filed_room(log, monkeypatch)
    await caption(room, clips[0])
    full = True
    keep = stored_snapshots.keep

    def kept(connection: apsw.Connection, number: int, snapshot: Snapshot) -> None:
        if full:
            raise apsw.FullError
        keep(connection, number, snapshot)

    monkeypatch.setattr(stored_snapshots, "keep", kept)
    await room.send(Remove(clips[-1], "admin"))
    full = False
    await room.send(Remove(clips[-2], "admin"))
    state = await registry_on(log).look("r")
    assert state.clips[clips[0]] == room.state.clips[clips[0]], "it was folded anew"
    await local(room).close()
    await log.close()
