"""Reading from the SQLite file: every row is checked before it leaves here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from server.blobs.base import Blob, BlobInfo
from server.log import snapshots, sums
from server.log.base import Damaged, Listing, Snapshot
from server.log.moving import KeyUse
from server.room.events import Event, decode

_PLACE = (
    "SELECT room, head, last_at_ms, public, sum FROM room_head"
    " WHERE room = (SELECT number FROM room WHERE name = ?)"
)
_EVENTS = "SELECT seq, key, sum, body FROM event WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?"
_USED = "SELECT seq, last, nth, at_ms, digest, sum FROM used_key WHERE room = ? AND key = ?"
_USES = (
    "SELECT key, digest, seq, last, nth, at_ms, sum FROM used_key WHERE room = ? AND seq BETWEEN ? AND ?"
    " ORDER BY seq"
)
_BLOB = (
    "SELECT room.id, blob_index.room, blob_index.sum, blob.body FROM blob_index"
    " LEFT JOIN room ON room.number = blob_index.room LEFT JOIN blob ON blob.number = blob_index.blob"
    " WHERE blob_index.id = ?"
)
# The length stands at the head of the row: what follows it is not read.
_INDEXED_BLOB = (
    "SELECT room.id, room.name, length(blob.body) FROM blob_index"
    " LEFT JOIN room ON room.number = blob_index.room LEFT JOIN blob ON blob.number = blob_index.blob"
    " WHERE blob_index.id = ?"
)
_BLOB_IDS = "SELECT id FROM blob_index WHERE id > ? ORDER BY id LIMIT ?"
_ROOMS = (
    "SELECT room.id, room.name, room_head.room, head, last_at_ms, public, sum FROM room_head"
    " JOIN room ON room.number = room_head.room WHERE public = ?"
    " ORDER BY last_at_ms DESC, room.id LIMIT ?"
)

# By their hashes, which have an index.
_ALL_ROOMS = (
    "SELECT room.id, room.name FROM room JOIN room_head ON room_head.room = room.number"
    " WHERE room.name > ? ORDER BY room.name LIMIT ?"
)

Row = tuple[int, str | None, bytes, bytes]


class Place(Struct):
    """A room's number and head, and how many keys it has used (None: not looked up yet)."""

    number: int
    head: int = 0
    last_at_ms: int = 0
    public: bool = False
    keys: int | None = None

    def sum(self) -> int:
        """Return the checksum of the row."""
        return sums.of_room_head(self.number, self.head, self.last_at_ms, self.public)


class Use(Struct, frozen=True):
    """What a key was used for, and the events that it stored."""

    digest: bytes
    events: list[Event]


