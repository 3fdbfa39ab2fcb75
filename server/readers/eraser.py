"""The eraser: deletes clips in a storage of their own: those that were removed, and those that never landed.

A removal deletes its clip itself. This deletes what that could not: the storage was away, or the server was
killed in between. A clip is stored before its event; killed in between, it stays without one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Sequence
from contextlib import suppress

from server.blobs.base import Away, RemoteBlobs
from server.log.base import Change, Damaged, Effect
from server.readers.base import Reader, Rest, Unavailable
from server.room.events import ClipRemoved
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry

SWEEP_EVERY_MS = 3_600_000
# For so long a clip without an event is left alone: its landing may be under way, also on another node.
ORPHAN_MS = 3_600_000
# The first sweep looks at what is at most so old: who was killed is started again within that time.
BACK_MS = 7 * 24 * 3_600_000
# Clips without an event that wait for their hour. They come from kills, so they are few.
SUSPECTS = 10_000

log = logging.getLogger(__name__)


class Eraser(Reader):
    """Deletes clips that were removed, and every hour those that have been without an event for one."""

    name = "eraser"
    urgent = (ClipRemoved.kind,)

    def __init__(self, registry: RoomRegistry, blobs: RemoteBlobs, clock: Callable[[], int]) -> None:
        self._registry, self._blobs, self._clock = registry, blobs, clock
        self._since_ms = clock() - BACK_MS
        self._begun_ms: int | None = None  # when the sweep that runs began
        self._place = ""
        self._next_ms = clock()
        self._suspects: dict[str, int] = {}  # since when we know of each

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Delete a clip that was removed; the removal itself has done so, if it could."""
        if not isinstance(change.event.data, ClipRemoved):
            return None
        try:
            await self._blobs.delete(change.room, [change.event.data.clip])
        except Away as away:
            raise Unavailable(str(away)) from away
        return ()

    async def idle(self) -> Rest:
        """Sweep when it is time, a page in each call: the feed is read in between."""
        if self._begun_ms is None and self._clock() < self._next_ms:
            return Rest(within_ms=self._next_ms - self._clock())
        try:
            await self._sweep()
        except Away as away:
            raise Unavailable(str(away)) from away
        return Rest(within_ms=0 if self._begun_ms is not None else self._next_ms - self._clock())

    async def _sweep(self) -> None:
        if self._begun_ms is None:
            await self._judge()
            self._begun_ms = self._clock()
        page = await self._blobs.written(self._since_ms, self._place)
        for id_, _ in await self._orphans([id_ for id_ in page.ids if id_ not in self._suspects]):
            if len(self._suspects) < SUSPECTS:
                self._suspects[id_] = self._clock()
        self._place = page.place
        if not page.place:
            self._since_ms = self._begun_ms - ORPHAN_MS  # what was written while we swept is looked at again
            self._next_ms, self._begun_ms = self._begun_ms + SWEEP_EVERY_MS, None

    async def _judge(self) -> None:
        """Delete the suspects whose hour is over, when still nothing tells of them."""
        due = [id_ for id_, since_ms in self._suspects.items() if self._clock() - since_ms >= ORPHAN_MS]
        for id_, room in await self._orphans(due):
            await self._blobs.delete(room, [id_])
            log.info("blobs.orphan_deleted room=%.6s clip=%.6s", room, id_)
        for id_ in due:
            del self._suspects[id_]

    async def _orphans(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Return those clips that are stored and their room does not know, each with its room."""
        rooms: dict[str, list[str]] = {}
        for id_ in ids:
            with suppress(Damaged):  # what is none of ours is left alone
                if (info := await self._blobs.info(id_)) is not None:
                    rooms.setdefault(info.room, []).append(id_)
        found: list[tuple[str, str]] = []
        for room, stored in rooms.items():
            try:
                known: Container[str] = (await self._registry.look(room)).clips
            except NoSuchRoom:
                known = ()
            except Damaged:  # what it knows is not known; others are swept on
                continue
            found += [(id_, room) for id_ in stored if id_ not in known]
        return found
