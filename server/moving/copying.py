"""Copies all of a log into another, in the order of its changes feed; it goes on where it was ended.

A room goes on after the newest of its events at the target, so nothing comes twice; the cursor of `MOVER`
there says up to which position of the source's feed all is copied. It is twice the position, and one more
when the readers that stand there have theirs. What one key stored is copied whole, when its last event comes:
a reader that stands within it stands before it at the target, and reads some events again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

from server.blobs.base import Blob
from server.log.base import (
    Change,
    Conflict,
    Damaged,
    DamagedProgress,
    Effect,
    Entry,
    KeyUsed,
    Projected,
    StorageFull,
    Unusable,
    Withdrawn,
)
from server.log.moving import KeyUse, copied
from server.moving.ends import MOVER, PAGE_EVENTS, End, Progress, events_after
from server.room.events import ClipLanded, Event, encode

# What one append takes along at most: NATS takes messages of 1 MB, and what waits is in memory.
CHAIN_BYTES, CHAIN_CLIP_BYTES = 200_000, 4_000_000
ROOMS_AT_ONCE = 16
ROWS_AT_ONCE = 500
# What these keep lies in a file beside the log, which does not move with it.
BEGIN_ANEW = ("search",)


class Copying:
    """One move; `run` returns the names of the readers that begin anew at the target."""

    def __init__(self, source: End, target: End, progress: Progress) -> None:
        self._source, self._target, self._progress = source, target, progress
        self._mark = 0
        self._anew: list[str] = []
        self._turns = asyncio.Semaphore(ROOMS_AT_ONCE)

    async def run(self) -> list[str]:
        """Copy what is not copied yet. Raises `Unusable`, `OSError`."""
        self._mark = await self._target.log.cursor(MOVER)
        end = await self._source.log.end_of_feed()
        stops = await self._stops()
        while True:
            position = self._mark // 2
            self._progress("moving", min(position, end), end)
            page = await self._source.log.changes(position, PAGE_EVENTS)
            stop = min((at for at in stops if at * 2 + 1 > self._mark), default=None)
            if stop is not None and (not page or stop < page[0].position):
                await self._place_readers(stops[stop])
                await self._note(stop * 2 + 1)
            elif page:
                page = [change for change in page if stop is None or change.position <= stop]
                await self._copy(page)
                await self._note(page[-1].position * 2)
            else:
                break
        for reader in sorted(name for names in stops.values() for name in names):
            await self._copy_rows(reader)
        self._progress("moving", end, end)
        return self._anew

    async def _note(self, mark: int) -> None:
        await self._target.log.advance(MOVER, mark, expect=self._mark)
        self._mark = mark

    # Events and their clips

    async def _copy(self, page: Sequence[Change]) -> None:
        """Copy a page of the feed; rooms have no order among each other in it, and each its own."""
        rooms: dict[str, list[Event]] = defaultdict(list)
        for change in page:
            rooms[change.room].append(change.event)
        try:
            async with asyncio.TaskGroup() as group:
                for room, events in rooms.items():
                    group.create_task(self._copy_room(room, events), name=f"move {room[:6]}")
        except* (Unusable, OSError) as failed:
            raise _first(failed) from None

    async def _copy_room(self, room: str, events: Sequence[Event]) -> None:
        async with self._turns:
            head, last = await self._target.log.head(room), events[-1].seq
            uses = await self._uses(room, head + 1, last)
            if uses and uses[-1].last > last:
                last = uses.pop().first - 1
            fresh = [event for event in events if head < event.seq <= last]
            if not fresh:
                return
            if fresh[0].seq > head + 1:
                fresh = [*await self._left(room, head, fresh[0].seq, uses), *fresh]
            async for chain in self._chains(room, fresh, uses):
                await self._append(room, chain, head)
                head += sum(len(entry.drafts) for entry in chain)

    async def _uses(self, room: str, first: int, last: int) -> list[KeyUse]:
        try:
            return await self._source.log.key_uses(room, first, last)
        except Damaged:  # as without keys: what is asked for twice is stored twice
            return []

    async def _left(self, room: str, head: int, until: int, uses: Sequence[KeyUse]) -> list[Event]:
        """Return what pages before left of what one key stored, for that is stored whole."""
        if not uses or uses[0].first != head + 1 or uses[0].last < until:
            raise Unusable(
                f"{self._target.name} has {head} events of the room {room}, and number {until} comes next: "
                "it is no target that this move began with."
            )
        found: list[Event] = []
        while head + len(found) + 1 < until:
            found += (await events_after(self._source, room, head + len(found)))[0]
        return found[: until - head - 1]

    async def _chains(
        self, room: str, events: Sequence[Event], uses: Sequence[KeyUse]
    ) -> AsyncIterator[list[Entry]]:
        """Yield the entries that store events as they are, as many as go together."""
        chain: list[Entry] = []
        size = clip_size = 0
        for part, use in _parts(events, uses):
            blobs = [blob for event in part for blob in await self._blobs(room, event)]
            part_size = sum(len(encode(event)) for event in part)
            part_clip_size = sum(len(blob.body) for blob in blobs)
            if chain and (size + part_size > CHAIN_BYTES or clip_size + part_clip_size > CHAIN_CLIP_BYTES):
                yield chain
                chain, size, clip_size = [], 0, 0
            size, clip_size = size + part_size, clip_size + part_clip_size
            key, digest = (use.key, use.digest) if use is not None else (None, b"")
            chain.append(Entry([copied(event) for event in part], key, blobs, digest=digest))
        if chain:
            yield chain

    async def _blobs(self, room: str, event: Event) -> Sequence[Blob]:
        """Put the clip that an event tells of; return what its append has to take."""
        if not isinstance(event.data, ClipLanded) or self._source.clips == self._target.clips:
            return ()
        try:
            blob = await self._source.blobs.get(event.data.clip)
            return await self._target.blobs.put(blob) if blob is not None and blob.room == room else ()
        except Damaged:
            return ()  # who compares names it
        except Conflict:
            return ()  # another clip has its id there: the same
        except StorageFull as full:
            raise self._full() from full

    async def _append(self, room: str, chain: Sequence[Entry], head: int) -> None:
        for outcome in await self._target.log.extend(room, chain, expect=head):
            match outcome:
                case StorageFull():
                    raise self._full()
                case Conflict() | KeyUsed():
                    raise Unusable(
                        f"Somebody else writes to {self._target.name}: stop all servers there, and begin "
                        "again with an empty one."
                    )

    def _full(self) -> Unusable:
        return Unusable(f"{self._target.name} is full: make room there, and say the same again to go on.")

    # Readers

    async def _stops(self) -> dict[int, list[str]]:
        """Return at which positions of the feed readers stand, and what their names are."""
        stops: dict[int, list[str]] = defaultdict(list)
        for reader in await self._source.log.readers():
            try:
                position = await self._source.log.cursor(reader)
            except DamagedProgress:
                self._anew.append(reader)
                continue
            if reader in BEGIN_ANEW:
                self._anew.append(reader)
            elif reader != MOVER:
                stops[position].append(reader)
        return stops

    async def _place_readers(self, readers: Sequence[str]) -> None:
        """Let readers stand at the target where they stand at the source: after what is copied so far."""
        end = await self._target.log.end_of_feed()
        for reader in readers:
            await self._target.log.restart(reader)
            await self._target.log.advance(reader, end, expect=0)

    async def _copy_rows(self, reader: str) -> None:
        """Copy what a reader keeps, now that all rooms are there; what it keeps no more goes."""
        position = await self._target.log.cursor(reader)
        async for rows in _rows(self._target, reader):
            gone = [
                row for row in rows if await self._source.log.projected(reader, row.room, row.item) is None
            ]
            effects: list[Effect] = [Withdrawn(row.room, row.item) for row in gone]
            if effects:
                await self._target.log.advance(reader, position, expect=position, effects=effects)
        async for rows in _rows(self._source, reader):
            await self._target.log.advance(reader, position, expect=position, effects=rows)


async def _rows(end: End, reader: str) -> AsyncIterator[list[Projected]]:
    """Yield all that a reader keeps, some rows at once."""
    for part in await end.log.parts(reader):
        after = (-1, "")
        while rows := await end.log.projection(reader, part, after=after, limit=ROWS_AT_ONCE):
            yield rows
            after = rows[-1].number, rows[-1].item


def _parts(events: Sequence[Event], uses: Sequence[KeyUse]) -> list[tuple[Sequence[Event], KeyUse | None]]:
    """Return events together that one key stored, and all others alone."""
    first = events[0].seq
    parts: list[tuple[Sequence[Event], KeyUse | None]] = []
    rest = list(uses)
    seq = first
    while seq <= events[-1].seq:
        while rest and rest[0].first < seq:
            rest.pop(0)
        use = rest.pop(0) if rest and rest[0].first == seq else None
        last = use.last if use is not None else seq
        parts.append((events[seq - first : last + 1 - first], use))
        seq = last + 1
    return parts


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first of the errors that ended a group."""
    error: BaseException = failed
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
