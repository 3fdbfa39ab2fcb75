"""Who owns a room: its one writer, wherever that is."""

from __future__ import annotations

from typing import Protocol

from server.rooms.base import Room


class Directory(Protocol):
    """Knows the owner of every room. One contract suite holds for every form of it."""

    async def owner(self, room: str) -> Room | None:
        """Return the room as its owner elsewhere has it; None when this process owns it, from now on.

        When nobody who lives owns it, this process claims it. Raises `OSError` when that cannot be told.
        """


class LocalDirectory:
    """The directory of a server that is alone: every room is its own."""

    async def owner(self, room: str) -> Room | None:
        """Return None: this process owns the room."""
        return None
