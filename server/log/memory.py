"""A log that lives and dies with the process: the reference for tests, and for rooms nobody keeps."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Sequence
from itertools import islice

from msgspec import Struct, field
from msgspec.structs import replace

from server.blobs.base import Blob, BlobInfo
from server.log.base import (
    Change,
    Conflict,
    Effect,
    Entry,
    KeyUsed,
    Listing,
    Outcome,
    Projected,
    Snapshot,
    StorageFull,
    Unusable,
)
from server.log.bell import Bell
from server.log.chain import KEYS_LOOKED_AT, chained, is_outdated, is_same_use, listed, looks_at_keys
from server.log.cursors import Cursors
from server.log.moving import KeyUse
from server.room.events import Draft, Event, encode, erased, numbered

SECRET_BYTES = 32


class _Use(Struct, frozen=True):
    """What a key, the `nth` of its room, was used for."""

    first: int
    last: int
    nth: int
    at_ms: int
    digest: bytes


class _RoomLog(Struct):
    """What one room left; `keys` are those it remembers, oldest first."""

    events: list[Event] = field(default_factory=list)
    keys: dict[str, _Use] = field(default_factory=dict)
    used: int = 0
    public: bool = False
    snapshot: Snapshot | None = None
    parts: dict[str, bytes] = field(default_factory=dict)  # of the snapshot, or of the one before

    def keep(self, snapshot: Snapshot) -> None:
        """Put a snapshot in the place of the one before."""
        kept = {part: body for part, body in self.parts.items() if part in snapshot.kept}
        self.parts = {**kept, **snapshot.parts}
        self.snapshot = replace(snapshot, parts=self.parts, kept=frozenset())

    def of(self, use: _Use, digest: bytes) -> list[Event] | KeyUsed:
        """Return what a key stored, or that it was for something else."""
        same = is_same_use(use.digest, digest)
        return self.events[use.first - 1 : use.last] if same else KeyUsed("used for something else")

    def see_to_keys(self, entry: Entry, events: list[Event]) -> None:
        """Note what a key stored, and now and then forget the oldest."""
        now_ms = events[-1].at_ms
        if entry.key is not None:
            self.used += 1
            self.keys[entry.key] = _Use(events[0].seq, events[-1].seq, self.used, now_ms, entry.digest)
        if looks_at_keys(events):
            for key, use in list(islice(self.keys.items(), KEYS_LOOKED_AT)):
                if is_outdated(self.used - use.nth, use.at_ms, now_ms):
                    del self.keys[key]


class MemoryLog:
    """Keeps all in memory; refuses with `StorageFull` above `max_bytes`."""

    def __init__(self, *, max_bytes: int | None = None) -> None:
        self._room_logs: dict[str, _RoomLog] = {}
        self._blobs: dict[str, Blob] = {}
        self._secret = secrets.token_bytes(SECRET_BYTES)
        self._max_bytes = max_bytes
        self._bytes = 0
        self._closed = False
        self.bell = Bell()
        self._cursors = Cursors()
        self._feed: dict[int, tuple[str, int]] = {}  # by position: the room and the seq of an event
        self._position = 0

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
        """Store all drafts and blobs at once, or nothing."""
        self._check_open()
        outcome = self._append(room, Entry(drafts, key, blobs, digest=digest), expect)
        if isinstance(outcome, Exception):
            raise outcome
        self.bell.ring(event.kind for event in outcome)
        return outcome

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        """Append a chain; nobody else comes in between."""
        self._check_open()
        outcomes: list[Outcome] = []
        for entry in entries:
            outcomes.append(self._append(room, entry, expect))
            expect = chained(expect, entry, outcomes[-1])
        self.bell.ring(draft.kind for entry in entries for draft in entry.drafts)
        return outcomes

    async def read(self, room: str, after: int = 0, limit: int = 500) -> list[Event]:
        """Return events after a seq."""
        self._check_open()
        return self._events(room)[max(after, 0) : max(after, 0) + max(limit, 0)]

    async def newest(self, room: str, limit: int = 100) -> list[Event]:
        """Return the newest events."""
        self._check_open()
        return self._events(room)[-limit:] if limit > 0 else []

    async def changes(self, after: int = 0, limit: int = 500) -> list[Change]:
        """Return changes of all rooms after a position."""
        self._check_open()
        positions = range(max(after, 0) + 1, self._position + 1)
        alive = ((at, self._feed[at]) for at in positions if at in self._feed)
        return [
            Change(at, room, self._room_logs[room].events[seq - 1])
            for at, (room, seq) in islice(alive, max(limit, 0))
        ]

    async def cursor(self, reader: str) -> int:
        """Return a reader's position."""
        self._check_open()
        return self._cursors.cursor(reader)

    async def advance(
        self, reader: str, position: int, *, expect: int, effects: Sequence[Effect] = ()
    ) -> None:
        """Move a reader's cursor with its effects, or nothing."""
        self._check_open()
        alive = [effect for effect in effects if effect.room in self._room_logs]
        self._cursors.advance(reader, position, expect, alive)

    async def restart(self, reader: str) -> None:
        """Forget a reader's cursor and all that it keeps."""
        self._check_open()
        self._cursors.restart(reader)

    async def projected(self, reader: str, room: str, item: str) -> Projected | None:
        """Return what a reader keeps of an item."""
        self._check_open()
        return self._cursors.projected(reader, room, item)

    async def projection(
        self, reader: str, part: str, *, after: tuple[int, str] = (-1, ""), limit: int = 500
    ) -> list[Projected]:
        """Return rows of a part in their order."""
        self._check_open()
        return self._cursors.projection(reader, part, after)[: max(limit, 0)]

    async def parts(self, reader: str) -> list[str]:
        """Return the parts in which a reader keeps something."""
        self._check_open()
        return self._cursors.parts(reader)

    async def head(self, room: str) -> int:
        """Return the newest seq."""
        self._check_open()
        return len(self._events(room))

    async def erase(self, room: str, seqs: Sequence[int] | None = None, blobs: Sequence[str] = ()) -> None:
        """Blank events and drop blobs, or drop the room."""
        self._check_open()
        if seqs is None and not blobs:
            self._drop(room)
        if seqs or blobs:
            self._erase(room, seqs or (), blobs)
            await self.drop_snapshot(room)

    def keep_snapshot(self, room: str, snapshot: Snapshot) -> Awaitable[bool]:
        """Put a snapshot in the place of the one before, if it is as of the head."""
        self._check_open()
        room_log = self._room_logs.get(room)
        is_now = room_log is not None and snapshot.seq == len(room_log.events)
        if room_log is not None and is_now:
            room_log.keep(snapshot)
        return asyncio.sleep(0, is_now)

    async def snapshot(self, room: str) -> Snapshot | None:
        """Return the room's snapshot."""
        self._check_open()
        room_log = self._room_logs.get(room)
        return room_log.snapshot if room_log else None

    async def drop_snapshot(self, room: str) -> None:
        """Drop the room's snapshot."""
        self._check_open()
        if room_log := self._room_logs.get(room):
            room_log.snapshot, room_log.parts = None, {}

    async def blob(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob."""
        self._check_open()
        return self._blobs.get(id)

    async def blob_info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return what is known of a blob."""
        self._check_open()
        found = self._blobs.get(id)
        return BlobInfo(found.id, found.room, len(found.body)) if found else None

    async def blob_ids(self, after: str, limit: int) -> list[str]:
        """Return ids of blobs in their order."""
        self._check_open()
        return sorted(id_ for id_ in self._blobs if id_ > after)[: max(limit, 0)]

    def put_blob(self, blob: Blob) -> None:
        """Store a blob before its event. Raises `StorageFull` and `Conflict`."""
        self._check_open()
        if self._blobs.get(blob.id, blob) != blob:
            raise Conflict("a blob of this id is stored already")
        if blob.id not in self._blobs:
            self._take_room(len(blob.body))
        self._blobs[blob.id] = blob

    async def rooms(self, limit: int = 100, *, public: bool | None = None) -> list[Listing]:
        """Return the rooms, liveliest first."""
        self._check_open()
        listings = [_listing(id_, room_log) for id_, room_log in self._room_logs.items() if room_log.events]
        wanted = [listing for listing in listings if public in (None, listing.public)]
        return sorted(wanted, key=lambda listing: (-listing.last_at_ms, listing.room))[: max(limit, 0)]

    async def secret(self) -> bytes:
        """Return this log's secret."""
        return self._secret

    async def all_rooms(self) -> AsyncIterator[str]:
        """Yield the id of every room."""
        self._check_open()
        for room in sorted(self._room_logs):
            yield room

    async def key_uses(self, room: str, first: int, last: int) -> list[KeyUse]:
        """Return the keys that still count of some events."""
        self._check_open()
        room_log = self._room_logs.get(room) or _RoomLog()
        return [
            KeyUse(key, use.first, use.last, use.digest)
            for key, use in room_log.keys.items()
            if first <= use.first <= last
        ]

    async def readers(self) -> list[str]:
        """Return the names of readers."""
        self._check_open()
        return self._cursors.readers()

    async def end_of_feed(self) -> int:
        """Return the position of the newest change."""
        self._check_open()
        return self._position

    async def is_shared(self) -> bool:
        """Tell that no other process has it."""
        return False

    async def adopt_secret(self, secret: bytes) -> None:
        """Take another installation's secret."""
        self._check_open()
        self._secret = secret

    async def check(self) -> None:
        """Raise `StorageFull` when the quota is used up."""
        self._check_open()
        if self._max_bytes is not None and self._bytes >= self._max_bytes:
            raise StorageFull

    async def close(self) -> None:
        """Wake readers that wait for more; nothing can be asked afterwards."""
        self._closed = True
        self.bell.close()

    def _check_open(self) -> None:
        if self._closed:
            raise Unusable("The log is closed.")

    def _events(self, room: str) -> list[Event]:
        room_log = self._room_logs.get(room)
        return room_log.events if room_log else []

    def _append(self, room: str, entry: Entry, expect: int | None) -> Outcome:
        room_log = self._room_logs.get(room) or _RoomLog()
        if entry.key is not None and entry.key in room_log.keys:
            return room_log.of(room_log.keys[entry.key], entry.digest)
        if not entry.drafts:
            return []
        head = len(room_log.events)
        if expect is not None and expect != head:
            return Conflict(f"expected {expect}, the head is {head}")
        events = [numbered(draft, head + 1 + i, head + i) for i, draft in enumerate(entry.drafts)]
        return self._store(room, room_log, entry, events)

    def _store(self, room: str, room_log: _RoomLog, entry: Entry, events: list[Event]) -> Outcome:
        if any(blob.id in self._blobs for blob in entry.blobs):
            return Conflict("a blob of this id is stored already")
        try:
            if self._max_bytes is not None:
                sizes = [len(encode(event)) for event in events]
                self._take_room(sum(sizes) + sum(len(blob.body) for blob in entry.blobs))
        except StorageFull as full:
            return full
        room_log.events.extend(events)
        self._feed.update(
            (self._position + at, (room, event.seq)) for at, event in enumerate(events, start=1)
        )
        self._position += len(events)
        room_log.public = listed(room_log.public, events)
        room_log.see_to_keys(entry, events)
        self._blobs.update((blob.id, blob) for blob in entry.blobs)
        self._room_logs[room] = room_log
        self._erase(room, entry.erases, entry.drops)
        if entry.erases or entry.drops:
            room_log.snapshot = None
        if entry.snapshot is not None and entry.snapshot.seq == events[-1].seq:
            room_log.keep(entry.snapshot)
        return events

    def _take_room(self, size: int) -> None:
        if self._max_bytes is not None and self._bytes + size > self._max_bytes:
            raise StorageFull(f"{self._max_bytes} bytes are used up")
        self._bytes += size

    def _erase(self, room: str, seqs: Sequence[int], blobs: Sequence[str]) -> None:
        events = self._events(room)
        for seq in seqs:
            if 0 < seq <= len(events):
                events[seq - 1] = erased(events[seq - 1])
        for id_ in blobs:
            if (blob := self._blobs.get(id_)) and blob.room == room:
                del self._blobs[id_]

    def _drop(self, room: str) -> None:
        self._room_logs.pop(room, None)
        for id_ in [id_ for id_, blob in self._blobs.items() if blob.room == room]:
            del self._blobs[id_]
        self._feed = {at: place for at, place in self._feed.items() if place[0] != room}
        self._cursors.drop(room)


def _listing(room: str, room_log: _RoomLog) -> Listing:
    last = room_log.events[-1]
    return Listing(room, last.seq, room_log.events[0], last.at_ms, room_log.public)
