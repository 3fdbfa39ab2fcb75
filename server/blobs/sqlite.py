"""Blobs in the SQLite file of the log: stored in one commit with the events that tell of them."""

from __future__ import annotations

from collections.abc import Sequence

from server.blobs.base import Blob, BlobInfo
from server.log.sqlite import SqliteLog


class SqliteBlobs:
    """The blobs of a log in SQLite."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log

    async def put(self, blob: Blob) -> Sequence[Blob]:
        """Return the blob, which the append of its event stores."""
        return (blob,)

    async def get(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob."""
        return await self._log.blob(id)

    async def get_range(self, id: str, first: int, size: int) -> bytes | None:  # noqa: A002
        """Return a part of a blob. It is read as a whole, for its sum is of the whole."""
        blob = await self._log.blob(id)
        return None if blob is None else blob.body[first : first + size]

    async def info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return what is known of a blob."""
        return await self._log.blob_info(id)

    async def delete(self, room: str, ids: Sequence[str]) -> None:
        """Delete blobs of a room; without any of them nothing is erased, as the log would drop the room."""
        stored = [id_ for id_ in ids if await self._log.blob_info(id_) is not None]
        if stored:
            await self._log.erase(room, blobs=stored)

    async def ids(self, after: str = "", limit: int = 500) -> list[str]:
        """Return ids in their order."""
        return await self._log.blob_ids(after, limit)
