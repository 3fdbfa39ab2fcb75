"""Small rules that every back end of the log shares."""

from __future__ import annotations

from collections.abc import Sequence

from server.log.base import Entry, Outcome
from server.room.events import Event, RoomClosed, RoomOpened


def chained(expect: int, entry: Entry, outcome: Outcome) -> int:
    """Return the head that the next entry of a chain must find; -1, which no room has, ends the chain."""
    if not entry.drafts:
        return expect
    if isinstance(outcome, Exception) or outcome[0].prev != expect:
        return -1
    return outcome[-1].seq


def listed(public: bool, events: Sequence[Event]) -> bool:
    """Return whether a room is in the public list after these events: from its opening to its close."""
    for event in events:
        if isinstance(event.data, RoomOpened):
            public = event.data.public
        elif isinstance(event.data, RoomClosed):
            public = False
    return public
