"""The log in NATS keeps the contract of all logs, on a real server."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from hypothesis import settings

from server.blobs.base import Blob
from server.log.base import Entry, Log, LogWithBlobs
from server.log.jetstream import reading, writing
from server.log.memory import MemoryLog
from server.log.nats import NatsLog
from server.room.events import Draft, Event
from tests.support.feed_contract import FeedContract, all_changes
from tests.support.log_contract import Open, said
from tests.support.log_machine import LogMachine
from tests.support.moving_contract import MovingContract
from tests.support.nats_server import NatsServer, nats_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


class TestNatsLog(MovingContract, FeedContract):
    @pytest.fixture
    def open(self, server: NatsServer) -> Open:
        async def open_() -> Log:
            return await NatsLog.open(server.url, claims="implied", shards=4)

        return open_

    @pytest.fixture
    def open_small(self, server: NatsServer) -> Open:
        async def open_() -> Log:
            return await NatsLog.open(server.url, claims="implied", shards=1, max_bytes=100_000)

        return open_


@pytest.fixture
def chance() -> Random:
    return Random(7)


async def test_any_part_of_a_long_room_is_found_by_who_never_saw_it(
    server: NatsServer, chance: Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks lead to each number, over messages that were erased too, and beyond a drop of the room."""
    monkeypatch.setattr(reading, "NEAR", 4)
    monkeypatch.setattr(reading, "BATCH", 16)
    monkeypatch.setattr(writing, "MOST_COPIES", 5)
    log, same = await NatsLog.open(server.url, claims="implied", shards=1), MemoryLog()
    await log.append("r", [said("of the room before")] * 9)
    await log.erase("r")
    head = 0
    while head < 260:
        drafts = [said(f"{head}.{i}") for i in range(chance.choice([1, 1, 2, 7]))]
        gone = chance.sample(range(1, head + 1), 3) if head > 20 and chance.random() < 0.1 else []
        for each in (log, same):
            await each.extend("r", [Entry(drafts, f"k{head}", erases=gone)], expect=head)
        head += len(drafts)
    row = list(range(40, 75))  # a hole of many messages one after another, among them the marked ones
    await log.erase("r", row)
    await same.erase("r", row)
    other = await NatsLog.open(server.url, claims="explicit")
    whole = await same.read("r")
    for _ in range(60):
        after, limit = chance.randrange(-1, head + 3), chance.choice([1, 2, 30, 400])
        assert await other.read("r", after, limit) == await same.read("r", after, limit)
        assert await other.newest("r", limit) == await same.newest("r", limit)
    assert [change.event for change in await all_changes(other, page=17)] == whole
    await log.close()
    again = await NatsLog.open(server.url, claims="implied")
    for number in range(0, head, 9):
        key = f"k{number}"
        assert await again.append("r", [], key=key) == await same.append("r", [], key=key)
    await other.close()
    await again.close()


class BesideBlobs:
    """A log whose blobs are kept beside it in memory, as the machine of all logs wants them."""

    def __init__(self, log: NatsLog, blobs: dict[str, Blob]) -> None:
        self._log, self._blobs = log, blobs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(
        self, room: str, drafts: Sequence[Draft], *, blobs: Sequence[Blob] = (), **given: Any
    ) -> list[Event]:
        before = await self._log.head(room)
        events = await self._log.append(room, drafts, **given)
        if await self._log.head(room) > before:
            self._blobs.update({blob.id: blob for blob in blobs})
        return events

    async def erase(self, room: str, seqs: Sequence[int] | None = None, blobs: Sequence[str] = ()) -> None:
        await self._log.erase(room, seqs, blobs)
        whole = seqs is None and not blobs
        for id_ in [
            id_ for id_, blob in self._blobs.items() if blob.room == room and (whole or id_ in blobs)
        ]:
            del self._blobs[id_]

    async def blob(self, id: str) -> Blob | None:
        return self._blobs.get(id)


class NatsMachine(LogMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.server = NatsServer(Path(self.folder.name), sync="10s")
        self.stored: dict[str, Blob] = {}

    async def open(self) -> LogWithBlobs:
        if not self.server.is_running:
            await self.server.start()
        log = await NatsLog.open(self.server.url, claims="implied", shards=2)
        return cast(LogWithBlobs, BesideBlobs(log, self.stored))

    def teardown(self) -> None:
        super().teardown()
        self.server.kill()
        self.folder.cleanup()


NatsMachine.TestCase.settings = settings(max_examples=4, stateful_step_count=20, deadline=None)
TestNatsMachine = NatsMachine.TestCase
