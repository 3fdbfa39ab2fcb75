"""Erasing in the SQLite file: in place, for rows that move leave copies behind (see `schema`)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import apsw

from server.log import snapshots, sums
from server.log.base import LOST
from server.room.events import Erased, Event, blank, decode, encode, erased

_OVERWRITE = "UPDATE event SET sum = ?, body = ? WHERE position = ?"
_UNSTORE = "DELETE FROM blob WHERE number IN (SELECT blob FROM blob_index WHERE id = ? AND room = ?)"


def remove(connection: apsw.Connection, number: int, seqs: Sequence[int], blobs: Sequence[str]) -> None:
    """Blank events of a room and drop blobs of it; the places of the events stay."""
    for seq in seqs:
        _blank(connection, number, seq)
    for id_ in blobs:
        connection.execute(_UNSTORE, (id_, number))
        connection.execute("DELETE FROM blob_index WHERE id = ? AND room = ?", (id_, number))


def drop(connection: apsw.Connection, room: str, number: int) -> None:
    """Drop a room with all that belongs to it."""
    run = connection.execute
    size = run("SELECT total(length(body)) FROM event WHERE room = ?", (number,)).get
    run("UPDATE event SET body = zeroblob(length(body)) WHERE room = ?", (number,))
    run("DELETE FROM blob WHERE number IN (SELECT blob FROM blob_index WHERE room = ?)", (number,))
    run("DELETE FROM blob_index WHERE room = ?", (number,))
    snapshots.drop(connection, number)
    run("DELETE FROM room_head WHERE room = ?", (number,))
    run("DELETE FROM used_key WHERE room = ?", (number,))
    run("DELETE FROM projection WHERE room = ?", (number,))
    gone = (secrets.token_bytes(sums.NAME_BYTES), " " * len(room.encode()), number)
    run("UPDATE room SET name = ?, id = ? WHERE number = ?", gone)
    run("UPDATE erased_bytes SET bytes = bytes + ?", (int(size or 0),))


def _blank(connection: apsw.Connection, number: int, seq: int) -> None:
    sql = "SELECT position, key, body FROM event WHERE room = ? AND seq = ?"
    rows: list[Any] = connection.execute(sql, (number, seq)).fetchall()
    for position, key, body in rows:
        rest = _blanked(seq, body).ljust(len(body))
        sum_ = sums.of_event(number, seq, key, rest)
        connection.execute(_OVERWRITE, (sum_, rest, position))


def _blanked(seq: int, body: bytes) -> bytes:
    """Return what an event becomes, never longer than it was: rows must not move."""
    try:
        event = decode(body)
    except ValueError:
        return encode(Event(seq, seq - 1, 0, None, LOST, Erased()))
    kept = encode(erased(event))
    return kept if len(kept) <= len(body) else encode(blank(event))
