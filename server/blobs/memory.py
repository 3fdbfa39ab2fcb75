"""Blobs that live and die with the process, in the memory of the log: the reference for tests."""

from __future__ import annotations

from collections.abc import Sequence

from server.blobs.base import Blob, BlobInfo
from server.log.memory import MemoryLog


class MemoryBlobs:
    """The blobs of a log in memory; `max_bytes` bounds both together."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def put(self, blob: Blob) -> Sequence[Blob]:
        """Store a blob at once."""
        self._log.put_blob(blob)
        return ()

    async def get(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob."""
        return await self._log.blob(id)

    async def get_range(self, id: str, first: int, size: int) -> bytes | None:  # noqa: A002
        """Return a part of a blob."""
        blob = await self._log.blob(id)
        return None if blob is None else blob.body[first : first + size]

    async def info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return what is known of a blob."""
        return await self._log.blob_info(id)

    async def delete(self, room: str, ids: Sequence[str]) -> None:
        """Delete blobs of a room."""
        if ids:
            await self._log.erase(room, blobs=ids)

    async def ids(self, after: str = "", limit: int = 500) -> list[str]:
        """Return ids in their order."""
        return await self._log.blob_ids(after, limit)
