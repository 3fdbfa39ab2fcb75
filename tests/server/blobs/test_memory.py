"""Blobs in memory keep the contract of all blobs."""

from __future__ import annotations

from typing import Any

import pytest

from server.blobs.memory import MemoryBlobs
from server.log.memory import MemoryLog
from tests.support.blob_contract import BlobContract, Opening, Storage


def storage(*, max_bytes: int | None = None) -> Opening:
    async def open_() -> Storage:
        log = MemoryLog(max_bytes=max_bytes)
        return Storage(MemoryBlobs(log), log, log.close)

    return open_


class TestMemoryBlobs(BlobContract):
    @pytest.fixture
    def open(self, tmp_path: Any) -> Opening:
        return storage()

    @pytest.fixture
    def open_small(self, tmp_path: Any) -> Opening:
        return storage(max_bytes=100_000)

    def lasts(self) -> bool:
        return False
