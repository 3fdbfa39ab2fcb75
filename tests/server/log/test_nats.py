"""The log in NATS keeps the contract of all logs, on a real server."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import settings

from server.blobs.base import Blob
from server.log.base import Log, LogWithBlobs
from server.log.nats import NatsLog
from server.room.events import Draft, Event
from tests.support.feed_contract import FeedContract
from tests.support.log_contract import Open
from tests.support.log_machine import LogMachine
from tests.support.nats_server import NatsServer, nats_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


class TestNatsLog(FeedContract):
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
