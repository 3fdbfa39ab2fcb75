"""Snapshots in the SQLite file: one a room, its body and its parts as rows that leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apsw

from server.log import sums
from server.log.base import Damaged, Snapshot
from server.log.schema import GUARD_BYTES

BODY = ""  # the part that may hold words

_ROWS = (
    "SELECT part, seq, version, sum, body FROM snapshot"
    " LEFT JOIN snapshot_body ON number = snapshot.content WHERE room = ?"
)
_STORE = "INSERT INTO snapshot_body(guard, body) VALUES (zeroblob(?), ?)"
_NAME = "INSERT INTO snapshot(room, part, seq, version, content, sum) VALUES (?, ?, ?, ?, ?, ?)"
_UNSTORE = (
    "DELETE FROM snapshot_body WHERE number IN (SELECT content FROM snapshot WHERE room = ? AND part = ?)"
)
_UNNAME = "DELETE FROM snapshot WHERE room = ? AND part = ?"


def read(connection: apsw.Connection, number: int) -> Snapshot | None:
    """Return the snapshot of a room. Raises `Damaged`."""
    rows: list[Any] = connection.execute(_ROWS, (number,)).fetchall()
    parts: dict[str, bytes] = {}
    made: tuple[int, bytes] | None = None
    for part, seq, version, sum_, body in rows:
        if body is None or sums.of_snapshot(number, part, seq, version, body) != sum_:
            raise Damaged("a snapshot is damaged")
        parts[part] = body
        made = (seq, version) if part == BODY else made
    return Snapshot(*made, parts.pop(BODY), parts) if made else None


def keep(connection: apsw.Connection, number: int, snapshot: Snapshot) -> None:
    """Put a snapshot in the place of the one before."""
    parts = {BODY: snapshot.body, **snapshot.parts}
    stored: list[Any] = connection.execute("SELECT part FROM snapshot WHERE room = ?", (number,)).fetchall()
    _remove(connection, number, (part for (part,) in stored if part in parts or part not in snapshot.kept))
    for part, body in parts.items():
        connection.execute(_STORE, (GUARD_BYTES, body))
        row = connection.last_insert_rowid()
        made = (snapshot.seq, snapshot.version)
        connection.execute(_NAME, (number, part, *made, row, sums.of_snapshot(number, part, *made, body)))


def drop_body(connection: apsw.Connection, number: int) -> None:
    """Drop what may hold words: the snapshot is none any more."""
    _remove(connection, number, (BODY,))


def drop(connection: apsw.Connection, number: int) -> None:
    """Drop a snapshot with all its parts."""
    stored: list[Any] = connection.execute("SELECT part FROM snapshot WHERE room = ?", (number,)).fetchall()
    _remove(connection, number, (part for (part,) in stored))


def _remove(connection: apsw.Connection, number: int, parts: Iterable[str]) -> None:
    for part in parts:
        connection.execute(_UNSTORE, (number, part))
        connection.execute(_UNNAME, (number, part))
