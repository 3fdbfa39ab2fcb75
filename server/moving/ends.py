"""The two ends of a move: a log, with the clips that belong to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from msgspec import Struct

from server.blobs.base import Blobs
from server.log.base import LOST, Damaged
from server.log.moving import Movable
from server.room.events import Erased, Event

# The reader whose cursor at the target tells how far a move has come; gone when it is finished.
MOVER = "move"
PAGE_EVENTS = 256

# Told what is done, how much of it, and how much there is.
Progress = Callable[[str, int, int], None]


class Erase(Protocol):
    """Erases as a server does: the events, and their clips wherever they are."""

    def __call__(
        self, room: str, seqs: Sequence[int] | None = None, blobs: Sequence[str] = ()
    ) -> Awaitable[None]:
        """Blank events and drop blobs; without either the whole room goes."""


class End(Struct, frozen=True):
    """One end. `name` is how its operator calls it, `clips` how the place of its clips is called."""

    name: str
    clips: str
    log: Movable
    blobs: Blobs
    erase: Erase


async def events_after(end: End, room: str, after: int) -> tuple[list[Event], list[int]]:
    """Return a page of a room's events, and the numbers of those that are damaged: they come as lost."""
    try:
        return await end.log.read(room, after, PAGE_EVENTS), []
    except Damaged:
        events, damaged = list[Event](), list[int]()
    last = min(await end.log.head(room), after + PAGE_EVENTS)
    for seq in range(after + 1, last + 1):
        try:
            events += await end.log.read(room, seq - 1, 1)
        except Damaged:
            events.append(Event(seq, seq - 1, 0, None, LOST, Erased()))
            damaged.append(seq)
    return events, damaged


async def has_rooms(end: End) -> bool:
    """Tell whether there is any room."""
    async for _ in end.log.all_rooms():
        return True
    return False
