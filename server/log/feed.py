"""The changes feed in the SQLite file: events of all rooms by position, and how far each reader has come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import apsw

from server.log import sums
from server.log.base import LOST, Change, Conflict, Damaged, DamagedProgress, Effect, Projected
from server.log.reading import event
from server.room.events import Erased, Event

# The events come first in the join: they are walked by position, whatever the planner thinks of the rooms.
_CHANGES = """
    SELECT event.position, room.id, room.name, event.room, event.seq, event.key, event.sum, event.body
    FROM event CROSS JOIN room_head ON room_head.room = event.room CROSS JOIN room ON room.number = event.room
    WHERE event.position > ? ORDER BY event.position LIMIT ?
"""
_CURSOR = "SELECT position, sum FROM cursor WHERE reader = ?"
_MOVE = "INSERT OR REPLACE INTO cursor(reader, position, sum) VALUES (?, ?, ?)"
_ONE = """
    SELECT room.id, projection.room, item, part, projection.number, sum
    FROM projection JOIN room ON room.number = projection.room
    WHERE room.name = ? AND reader = ? AND item = ?
"""
_PART = """
    SELECT room.id, projection.room, item, part, projection.number, sum
    FROM projection CROSS JOIN room ON room.number = projection.room
    WHERE reader = ? AND part = ? AND (projection.number, item) > (?, ?)
    ORDER BY projection.number, item LIMIT ?
"""
_READERS = "SELECT reader FROM cursor UNION SELECT reader FROM projection ORDER BY reader"
_NEWEST = "SELECT max(position) FROM event"
_NEXT_PART = "SELECT part FROM projection WHERE reader = ? AND part > ? ORDER BY part LIMIT 1"
_PUT = "INSERT OR REPLACE INTO projection(room, reader, item, part, number, sum) VALUES (?, ?, ?, ?, ?, ?)"
_WITHDRAW = "DELETE FROM projection WHERE room = ? AND reader = ? AND item = ?"
# Whoever has a row in the table or in its index: what is lost in one may be left in the other.
_DISTRUST = """
    UPDATE cursor SET sum = ~sum WHERE sum >= 0 AND reader IN (
        SELECT reader FROM projection NOT INDEXED
        UNION SELECT reader FROM projection INDEXED BY projection_order
    )
"""

logger = logging.getLogger(__name__)


class Feed:
    """Feed, cursors and projections over one connection. Raises `DamagedProgress` for a wrong checksum.

    What a reader keeps is worth no more than its cursor: with a damaged one it is not read.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def changes(self, after: int, limit: int) -> list[Change]:
        """Return changes after a position."""
        rows: list[Any] = self._connection.execute(_CHANGES, (after, max(limit, 0))).fetchall()
        return [_change(*row) for row in rows]

    def cursor(self, reader: str) -> int:
        """Return a reader's position, 0 for one that begins."""
        row: Any = self._connection.execute(_CURSOR, (reader,)).fetchone()
        if row is None:
            return 0
        position, sum_ = row
        if sums.of_cursor(reader, position) != sum_:
            raise DamagedProgress(f"the cursor of {reader} is damaged")
        return int(position)

    def readers(self) -> list[str]:
        """Return the names of those that have a cursor or keep something, sorted."""
        return [str(reader) for (reader,) in self._connection.execute(_READERS)]

    def end(self) -> int:
        """Return the position of the newest change."""
        return int(self._connection.execute(_NEWEST).get or 0)

    def projected(self, reader: str, room: str, item: str) -> Projected | None:
        """Return what a reader keeps of an item."""
        self.cursor(reader)
        row: Any = self._connection.execute(_ONE, (sums.name(room), reader, item)).fetchone()
        return _projected(reader, row) if row else None

    def projection(self, reader: str, part: str, after: tuple[int, str], limit: int) -> list[Projected]:
        """Return rows of a part in their order."""
        self.cursor(reader)
        rows: list[Any] = self._connection.execute(_PART, (reader, part, *after, max(limit, 0))).fetchall()
        return [_projected(reader, row) for row in rows]

    def restart(self, reader: str) -> None:
        """Forget a reader, inside the caller's transaction."""
        self._connection.execute("DELETE FROM cursor WHERE reader = ?", (reader,))
        self._connection.execute("DELETE FROM projection WHERE reader = ?", (reader,))

    def distrust(self) -> None:
        """Drop all projections, for they are damaged, and mark the cursors of their readers as damaged too.

        A derived reader then makes its projection anew, and any other reports the damage.
        """
        self._connection.execute(_DISTRUST)
        self._connection.execute("DELETE FROM projection")

    def parts(self, reader: str) -> list[str]:
        """Return the parts in which a reader keeps something: a step in the index for each."""
        self.cursor(reader)
        found: list[str] = []
        while row := self._connection.execute(_NEXT_PART, (reader, found[-1] if found else "")).fetchone():
            found.append(str(row[0]))
        return found

    def advance(
        self,
        reader: str,
        position: int,
        *,
        expect: int,
        effects: Sequence[Effect],
        number_of: Callable[[str], int | None],
    ) -> Conflict | None:
        """Move a cursor with its effects, inside the caller's transaction; `number_of` knows the rooms."""
        if (found := self.cursor(reader)) != expect:
            return Conflict(f"expected {expect}, the cursor of {reader} is at {found}")
        self._connection.execute(_MOVE, (reader, position, sums.of_cursor(reader, position)))
        for effect in effects:
            number = number_of(effect.room)
            if number is None:
                continue
            if isinstance(effect, Projected):
                row = (number, reader, effect.item, effect.part, effect.number)
                self._connection.execute(_PUT, (*row, sums.of_projected(*row)))
            else:
                self._connection.execute(_WITHDRAW, (number, reader, effect.item))
        return None


def _change(position: int, room: str, name: bytes, number: int, *row: Any) -> Change:
    """Return the change of a row; a damaged event comes as `LOST`, so that those after it can be read."""
    try:
        if sums.name(room) != name:
            raise Damaged("a room's name is damaged")
        return Change(position, room, event(number, row))
    except Damaged:
        logger.exception("log.change_damaged position=%d", position)
        seq = int(row[0])
        return Change(position, room, Event(seq, seq - 1, 0, None, LOST, Erased()))


def _projected(reader: str, row: Sequence[Any]) -> Projected:
    room, place, item, part, number, sum_ = row
    if sums.of_projected(place, reader, item, part, number) != sum_:
        raise DamagedProgress(f"the projection of {reader} is damaged")
    return Projected(room, item, part, number)
