"""Who owns a room, as a log that several processes share tells it."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class Ownership(Struct, frozen=True):
    """What the newest message of a room says: its `place` in the storage, and who may append after it.

    `owner` is a node, under a name that no other process ever has, and none where nobody claimed the
    room yet. The `epoch` grows with each claim; `last` is the number of the newest event.
    """

    place: int
    epoch: int
    owner: str
    last: int


class Claims(Protocol):
    """The part of a shared log by which rooms get their owners. Its appends are those of one node.

    From a successful claim on, appends of the room by this node carry that epoch. After each refused append
    the newest message is read: a higher epoch raises `Deposed`, and nothing is ever caught up with.
    """

    async def look(self, room: str) -> Ownership | None:
        """Return who owns a room; None when there is no such room. Raises `OSError`."""

    async def claim(self, room: str, seen: Ownership) -> Ownership:
        """Become the owner, in the epoch after the one that was seen, when nothing was stored since.

        Raises `Conflict` when another was first, and `OSError` when that cannot be told: the very same
        append was sent again until then, and the next look tells what became of it.
        """
