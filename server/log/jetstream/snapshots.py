"""Snapshots of rooms: a message for each part, and one that names them, which is the commit.

What takes the place of another erases it, for it holds words; so does whatever erases. Should that come too
late, the room's own record tells: a snapshot from before the newest erasing message is none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct, field

from server.log.base import Damaged, Snapshot, StorageFull
from server.log.jetstream.reading import BATCH, READ_S, Rooms
from server.log.jetstream.records import Place, token
from server.nats.codes import FULL
from server.nats.connection import Connection, NatsRefused, NatsSilent, Stored, TooLarge

STREAM = "SNAPS"
SUBJECTS = "snaps.>"
BODY = ""
PIECE_BYTES = 500_000  # well below what a server takes by default

logger = logging.getLogger(__name__)


class _Named(Struct, frozen=True):
    """What a snapshot is made of: sequences of the pieces of each part. `at` is where the room ended."""

    seq: int
    version: bytes
    at: int
    base: int
    parts: dict[str, list[int]] = field(default_factory=dict)


_decoder = msgspec.json.Decoder(_Named)


class Snapshots:
    """The snapshots of all rooms. What writes is called by the room's line alone, one after another."""

    def __init__(self, connection: Connection, rooms: Rooms) -> None:
        self._connection, self._rooms = connection, rooms
        self._distrusted: set[str] = set()  # rooms whose parts may be older than their writer believes

    async def read(self, room: str) -> Snapshot | None:
        """Return the snapshot of a room. Raises `Damaged`."""
        place = await self._rooms.look(room)
        named = await self._named(room)
        while named is not None and BODY in named[1].parts and place.floor <= named[1].at:
            if named[1].base != place.base:
                return None
            snapshot = await self._whole(named[1])
            if snapshot is not None:
                return snapshot
            again = await self._named(room)  # another took its place while it was read
            if again is not None and again[0] == named[0]:
                raise Damaged("parts of a snapshot are lost")
            named = again
        return None

    async def keep(self, room: str, snapshot: Snapshot, place: Place) -> None:
        """Put a snapshot in the place of the one before. Raises `StorageFull`, `OSError`."""
        before = None if room in self._distrusted else await self._named(room)
        parts = {
            part: pieces
            for part, pieces in (before[1].parts if before and before[1].base == place.base else {}).items()
            if part in snapshot.kept and part != BODY
        }
        try:
            for part, body in {**snapshot.parts, BODY: snapshot.body}.items():
                parts[part] = [await self._piece(room, piece) for piece in _pieces(body)]
            named = _Named(snapshot.seq, snapshot.version, place.seq, place.base, parts)
            at = await self._store(self._subject(room), msgspec.json.encode(named))
        except (StorageFull, OSError):
            self._distrusted.add(room)
            raise
        await self._erase_but(room, {at, *_all_of(parts)})
        self._distrusted.discard(room)

    async def renew(self, room: str, snapshot: Snapshot, place: Place) -> None:
        """Keep the snapshot of an append that is stored: where that fails there is none."""
        try:
            await self.keep(room, snapshot, place)
        except (StorageFull, OSError) as error:
            logger.warning("log.snapshot_not_kept room=%.6s %s", room, type(error).__name__)

    async def drop_words(self, room: str) -> None:
        """Drop what may hold words; parts stay, for the next snapshot may keep them. Raises `OSError`."""
        found = await self._named(room)
        if found is None or BODY not in found[1].parts:
            return
        named = found[1]
        parts = {part: pieces for part, pieces in named.parts.items() if part != BODY}
        left = _Named(named.seq, named.version, named.at, named.base, parts)
        try:
            at = await self._store(self._subject(room), msgspec.json.encode(left))
        except StorageFull:
            await self.drop(room)  # what goes must go
            return
        await self._erase_but(room, {at, *_all_of(parts)})

    async def drop(self, room: str) -> None:
        """Drop the snapshot with all its parts."""
        await self._erase_but(room, set())
        self._distrusted.discard(room)

    async def tidy(self, room: str, place: Place) -> None:
        """Erase what is none of a snapshot's any more. Raises `OSError`."""
        found = await self._named(room)
        if found is not None and BODY in found[1].parts and found[1].at < place.floor:
            await self.drop_words(room)
        elif found is not None:
            await self._erase_but(room, {found[0], *_all_of(found[1].parts)})
        else:
            await self.drop(room)

    def _subject(self, room: str) -> str:
        return f"snaps.{token(room)}"

    async def _piece(self, room: str, body: bytes) -> int:
        return await self._store(f"{self._subject(room)}.piece", body)

    async def _store(self, subject: str, body: bytes) -> int:
        try:
            return await self._connection.publish(subject, body)
        except NatsRefused as refused:
            if refused.code in FULL:
                raise StorageFull("the stream of snapshots is full") from refused
            raise NatsSilent(str(refused)) from refused
        except TooLarge as error:
            raise StorageFull(str(error)) from error

    async def _named(self, room: str) -> tuple[int, _Named] | None:
        stored = await self._connection.newest(STREAM, self._subject(room))
        if stored is None:
            return None
        try:
            return stored.seq, _decoder.decode(stored.body)
        except msgspec.DecodeError:
            logger.warning("log.junk snapshot room=%.6s", room)
            return None

    async def _whole(self, named: _Named) -> Snapshot | None:
        """Return a snapshot with all its parts, None when some are not there."""
        parts: dict[str, bytes] = {}
        for part, pieces in named.parts.items():
            found = [await self._connection.get(STREAM, piece) for piece in pieces]
            if any(piece is None for piece in found):
                return None
            parts[part] = b"".join(piece.body for piece in found if piece is not None)
        return Snapshot(named.seq, named.version, parts.pop(BODY), parts)

    async def _erase_but(self, room: str, kept: set[int]) -> None:
        """Erase what the stream has of a room, but for some messages."""
        for subject in (self._subject(room), f"{self._subject(room)}.piece"):
            for stored in await self._all(subject):
                if stored.seq not in kept:
                    await self._erase(stored.seq)

    async def _erase(self, seq: int) -> None:
        try:
            await self._connection.erase(STREAM, seq)
        except NatsRefused as refused:
            raise NatsSilent(str(refused)) from refused

    async def _all(self, subject: str) -> Sequence[Stored]:
        found: list[Stored] = []
        seq = 1
        while True:
            asked = {"seq": seq, "batch": BATCH, "next_by_subj": subject}
            fresh = await self._connection.batch(STREAM, asked, READ_S)
            if not fresh:
                return found
            found += fresh
            seq = fresh[-1].seq + 1


def _all_of(parts: Mapping[str, Sequence[int]]) -> Iterator[int]:
    return (piece for pieces in parts.values() for piece in pieces)


def _pieces(body: bytes) -> list[bytes]:
    return [body[at : at + PIECE_BYTES] for at in range(0, max(len(body), 1), PIECE_BYTES)]