class Reader:
    """Reads over one connection; raises `Damaged` for what is not as it was written."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def place(self, room: str) -> Place | None:
        """Return a room's place, None if the room does not exist."""
        row: Any = self._connection.execute(_PLACE, (sums.name(room),)).fetchone()
        return _place(row) if row else None

    def head(self, room: str) -> int:
        """Return the newest seq, 0 if the room does not exist."""
        place = self.place(room)
        return place.head if place else 0

    def read(self, room: str, after: int, limit: int) -> list[Event]:
        """Return events after a seq; all of them must be there."""
        with self._snapshot():
            place = self.place(room)
            after = max(after, 0)
            if place is None or after >= place.head or limit <= 0:
                return []
            rows: list[Any] = self._connection.execute(_EVENTS, (place.number, after, limit)).fetchall()
        if [row[0] for row in rows] != list(range(after + 1, min(after + limit, place.head) + 1)):
            raise Damaged("events are missing")
        return [event(place.number, row) for row in rows]

    def newest(self, room: str, limit: int) -> list[Event]:
        """Return the newest events."""
        with self._snapshot():
            return self.read(room, max(self.head(room) - limit, 0), limit)

    def used(self, number: int, key: str) -> Use | None:
        """Return the first use of a key in a room, None for a key that is new or forgotten."""
        row: Any = self._connection.execute(_USED, (number, key)).fetchone()
        if row is None:
            return None
        seq, last, nth, at_ms, digest, sum_ = row
        if sums.of_key(number, key, digest, seq, last, nth, at_ms) != sum_:
            raise Damaged("a key is damaged")
        rows: list[Any] = self._connection.execute(_EVENTS, (number, seq - 1, last - seq + 1)).fetchall()
        return Use(digest, [event(number, row) for row in rows])

    def key_uses(self, room: str, first: int, last: int) -> list[KeyUse]:
        """Return the keys that still count of some events."""
        place = self.place(room)
        if place is None:
            return []
        rows: list[Any] = self._connection.execute(_USES, (place.number, first, last)).fetchall()
        for key, digest, *numbers, sum_ in rows:
            if sums.of_key(place.number, key, digest, *numbers) != sum_:
                raise Damaged("a key is damaged")
        return [KeyUse(key, seq, end, digest) for key, digest, seq, end, *_ in rows]

    def all_rooms(self, after: str, limit: int) -> list[str]:
        """Return ids of rooms after one, in the order of their hashes."""
        name = sums.name(after) if after else b""
        rows: list[Any] = self._connection.execute(_ALL_ROOMS, (name, limit)).fetchall()
        if any(sums.name(room) != name for room, name in rows):
            raise Damaged("the catalogue is damaged")
        return [room for room, _ in rows]

    def snapshot(self, room: str) -> Snapshot | None:
        """Return a room's snapshot."""
        with self._snapshot():
            place = self.place(room)
            return snapshots.read(self._connection, place.number) if place else None

    def blob(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob."""
        row: Any = self._connection.execute(_BLOB, (id,)).fetchone()
        if row is None:
            return None
        room, number, sum_, body = row
        if room is None or body is None or sums.of_blob(id, number, body) != sum_:
            raise Damaged("a blob is damaged")
        return Blob(id, room, body)

    def blob_info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return whose a blob is and its size."""
        row: Any = self._connection.execute(_INDEXED_BLOB, (id,)).fetchone()
        if row is None:
            return None
        room, name, size_bytes = row
        if room is None or size_bytes is None or sums.name(room) != name:
            raise Damaged("a blob is damaged")
        return BlobInfo(id, room, size_bytes)

    def blob_ids(self, after: str, limit: int) -> list[str]:
        """Return ids of blobs in their order."""
        rows: list[Any] = self._connection.execute(_BLOB_IDS, (after, max(limit, 0))).fetchall()
        return [id_ for (id_,) in rows]

    def rooms(self, limit: int, public: bool | None) -> list[Listing]:
        """Return the catalogue, liveliest first."""
        wanted = (0, 1) if public is None else (int(public),)
        with self._snapshot():
            found = [self._connection.execute(_ROOMS, (each, max(limit, 0))).fetchall() for each in wanted]
            rows: list[Any] = sorted(
                (row for rows in found for row in rows), key=lambda row: (-row[4], row[0])
            )
            return [self._listing(row[0], row[1], _place(row[2:])) for row in rows[: max(limit, 0)]]

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Make several reads see one state of the file."""
        with self._connection:
            yield

    def _listing(self, room: str, name: bytes, place: Place) -> Listing:
        row: Any = self._connection.execute(_EVENTS, (place.number, 0, 1)).fetchone()
        if row is None or sums.name(room) != name:
            raise Damaged("the catalogue is damaged")
        return Listing(room, place.head, event(place.number, row), place.last_at_ms, place.public)


def event(number: int, row: Row) -> Event:
    """Return the event of a row whose sum is right."""
    seq, key, sum_, body = row
    if sums.of_event(number, seq, key, body) != sum_:
        raise Damaged(f"event {seq} is damaged")
    try:
        return decode(body)
    except msgspec.DecodeError as error:
        raise Damaged(f"event {seq} is damaged") from error


def _place(row: tuple[int, int, int, int, int]) -> Place:
    place = Place(row[0], row[1], row[2], bool(row[3]))
    if place.sum() != row[4]:
        raise Damaged("the catalogue is damaged")
    return place
