"""Blobs: bytes beside the log, each a clip as Ogg Opus, found by its unguessable id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Away(OSError):
    """A storage is not to be had now: not reached, too slow, or it denies us. It may be later."""


class Denied(Away):
    """The storage of blobs is there, and will not do until its operator or ours changes something."""


class Blob(Struct, frozen=True):
    """Bytes of a room under an id that is used once."""

    id: str
    room: str
    body: bytes


class BlobInfo(Struct, frozen=True):
    """What is known of a blob without reading it."""

    id: str
    room: str
    size_bytes: int


class Blobs(Protocol):
    """Where clips are stored; one contract suite holds for every form of it.

    A blob is put before the event that tells of it is appended, so that no event is without its sound. A blob
    without an event may be left behind by a crash; `ids` lists it. All methods raise `OSError` when the
    storage broke, and those that read `Damaged` (which is one) for what is not as it was written.
    """

    async def put(self, blob: Blob) -> Sequence[Blob]:
        """Store a blob; returns what has to go with the append of its event.

        That is nothing where the blob is durable now, and the blob itself where one commit takes both: it is
        stored with the event then, or neither is. Storing the same once more changes nothing. Raises
        `StorageFull`, and `Conflict` for an id under which something else is stored; where the append takes
        the blob, that raises them.
        """

    async def get(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob as a whole, None if there is none."""

    async def get_range(self, id: str, first: int, size: int) -> bytes | None:  # noqa: A002
        """Return at most `size` bytes of a blob from the byte `first` on, None if there is no such blob."""

    async def info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return whose a blob is and its size, without reading it; only `get` tells whether it is whole."""

    async def delete(self, room: str, ids: Sequence[str]) -> None:
        """Delete blobs of a room; those of others stay. Afterwards no byte of them is left in the storage."""

    async def ids(self, after: str = "", limit: int = 500) -> list[str]:
        """Return at most `limit` ids of what is stored, in their order, after an id."""


class Page(Struct, frozen=True):
    """Some of the ids that were written lately, and where to go on; nowhere at the end."""

    ids: Sequence[str]
    place: str


class RemoteBlobs(Blobs, Protocol):
    """Blobs in a storage of their own, which no commit joins with the log.

    All methods raise `Away` while that storage is not to be had.
    """

    async def written(self, since_ms: int, place: str = "") -> Page:
        """Return a page of what was written since then, by the storage's clock; it may be empty.

        `place` is the one of the page before. What is written meanwhile may be left out.
        """

    async def check(self) -> list[str]:
        """Store, read and delete something; return sentences about what does not keep its promise.

        Raises `Away`, and `Damaged` when something else came back.
        """

    async def close(self) -> None:
        """Let go of the storage; may be called again."""
