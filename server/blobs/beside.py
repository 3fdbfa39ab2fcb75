"""The log of rooms whose blobs lie in a storage of their own: what erases events deletes their blobs too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence

from server.blobs.base import Blob, Blobs
from server.log.base import (
    Change,
    Effect,
    Entry,
    Listing,
    Log,
    Outcome,
    Projected,
    Snapshot,
)
from server.log.bell import Bell
from server.room.events import ClipLanded, Draft, Event

# A room takes nothing else while it waits. What is not deleted by then the reader `Eraser` deletes.
DELETE_WITHIN_S = 2.0
PAGE_EVENTS = 500

log = logging.getLogger(__name__)


class LogBeside(Log):
    """A log, and blobs elsewhere: after what is erased in the one is stored, it is deleted in the other."""

    def __init__(self, inner: Log, blobs: Blobs) -> None:
        self._log, self._blobs = inner, blobs
        self.bell: Bell = inner.bell

    async def append(
        self,
        room: str,
        drafts: Sequence[Draft],
        *,
        expect: int | None = None,
        key: str | None = None,
        digest: bytes = b"",
        blobs: Sequence[Blob] = (),
    ) -> list[Event]:
        """Store all drafts."""
        return await self._log.append(room, drafts, expect=expect, key=key, digest=digest, blobs=blobs)

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        """Append entries, then delete the blobs that the stored ones drop."""
        outcomes = await self._log.extend(room, entries, expect=expect)
        both = zip(entries, outcomes, strict=True)
        await self._delete(room, [id_ for entry, out in both if isinstance(out, list) for id_ in entry.drops])
        return outcomes

    async def erase(self, room: str, seqs: Sequence[int] | None = None, blobs: Sequence[str] = ()) -> None:
        """Blank events and delete blobs; without either the whole room goes, its blobs first.

        Raises `OSError` when the blobs cannot be deleted: whoever asked must ask again.
        """
        goes_whole = seqs is None and not blobs
        await self._blobs.delete(room, await self._clips(room) if goes_whole else blobs)
        await self._log.erase(room, seqs, blobs)

    async def _clips(self, room: str) -> list[str]:
        """Return the clips that a room ever had."""
        found: list[str] = []
        after = 0
        while page := await self._log.read(room, after, PAGE_EVENTS):
            found += [event.data.clip for event in page if isinstance(event.data, ClipLanded)]
            after = page[-1].seq
        return found

    async def _delete(self, room: str, ids: Sequence[str]) -> None:
        if not ids:
            return
        try:
            async with asyncio.timeout(DELETE_WITHIN_S):
                await self._blobs.delete(room, ids)
        except OSError as away:  # nobody finds them any more; `Eraser` knows of them by the feed
            log.warning("blobs.undeleted room=%.6s count=%d: %s", room, len(ids), away)

    # --- as the log does

    async def read(self, room: str, after: int = 0, limit: int = 500) -> list[Event]:
        """Return events after a seq."""
        return await self._log.read(room, after, limit)

    async def newest(self, room: str, limit: int = 100) -> list[Event]:
        """Return the newest events."""
        return await self._log.newest(room, limit)

    async def changes(self, after: int = 0, limit: int = 500) -> list[Change]:
        """Return events of all rooms after a position."""
        return await self._log.changes(after, limit)

    async def cursor(self, reader: str) -> int:
        """Return the position up to which a reader has seen the feed."""
        return await self._log.cursor(reader)

    async def advance(
        self, reader: str, position: int, *, expect: int, effects: Sequence[Effect] = ()
    ) -> None:
        """Move a reader's cursor."""
        await self._log.advance(reader, position, expect=expect, effects=effects)

    async def restart(self, reader: str) -> None:
        """Forget a reader's cursor and all that it keeps."""
        await self._log.restart(reader)

    async def projected(self, reader: str, room: str, item: str) -> Projected | None:
        """Return what a reader keeps of an item."""
        return await self._log.projected(reader, room, item)

    async def projection(
        self, reader: str, part: str, *, after: tuple[int, str] = (-1, ""), limit: int = 500
    ) -> list[Projected]:
        """Return rows of a part."""
        return await self._log.projection(reader, part, after=after, limit=limit)

    async def parts(self, reader: str) -> list[str]:
        """Return the parts in which a reader keeps something."""
        return await self._log.parts(reader)

    async def head(self, room: str) -> int:
        """Return the seq of the newest event."""
        return await self._log.head(room)

    def keep_snapshot(self, room: str, snapshot: Snapshot) -> Awaitable[bool]:
        """Put a snapshot in the place of the room's one before."""
        return self._log.keep_snapshot(room, snapshot)

    async def snapshot(self, room: str) -> Snapshot | None:
        """Return the room's snapshot."""
        return await self._log.snapshot(room)

    async def drop_snapshot(self, room: str) -> None:
        """Drop the room's snapshot."""
        await self._log.drop_snapshot(room)

    async def rooms(self, limit: int = 100, *, public: bool | None = None) -> list[Listing]:
        """Return the rooms."""
        return await self._log.rooms(limit, public=public)

    async def secret(self) -> bytes:
        """Return this installation's secret."""
        return await self._log.secret()

    async def check(self) -> None:
        """Raise when the storage cannot take an append now."""
        await self._log.check()

    async def close(self) -> None:
        """Let go of the log; the blobs are let go by who opened them."""
        await self._log.close()
