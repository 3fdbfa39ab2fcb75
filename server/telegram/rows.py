"""What is kept of who listens: how far each chat was told, as a number, and what is to be stored. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from server.log.base import Effect, Projected, Withdrawn

# The part in which rows are, and that of rows as they were first: their number is a seq alone.
TOLD, FIRST_FORM = "told", "listens"
# A row's number is the seq, how many clips were missed and how much of the next event was told, in bits:
# below 2^53, which is what JSON carries, there are 4,000 million events.
MISSED_BITS, PART_BITS = 12, 8
MOST_MISSED, MOST_PARTS = (1 << MISSED_BITS) - 1, (1 << PART_BITS) - 1


class Progress(Struct, frozen=True):
    """How far a chat was told: all events up to a seq, some parts of the next one, and what it missed."""

    seq: int
    parts: int = 0
    missed: int = 0

    @property
    def number(self) -> int:
        """Return it as one number."""
        missed, parts = min(self.missed, MOST_MISSED), min(self.parts, MOST_PARTS)
        return ((self.seq << MISSED_BITS | missed) << PART_BITS) | parts


def told(row: Projected) -> Progress:
    """Return how far a chat was told, as its row has it."""
    if row.part == FIRST_FORM:
        return Progress(row.number)
    rest, parts = divmod(row.number, 1 << PART_BITS)
    return Progress(rest >> MISSED_BITS, parts, rest & MOST_MISSED)


class Rows:
    """What is to be stored, until it is: the last word on each row."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], Effect] = {}
        self._given: dict[tuple[str, str], Effect] = {}
        self._kept: set[tuple[str, str]] = set()  # rows that are in the storage, or may be

    def found(self, room: str, item: str) -> None:
        """Note a row that is in the storage."""
        self._kept.add((room, item))

    def put(self, room: str, item: str, how_far: Progress) -> None:
        """Have a row stored."""
        self._waiting[room, item] = Projected(room, item, TOLD, how_far.number)

    def withdraw(self, room: str, item: str) -> None:
        """Have a row removed."""
        if (room, item) in self._kept:
            self._waiting[room, item] = Withdrawn(room, item)
        else:
            self._waiting.pop((room, item), None)

    def give(self) -> Sequence[Effect]:
        """Return all that waits; it goes on waiting until `stored`."""
        self._given = dict(self._waiting)
        self._kept |= self._given.keys()
        return tuple(self._given.values())

    def stored(self) -> None:
        """Let go of what was given last: it is stored."""
        for row, effect in self._given.items():
            if self._waiting.get(row) is effect:
                del self._waiting[row]
        self._kept -= set(self._gone())
        self._given = {}

    def _gone(self) -> Iterator[tuple[str, str]]:
        for row, effect in self._given.items():
            if isinstance(effect, Withdrawn) and row not in self._waiting:
                yield row
