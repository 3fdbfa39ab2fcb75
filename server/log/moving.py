"""What a log tells and takes so that all of it can move to another one, beside what rooms need of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, cast

from msgspec import Struct

from server.log.base import Log
from server.room.events import Draft, Event, Fact


class KeyUse(Struct, frozen=True):
    """A key that its room remembers: the events that it stored, and the digest of what it was used for."""

    key: str
    first: int
    last: int
    digest: bytes


class Copied(Draft, frozen=True):
    """The draft of an event that stands in another log; it keeps its kind also where its fact was erased."""

    was: str = ""

    @property
    def kind(self) -> str:
        """Return the kind of the event."""
        return self.was


def copied(event: Event) -> Draft:
    """Return the draft by which another log stores an event as it is, at its number."""
    return Copied(cast(Fact, event.data), event.at_ms, event.by, event.kind)


class Movable(Log, Protocol):
    """A log that another one can be moved from and into; `tests/support/moving_contract.py` is its suite.

    Events come in by `extend`, as `copied` drafts, in the order of their numbers.
    """

    def all_rooms(self) -> AsyncIterator[str]:
        """Yield the id of every room, in an order of its own; which come or go meanwhile may be left out."""

    async def key_uses(self, room: str, first: int, last: int) -> list[KeyUse]:
        """Return the keys that still count whose first event is one of these numbers, in their order."""

    async def readers(self) -> list[str]:
        """Return the names of those that have a cursor or keep something, sorted."""

    async def end_of_feed(self) -> int:
        """Return a position that all changes that are stored are at or before, and later ones after."""

    async def is_shared(self) -> bool:
        """Tell whether another process has this log open now, as far as it can be told."""

    async def adopt_secret(self, secret: bytes) -> None:
        """Put the secret of another installation in the place of this one's; for a log without rooms."""
