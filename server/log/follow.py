"""Waking those who follow a log: each walks with its own cursor and sleeps on a bell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from server.room.events import Event

PAGE_EVENTS = 500
Read = Callable[[str, int, int], Awaitable[list[Event]]]


class _Bell:
    """Rings when a room's log grew, or for the last time when it ended."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()
        self.over = False


class Followers:
    """All who follow a log. Nothing is queued for them: a bell says "read on"."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._bells: dict[str, set[_Bell]] = {}
        self._over = False

    def ring(self, room: str) -> None:
        """Tell the followers of a room that there is more to read."""
        for bell in self._bells.get(room, ()):
            bell.rung.set()

    def end(self, room: str) -> None:
        """End the followers of a room that is gone."""
        for bell in self._bells.get(room, ()):
            bell.over = True
            bell.rung.set()

    def close(self) -> None:
        """End all followers."""
        self._over = True
        for room in self._bells:
            self.end(room)

    async def follow(self, room: str, after: int) -> AsyncIterator[list[Event]]:
        """Yield batches after a seq: what is stored, then what comes, until the room or the log ends."""
        bell = self._enter(room)
        try:
            while not bell.over:
                bell.rung.clear()
                while not bell.over and (events := await self._read(room, after, PAGE_EVENTS)):
                    after = events[-1].seq
                    yield events
                await bell.rung.wait()
        finally:
            self._leave(room, bell)

    def _enter(self, room: str) -> _Bell:
        bell = _Bell()
        bell.over = self._over
        self._bells.setdefault(room, set()).add(bell)
        return bell

    def _leave(self, room: str, bell: _Bell) -> None:
        bells = self._bells[room]
        bells.discard(bell)
        if not bells:
            del self._bells[room]
