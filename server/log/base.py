"""The log of all rooms: the one small interface between rooms and storage."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from server.blobs.base import Blob, BlobInfo
from server.log.bell import Bell
from server.room.events import Draft, Event

# The kind of an event that cannot be read any more: erased without its envelope, or damaged on the disk.
LOST = "event.lost"


class Conflict(Exception):
    """Someone else appended first: `expect` was not the head."""


class KeyUsed(Exception):
    """The key was used before, and for something else; nothing was stored."""


class Deposed(Exception):
    """Another process has claimed the room: nothing was stored, and whoever writes it here must step down."""


class StorageFull(Exception):
    """The disk or the quota is full; nothing of the append was stored."""


class Damaged(OSError):
    """What is stored is not what was written; it is never served."""


class DamagedProgress(Damaged):
    """The cursor of a reader, or what it keeps beside it, is damaged."""


class Unusable(Exception):
    """The storage cannot be opened or is closed; the sentence says why and what to do."""


class Snapshot(Struct, frozen=True):
    """A room's state as of an event, in bytes that only who wrote them understands.

    `body` may hold what was said and is dropped by whatever erases; `parts`, by name, must hold
    none of it. When it is stored, those parts that are named in `kept` stay as they were stored
    before, and all others go. `version` tells by what rules it was made.
    """

    seq: int
    version: bytes
    body: bytes
    parts: Mapping[str, bytes] = {}
    kept: frozenset[str] = frozenset()


class Entry(Struct, frozen=True):
    """One append of a chain; without drafts it only looks up what its key stored before.

    `digest` tells what the key is used for; it must not tell the words to who reads the storage.
    `blobs` is what their form says that one commit takes with the event (`Blobs.put`).
    Together with its drafts the events of `erases` are blanked and the blobs of `drops` go, and the
    room's snapshot with them; `snapshot`, as of its last draft, takes the place of that.
    """

    drafts: Sequence[Draft] = ()
    key: str | None = None
    blobs: Sequence[Blob] = ()
    erases: Sequence[int] = ()
    drops: Sequence[str] = ()
    digest: bytes = b""
    snapshot: Snapshot | None = None


Outcome = list[Event] | Conflict | KeyUsed | StorageFull


class Listing(Struct, frozen=True):
    """What the catalogue knows of a room without waking it."""

    room: str
    head: int
    opened: Event
    last_at_ms: int
    public: bool


class Change(Struct, frozen=True):
    """An event of any room at its place in the changes feed.

    Positions grow in the order of the commits and are never used again; what lies between two of them
    is the back end's own affair. Where machines share a log, rooms that were written to in the same
    moment may come in either order, but always in the same. An event that was erased comes as it is now,
    a damaged one as `LOST`.
    """

    position: int
    room: str
    event: Event


class Projected(Struct, frozen=True):
    """What a reader keeps of an item of a room: a number in one of its parts, by which it is found in order.

    It holds no words: items are ids, and a room that is dropped takes its rows with it.
    """

    room: str
    item: str
    part: str
    number: int


class Withdrawn(Struct, frozen=True):
    """A reader keeps nothing of an item of a room any more."""

    room: str
    item: str


Effect = Projected | Withdrawn


class Log(Protocol):
    """Append and read the events of rooms; one contract suite holds for every back end.

    A room's events are numbered 1, 2, 3 and so on without a hole, so that its one writer knows the
    numbers of what it appends before it does: `expect` + 1 and on, or a `Conflict`. A key is
    remembered for `chain.KEYS_KEPT_MS` of its room's time, and among its room's newest
    `chain.KEYS_KEPT` for ever.

    All methods may be called from one event loop at once. Writes of one moment share a
    commit. An append that returned is durable. `bell` rings when the changes feed has grown.
    """

    bell: Bell

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
        """Store all drafts and blobs, or nothing.

        `expect` is the head the drafts were decided on (`Conflict` when it moved). A `key`
        used before in this room returns the events of its first use and stores nothing; with
        another `digest` than then it is refused (`KeyUsed`).
        Without drafts nothing is stored: a known key returns its events, an unknown one none.
        Raises `StorageFull` when there is no room for them, `OSError` when the storage broke.
        """

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        """Append entries one after another, each whole or not at all, each on what the one before left.

        The first entry that is not stored as asked (the head moved, its key was used before, no
        room for it) ends the chain: the drafts after it were decided on what did not happen
        and get `Conflict`, though known keys are still answered. Raises `OSError` when the
        storage broke, and `Deposed` when the room has another owner by now. What an entry erases
        nobody can read any more when this returns; soon after (or at the next start) no byte of it
        is left in the storage.
        """

    async def read(self, room: str, after: int = 0, limit: int = 500) -> list[Event]:
        """Return at most `limit` events after a seq, oldest first."""

    async def newest(self, room: str, limit: int = 100) -> list[Event]:
        """Return the newest `limit` events, oldest first."""

    async def changes(self, after: int = 0, limit: int = 500) -> list[Change]:
        """Return at most `limit` events of all rooms after a position, in the order of their commits.

        Dropped rooms are left out. Fewer than `limit` means that there is nothing more now: wait for the
        bell.
        """

    async def cursor(self, reader: str) -> int:
        """Return the position up to which a reader has seen the feed, 0 for one that begins."""

    async def advance(
        self, reader: str, position: int, *, expect: int, effects: Sequence[Effect] = ()
    ) -> None:
        """Move a reader's cursor from `expect`, and store what it did in the same commit, in order.

        Raises `Conflict`, with nothing stored, when the cursor is elsewhere: another has this name.
        What is projected of a room that was dropped meanwhile is left out.
        """

    async def restart(self, reader: str) -> None:
        """Forget a reader's cursor and all that it keeps: it begins anew."""

    async def projected(self, reader: str, room: str, item: str) -> Projected | None:
        """Return what a reader keeps of an item."""

    async def projection(
        self, reader: str, part: str, *, after: tuple[int, str] = (-1, ""), limit: int = 500
    ) -> list[Projected]:
        """Return at most `limit` rows of a part in the order of (number, item), after such a pair."""

    async def parts(self, reader: str) -> list[str]:
        """Return the parts in which a reader keeps something, sorted."""

    async def head(self, room: str) -> int:
        """Return the seq of the newest event, 0 if the room does not exist."""

    async def erase(self, room: str, seqs: Sequence[int] | None = None, blobs: Sequence[str] = ()) -> None:
        """Blank events (their places stay) and drop blobs; without either, the whole room goes.

        Afterwards no byte of the content is left in the storage.
        """

    def keep_snapshot(self, room: str, snapshot: Snapshot) -> Awaitable[bool]:
        """Put a snapshot in the place of the room's one before; False when it is not as of the head.

        It has its place among the appends when this is called, not when it is awaited. What erases
        afterwards drops its body in the same commit. Raises `StorageFull`, `OSError`.
        """

    async def snapshot(self, room: str) -> Snapshot | None:
        """Return the room's snapshot with all its parts, None without one. Raises `Damaged`."""

    async def drop_snapshot(self, room: str) -> None:
        """Drop the room's snapshot and its parts."""

    async def rooms(self, limit: int = 100, *, public: bool | None = None) -> list[Listing]:
        """Return the rooms, those with the newest event first."""

    async def secret(self) -> bytes:
        """Return this installation's secret (32 bytes), made at the first call."""

    async def check(self) -> None:
        """Raise when the storage cannot take an append now (`StorageFull`) or is broken (`OSError`)."""

    async def close(self) -> None:
        """Finish what was begun and let go of the storage; may be called again."""


class LogWithBlobs(Log, Protocol):
    """A log that has blobs in its own storage, and stores them in the commit of their events."""

    async def blob(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob."""

    async def blob_info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return whose a blob is and its size, without reading it."""

    async def blob_ids(self, after: str, limit: int) -> list[str]:
        """Return ids of blobs in their order, after an id."""
