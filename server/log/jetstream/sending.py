"""Storing one append: sent again, the very same, until it is known whether it was stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from server.log.base import StorageFull
from server.log.jetstream.reading import Rooms, message_of
from server.log.jetstream.records import Place, Record, header, place_of
from server.nats.codes import FULL, JETSTREAM_CODES, WRONG_SEQUENCE, WRONG_SEQUENCE_MAYBE
from server.nats.connection import Connection, Headers, NatsRefused, NatsSilent

# A server that leads the stream may die: another leads it within 4 to 9 s.
DOUBT_S = 15.0
ANSWER_S = 2.0
AGAIN_S = 0.05  # ... and while another append to the subject is on its way, perhaps our own
DOUBTED_KEPT = 10_000
STEPS_BACK = 64  # messages of others that may have come after ours while we were in doubt

EXPECTED = "Nats-Expected-Last-Subject-Sequence"
Part = tuple[str, bytes, Headers]


class Moved(Exception):
    """Somebody else appended to the room; nothing of ours was stored. `place` is where it ends now."""

    def __init__(self, place: Place) -> None:
        super().__init__("the room has moved")
        self.place = place


class Sender:
    """Sends appends of rooms."""

    def __init__(self, connection: Connection, rooms: Rooms) -> None:
        self._connection, self._rooms = connection, rooms
        self.doubted: set[str] = set()  # appends that were given up, and may be stored

    async def store(
        self, room: str, place: Place, record: Record, body: bytes, copies: Sequence[Part] = ()
    ) -> Place:
        """Store a record, with blanked copies in the same commit; return where the room ends then.

        Raises `Moved`, `StorageFull`, `TooLarge`, and `OSError` for what is in doubt or broken.
        """
        loop = asyncio.get_running_loop()
        within = loop.time() + DOUBT_S
        message: Part = (self._rooms.subject(room), body, {EXPECTED: str(place.head), **header(record)})
        while True:
            try:
                seq = await self._send(message, copies)
                return place_of(seq, seq, record)
            except NatsRefused as refused:
                error: OSError = NatsSilent(str(refused))
                if refused.code in FULL:
                    raise StorageFull("the stream of the room is full") from refused
                if refused.code < JETSTREAM_CODES:
                    raise error from refused
                if refused.code in (WRONG_SEQUENCE, WRONG_SEQUENCE_MAYBE):
                    try:
                        stored = await self._look(room, place, record)
                    except (NatsSilent, NatsRefused) as unseen:
                        error = NatsSilent(str(unseen))
                    else:
                        if stored is not None:
                            return stored
            except NatsSilent as silent:
                error = silent
            if loop.time() > within:
                if len(self.doubted) >= DOUBTED_KEPT:
                    self.doubted.clear()
                self.doubted.add(record.append)
                raise error
            await asyncio.sleep(AGAIN_S)

    async def _send(self, message: Part, copies: Sequence[Part]) -> int:
        """Send it once; return its sequence."""
        if not copies:
            return await self._connection.publish(*message, timeout_s=ANSWER_S)
        return await self._connection.publish_together([message, *copies], ANSWER_S) - len(copies)

    async def _look(self, room: str, place: Place, record: Record) -> Place | None:
        """Return where the room ends if our append is stored, None to send it again. Raises `Moved`."""
        now = await self._rooms.look_surely(room)
        if now.head == place.head:
            return None  # refused for what was on its way, and is not stored
        seen = now
        for _ in range(STEPS_BACK):
            if seen.record.append == record.append:
                # With others behind it, the next append finds that out.
                return place_of(seen.seq, seen.seq, seen.record)
            if seen.record.prev <= place.seq:
                break
            before = await self._connection.get(self._rooms.stream(room), seen.record.prev)
            message = message_of(room, before) if before is not None else None
            if message is None:
                break
            seen = place_of(now.head, message.seq, message.record)
        raise Moved(now)
