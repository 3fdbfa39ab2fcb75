"""Durable readers: each follows the changes feed of all rooms, from a cursor stored beside what it did.

A reader may be killed at any instant and goes on where its cursor is. What holds depends on the effect:
- *Stored with the cursor*: the effects that `read` returns are in the log's file in the same commit as
  the cursor. They happen once.
- *By key*: what it does elsewhere (a command to a room, a message to a service) happens before the cursor
  moves, so it is never missed, and may be asked for again after a kill: under `key(reader, change)`,
  by which the receiver does it once. A room does, as it remembers keys (`Log`).

An event on which a reader fails is tried again with growing pauses, then set aside: told in the log and
in the figures, and the reader goes on. Readers know nothing of one another, and appends wait for none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from msgspec import Struct

from server.log.base import Change, Effect

# Changes that are read, and stored as seen, at once: some ms of decoding, and all that a lag ever holds.
PAGE_CHANGES = 128


class Unavailable(Exception):
    """Something that a reader needs is unavailable, whatever the event: it waits, and sets nothing aside."""


class Rest(Struct, frozen=True):
    """What `idle` did, to be stored, and within which time it wants to be called again."""

    effects: Sequence[Effect] = ()
    within_ms: int | None = None


class Reader(Protocol):
    """One durable reader. `name` is its cursor's: another name begins anew.

    `page` changes are stored at once; it is 1 for a reader that looks into its own projection, which has
    only what is stored. A reader is `derived` when all that `read` does is its projection: that is made
    anew when it is damaged. Events of `urgent` kinds (None: of all) are read at once, others soon.
    """

    name: str
    page: int = PAGE_CHANGES
    urgent: Collection[str] | None = None
    derived: bool = False

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Do what a change asks for; return what to store of it, None when nothing was to be done.

        Raises `Unavailable` to wait. Whatever else it raises is counted against this change.
        """

    async def flush(self) -> Sequence[Effect]:
        """Finish what `read` put off; return what to store of it. Raises as `read` does.

        It is called before the cursor is stored.
        """
        return ()

    async def idle(self) -> Rest:
        """Do what is due by the time; called whenever the feed is read to its end."""
        return Rest()

    def stored(self) -> None:
        """Take note that what `idle` returned is stored; until this is called it may be lost."""
        return None  # noqa: RET501 - without it the method would be abstract to mypy


def key(reader: Reader, change: Change) -> str:
    """Return the key under which a reader does what a change asks for."""
    return f"{reader.name} {change.position}"
