"""Blobs in the SQLite file keep the contract of all blobs, in one commit with their events."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.blobs.base import Blob
from server.blobs.sqlite import SqliteBlobs
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from tests.support.blob_contract import BlobContract, Opening, Storage


def storage(path: Path, settings: Settings | None = None) -> Opening:
    async def open_() -> Storage:
        log = await SqliteLog.open(path, settings)
        return Storage(SqliteBlobs(log), log, log.close)

    return open_


class TestSqliteBlobs(BlobContract):
    @pytest.fixture
    def open(self, tmp_path: Path) -> Opening:
        return storage(tmp_path / "wonder.db")

    @pytest.fixture
    def open_small(self, tmp_path: Path) -> Opening:
        return storage(tmp_path / "small.db", Settings(max_bytes=200_000))


async def test_a_landing_is_one_commit(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    storage_ = Storage(SqliteBlobs(log), log, log.close)
    before = log.commits
    await storage_.land(Blob("b", "r", b"sound"))
    assert log.commits == before + 1
    before = log.commits
    await storage_.blobs.delete("r", ["none"])
    assert log.commits == before, "there was nothing to delete"
    await log.close()
