"""Erasing what a room's newest message takes back: at once, or again and again until it is done.

What was erased cannot be read from its commit on; this is about its bytes. Deleting is repeated after a
crash, by who hears of such a message: what is gone already is found to be so.
"""

from __future__ import annotations

import asyncio
import logging

from server.log.jetstream.readers import Readers
from server.log.jetstream.reading import Rooms
from server.log.jetstream.records import ALL_BEFORE, CLOSED, Place
from server.log.jetstream.records import shard as shard_of
from server.log.jetstream.sequence import Order
from server.log.jetstream.snapshots import Snapshots
from server.nats.connection import Connection, NatsRefused
from server.together import settled

AT_ONCE = 8  # each rewrites a block of the stream's file
AGAIN_S = 5.0  # also the time that another node has to finish what it began

logger = logging.getLogger(__name__)


class Eraser:
    """Erases in the streams; what failed waits for `due`."""

    def __init__(
        self, connection: Connection, rooms: Rooms, order: Order, snapshots: Snapshots, readers: Readers
    ) -> None:
        self._connection, self._rooms, self._order = connection, rooms, order
        self._snapshots, self._readers = snapshots, readers
        self._due: dict[str, float] = {}

    def later(self, room: str, place: Place | None = None) -> None:
        """Look in a while whether all of a room that should be is erased; a place says what that is."""
        if place is not None:
            self._rooms.suspect(room, place)
        self._due.setdefault(room, asyncio.get_running_loop().time() + AGAIN_S)

    def due(self) -> list[str]:
        """Return the rooms to look at now."""
        now_s = asyncio.get_running_loop().time()
        found = [room for room, at_s in self._due.items() if at_s <= now_s]
        for room in found:
            del self._due[room]
        return found

    async def gone(self, room: str, place: Place) -> None:
        """Erase what the newest message of a room takes back; called by the room's line alone."""
        try:
            if place.record.kind == CLOSED:
                await self._dropped(room, place)
            else:
                await self._erased(room, place)
        except (OSError, NatsRefused) as error:
            logger.warning("log.not_erased_yet room=%.6s %s", room, error)
            self.later(room, place)
            return
        place.pending = ()
        self._rooms.trust(room)

    async def again(self, room: str) -> None:
        """Finish what was begun for a room; called by the room's line alone."""
        try:
            place = await self._rooms.look_surely(room)
            await self._snapshots.tidy(room, place)
        except OSError:
            self.later(room)
            return
        await self.gone(room, place)
        known = self._rooms.known(room)
        if known is not None and known.seq == place.seq:
            known.pending = place.pending

    async def _erased(self, room: str, place: Place) -> None:
        seqs = [seq for seq in place.pending if seq != ALL_BEFORE]
        if ALL_BEFORE in place.pending:
            seqs += await self._rooms.sequences(room, place.base)
        for seq in seqs:
            await self._order.named(shard_of(room, self._rooms.shards), seq)
        await self._erase(room, seqs)

    async def _dropped(self, room: str, place: Place) -> None:
        await self._erase(room, await self._rooms.sequences(room, place.seq))
        await self._snapshots.drop(room)
        await self._readers.drop(room)

    async def _erase(self, room: str, seqs: list[int]) -> None:
        stream = self._rooms.stream(room)
        for at in range(0, len(seqs), AT_ONCE):
            some = seqs[at : at + AT_ONCE]
            await settled(self._connection.erase(stream, seq) for seq in some)
