"""The log of all rooms: the one small interface between rooms and storage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct

from server.room.events import Draft, Event


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


class Unusable(Exception):
    """The storage cannot be opened or is closed; the sentence says why and what to do."""


class Blob(Struct, frozen=True):
    """Bytes beside the log: a clip as Ogg Opus, found by its unguessable id."""

    id: str
    room: str
    body: bytes


class BlobInfo(Struct, frozen=True):
    """What the log knows of a blob without reading it."""

    id: str
    room: str
    size_bytes: int


class Entry(Struct, frozen=True):
    """One append of a chain; without drafts it only looks up what its key stored before.

    `digest` tells what the key is used for; it must not tell the words to who reads the storage.
    Together with its drafts the events of `erases` are blanked and the blobs of `drops` go.
    """

    drafts: Sequence[Draft] = ()
    key: str | None = None
    blobs: Sequence[Blob] = ()
    erases: Sequence[int] = ()
    drops: Sequence[str] = ()
    digest: bytes = b""


Outcome = list[Event] | Conflict | KeyUsed | StorageFull


class Listing(Struct, frozen=True):
    """What the catalogue knows of a room without waking it."""

    room: str
    head: int
    opened: Event
    last_at_ms: int
    public: bool


class Log(Protocol):
    """Append and read the events of rooms; one contract suite holds for every back end.

    A room's events are numbered 1, 2, 3 and so on without a hole, so that its one writer knows the
    numbers of what it appends before it does: `expect` + 1 and on, or a `Conflict`. A key is
    remembered for `chain.KEYS_KEPT_MS` of its room's time, and among its room's newest
    `chain.KEYS_KEPT` for ever.

    All methods may be called from one event loop at once. Writes of one moment share a
    commit. An append that returned is durable.
    """

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

    def follow(self, room: str, after: int = 0) -> AsyncIterator[list[Event]]:
        """Yield batches after a seq without gap or repeat: first what is stored, then what comes."""

    async def head(self, room: str) -> int:
        """Return the seq of the newest event, 0 for a room that is not."""

    async def erase(self, room: str, seqs: Sequence[int] | None = None, blobs: Sequence[str] = ()) -> None:
        """Blank events (their places stay) and drop blobs; without either, the whole room goes.

        Afterwards no byte of the content is left in the storage.
        """

    async def blob(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob by its id."""

    async def blob_info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return whose a blob is and its size, without reading it; only `blob` tells whether it is whole."""

    async def rooms(self, limit: int = 100, *, public: bool | None = None) -> list[Listing]:
        """Return the rooms, those with the newest event first."""

    async def secret(self) -> bytes:
        """Return this installation's secret (32 bytes), made at the first call."""

    async def check(self) -> None:
        """Raise when the storage cannot take an append now (`StorageFull`) or is broken (`OSError`)."""

    async def close(self) -> None:
        """Finish what was begun and let go of the storage; may be called again."""
