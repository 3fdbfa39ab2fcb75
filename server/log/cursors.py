"""How far each reader has come and what it keeps, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from server.log.base import Conflict, Effect, Projected


class Cursors:
    """The cursors and projections of all readers."""

    def __init__(self) -> None:
        self._positions: dict[str, int] = {}
        self._rows: dict[str, dict[tuple[str, str], Projected]] = {}

    def cursor(self, reader: str) -> int:
        """Return a reader's position, 0 for one that begins."""
        return self._positions.get(reader, 0)

    def advance(self, reader: str, position: int, expect: int, effects: Sequence[Effect]) -> None:
        """Move a cursor with its effects. Raises `Conflict`."""
        if (found := self.cursor(reader)) != expect:
            raise Conflict(f"expected {expect}, the cursor of {reader} is at {found}")
        self.move(reader, position, effects)

    def move(self, reader: str, position: int, effects: Iterable[Effect]) -> None:
        """Move a cursor with its effects, wherever it was."""
        self._positions[reader] = position
        rows = self._rows.setdefault(reader, {})
        for effect in effects:
            if isinstance(effect, Projected):
                rows[effect.room, effect.item] = effect
            else:
                rows.pop((effect.room, effect.item), None)

    def projected(self, reader: str, room: str, item: str) -> Projected | None:
        """Return what a reader keeps of an item."""
        return self._rows.get(reader, {}).get((room, item))

    def projection(self, reader: str, part: str, after: tuple[int, str]) -> list[Projected]:
        """Return all rows of a part after a pair of number and item, in that order."""
        rows = (row for row in self._rows.get(reader, {}).values() if row.part == part)
        return sorted((row for row in rows if _order(row) > after), key=_order)

    def parts(self, reader: str) -> list[str]:
        """Return the parts in which a reader keeps something."""
        return sorted({row.part for row in self._rows.get(reader, {}).values()})

    def readers(self) -> list[str]:
        """Return the names of those that have a cursor or keep something, sorted."""
        return sorted(reader for reader, at in self._positions.items() if at or self._rows.get(reader))

    def restart(self, reader: str) -> None:
        """Forget a reader."""
        self._positions.pop(reader, None)
        self._rows.pop(reader, None)

    def drop(self, room: str, reader: str | None = None) -> None:
        """Forget what was kept of a room, by one reader or by all."""
        for name in list(self._rows) if reader is None else [reader]:
            rows = self._rows.get(name, {})
            self._rows[name] = {place: row for place, row in rows.items() if place[0] != room}

    def keeps(self, reader: str, room: str) -> bool:
        """Tell whether a reader keeps anything of a room."""
        return any(place[0] == room for place in self._rows.get(reader, {}))

    def rows(self, reader: str) -> list[Projected]:
        """Return all that a reader keeps."""
        return list(self._rows.get(reader, {}).values())


def _order(row: Projected) -> tuple[int, str]:
    return row.number, row.item
