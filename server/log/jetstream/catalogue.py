"""The rooms that a process lists: the liveliest, as far as it has heard of them."""

from __future__ import annotations

import heapq

from msgspec import Struct

from server.log.jetstream.records import CLOSED, Place
from server.room.events import Event

# Of public rooms, and of others: so many may be listed. Twice as many are kept before the quietest go.
LISTED = 5_000


class ListedRoom(Struct):
    """A room: where it ends, and how it was opened, once somebody asked."""

    room: str
    seq: int
    head: int
    last_at_ms: int
    public: bool
    opened: Event | None = None


class Catalogue:
    """Rooms by id, the public ones and the others; a bounded number of each."""

    def __init__(self) -> None:
        self._rows: dict[bool, dict[str, ListedRoom]] = {True: {}, False: {}}

    def note(self, room: str, place: Place) -> None:
        """Note where a room ends; what is older than what is known changes nothing."""
        known = self._rows[True].get(room) or self._rows[False].get(room)
        if known is not None and place.seq <= known.seq:
            return
        for rows in self._rows.values():
            rows.pop(room, None)
        record = place.record
        if record.kind == CLOSED or not record.last:
            return
        row = ListedRoom(room, place.seq, record.last, record.at_ms, record.public)
        if known is not None and place.floor <= known.seq:
            row.opened = known.opened
        rows = self._rows[record.public]
        rows[room] = row
        if len(rows) > 2 * LISTED:
            for quiet in sorted(rows.values(), key=_liveliness)[LISTED:]:
                del rows[quiet.room]

    def liveliest(self, limit: int, *, public: bool | None) -> list[ListedRoom]:
        """Return the rooms with the newest events first."""
        wanted = (
            row
            for is_public, rows in self._rows.items()
            if public in (None, is_public)
            for row in rows.values()
        )
        return heapq.nsmallest(max(limit, 0), wanted, key=_liveliness)


def _liveliness(row: ListedRoom) -> tuple[int, str]:
    return -row.last_at_ms, row.room
