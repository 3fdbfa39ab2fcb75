"""A log with its blobs elsewhere is the same log, and what it erases goes there too."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from server.blobs import beside
from server.blobs.base import Away, Blob
from server.blobs.beside import LogBeside
from server.blobs.memory import MemoryBlobs
from server.log.base import Entry, Log
from server.log.memory import MemoryLog
from tests.support.blob_contract import SOUND, BlobContract, Opening, Storage
from tests.support.feed_contract import FeedContract
from tests.support.log_contract import Open
from tests.support.snapshot_contract import said


class TestLogBeside(FeedContract):
    @pytest.fixture
    def open(self, tmp_path: Any) -> Open:
        async def open_() -> Log:
            return LogBeside(MemoryLog(), MemoryBlobs(MemoryLog()))

        return open_

    @pytest.fixture
    def open_small(self, tmp_path: Any) -> Open:
        async def open_() -> Log:
            return LogBeside(MemoryLog(max_bytes=100_000), MemoryBlobs(MemoryLog()))

        return open_

    def lasts(self) -> bool:
        return False


class TestBlobsBeside(BlobContract):
    """Two memories: what erases in the one must delete in the other."""

    @pytest.fixture
    def open(self, tmp_path: Any) -> Opening:
        return self._of(MemoryLog())

    @pytest.fixture
    def open_small(self, tmp_path: Any) -> Opening:
        return self._of(MemoryLog(max_bytes=100_000))

    def _of(self, kept: MemoryLog) -> Opening:
        async def open_() -> Storage:
            blobs = MemoryBlobs(kept)
            log = LogBeside(MemoryLog(), blobs)
            return Storage(blobs, log, log.close)

        return open_

    def lasts(self) -> bool:
        return False


class Unreachable(MemoryBlobs):
    """Blobs whose storage does not answer until it is let."""

    def __init__(self) -> None:
        super().__init__(MemoryLog())
        self.answers = asyncio.Event()
        self.fails = False

    async def delete(self, room: str, ids: Sequence[str]) -> None:
        if self.fails:
            raise Away("nobody there")
        await self.answers.wait()
        await super().delete(room, ids)


@pytest.mark.parametrize("fails", [True, False])
async def test_a_removal_waits_only_so_long_for_what_is_elsewhere(
    fails: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(beside, "DELETE_WITHIN_S", 0.05)
    blobs = Unreachable()
    blobs.fails = fails
    log = LogBeside(MemoryLog(), blobs)
    await blobs.put(Blob("b", "r", SOUND))
    (stored,) = await log.extend("r", [Entry([said("gone")], drops=["b"])], expect=0)
    assert isinstance(stored, list)
    assert "blobs.undeleted" in caplog.text


async def test_a_room_does_not_go_before_its_blobs() -> None:
    blobs = Unreachable()
    blobs.fails = True
    log = LogBeside(MemoryLog(), blobs)
    await log.append("r", [said("a")])
    with pytest.raises(Away):
        await log.erase("r")
    assert await log.head("r") == 1
    blobs.fails = False
    blobs.answers.set()
    await log.erase("r")
    assert await log.head("r") == 0
