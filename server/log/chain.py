"""Small rules that every back end of the log shares."""

from __future__ import annotations

from collections.abc import Sequence

from server.log.base import Entry, Outcome
from server.room.events import Event, RoomClosed, RoomOpened

# A room remembers what a key stored for a day of its time, and its newest keys whatever their age:
# more than a page may have under way that slept in between.
KEYS_KEPT = 1_000
KEYS_KEPT_MS = 86_400_000
# Each time a room's numbers pass a multiple of the one, this many of its oldest keys are looked at: more go
# than can have come, and an append pays for no more.
KEYS_LOOKED_AT_EVERY = 32
KEYS_LOOKED_AT = 64


def chained(expect: int, entry: Entry, outcome: Outcome) -> int:
    """Return the head that the next entry of a chain must find; -1, which no room has, ends the chain."""
    if not entry.drafts:
        return expect
    if isinstance(outcome, Exception) or outcome[0].prev != expect:
        return -1
    return outcome[-1].seq


def is_same_use(stored: bytes, digest: bytes) -> bool:
    """Tell whether a key is used for the same as before; old logs' keys have no digest and always are."""
    return stored in (b"", digest)


def looks_at_keys(events: Sequence[Event]) -> bool:
    """Tell whether an append of these events has to see to its room's oldest keys."""
    return events[0].prev // KEYS_LOOKED_AT_EVERY != events[-1].seq // KEYS_LOOKED_AT_EVERY


def is_outdated(newer: int, at_ms: int, now_ms: int) -> bool:
    """Tell whether a key with `newer` after it may go; one from the far future came of a wrong clock."""
    return newer >= KEYS_KEPT and abs(now_ms - at_ms) > KEYS_KEPT_MS


def listed(public: bool, events: Sequence[Event]) -> bool:
    """Return whether a room is in the public list after these events: from its opening to its close."""
    for event in events:
        if isinstance(event.data, RoomOpened):
            public = event.data.public
        elif isinstance(event.data, RoomClosed):
            public = False
    return public
