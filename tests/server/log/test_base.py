"""What any log knows of a blob without reading it."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.blobs.base import Blob, BlobInfo
from server.log.base import LogWithBlobs
from server.log.memory import MemoryLog
from server.log.sqlite import SqliteLog
from server.room.events import Draft, TextSaid


@pytest.mark.parametrize("kept", ["memory", "sqlite"])
async def test_a_blob_is_known_by_room_and_size_until_it_goes(tmp_path: Path, kept: str) -> None:
    log: LogWithBlobs = MemoryLog() if kept == "memory" else await SqliteLog.open(tmp_path / "log.db")
    blobs = [Blob("b1", "r", b"\x00" * 5), Blob("b2", "s", bytes(range(256)) * 400), Blob("b3", "s", b"")]
    for blob in blobs:
        await log.append(blob.room, [Draft(TextSaid("a"), 1)], blobs=[blob])
    expected = [BlobInfo(blob.id, blob.room, len(blob.body)) for blob in blobs]
    assert [await log.blob_info(blob.id) for blob in blobs] == expected
    assert await log.blob_info("none") is None
    await log.erase("s", blobs=["b1", "b2"])
    assert [await log.blob_info(blob.id) for blob in blobs] == [expected[0], None, expected[2]]
    await log.erase("s")
    assert await log.blob_info("b3") is None
    await log.close()
