"""The changes feed, read once for all readers of a process."""

from __future__ import annotations

import asyncio
from bisect import bisect_right

from server.log.base import Change, Log


class Feed:
    """Reads pages of a log's changes; who asks for what was just read gets it without another read.

    Readers that are not behind wake at the same bell and want the same page: a read costs two turns of
    threads, and the decoding. What was read is used until the bell rings again, and replaced by the next.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._reading = asyncio.Lock()
        self._after = self._limit = self._rings = -1
        self._page: list[Change] = []

    async def changes(self, after: int, limit: int) -> list[Change]:
        """Return at most `limit` changes after a position, as `Log.changes` does."""
        async with self._reading:
            known = self._known(after, limit)
            if known is None:
                rings = self._log.bell.rings
                self._page = known = await self._log.changes(after, limit)
                self._after, self._limit, self._rings = after, limit, rings
        return known

    def _known(self, after: int, limit: int) -> list[Change] | None:
        """Return a page out of the one that was read last, None where that does not tell."""
        if self._rings != self._log.bell.rings or after < self._after:
            return None
        first = bisect_right(self._page, after, key=lambda change: change.position)
        page = self._page[first : first + limit]
        return page if len(page) == limit or len(self._page) < self._limit else None
