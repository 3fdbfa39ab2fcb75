"""The SQLite file: how it is opened, what is in it, and how older ones are brought up to date.

Erasing must leave no byte behind, and SQLite's `secure_delete` alone does not see to that: when a
page of a table is split or merged, copies of rows that moved stay behind in the gap of the old page
and are never found again. So rows with content never move:
- `event` and `room` only grow at their end; what is erased is overwritten in place by as many
  bytes, and dropped rooms keep their rows, blank, until `compact` rewrites the file.
- `blob` and `snapshot_body` rows begin with a guard as long as what SQLite keeps of a row in the page
  itself (4061 bytes of 4096), so their content lies in overflow pages, which never move and are zeroed
  when freed.
- all else (indexes, `room_head`, `used_key`, `cursor`, `projection`) holds numbers, hashes and ids of clips.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import apsw
from msgspec import Struct

from server.log import sums
from server.log.base import Unusable

SQLITE_AT_LEAST = (3, 51, 3)  # before, two connections that write and checkpoint could corrupt a WAL
APPLICATION_ID = 0x574F4E44  # WOND
BUSY_MS = 5_000
PAGE_BYTES = 4_096
GUARD_BYTES = 4_096
COMPACT_ABOVE_BYTES = 64_000_000
COMPACT_ABOVE_SHARE = 0.5
FREE_SHARE = 0.05
FREE_BYTES = 1_000_000_000

MIGRATIONS = (
    """
    CREATE TABLE room(
        number INTEGER PRIMARY KEY,
        name BLOB NOT NULL UNIQUE,          -- hash of the id
        id TEXT NOT NULL
    ) STRICT;
    CREATE TABLE standing(                  -- a room as of its newest event
        room INTEGER PRIMARY KEY,
        head INTEGER NOT NULL,
        last_at_ms INTEGER NOT NULL,
        public INTEGER NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX standing_recent ON standing(public, last_at_ms);
    CREATE TABLE event(
        room INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        key TEXT,                           -- of version 1 only, for the sum has it
        sum BLOB NOT NULL,                  -- 4 bytes, so that a row keeps its length
        body BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX event_place ON event(room, seq);
    CREATE INDEX event_key ON event(room, key) WHERE key IS NOT NULL;
    CREATE TABLE blob(
        number INTEGER PRIMARY KEY,
        guard BLOB NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE shelf(                     -- where a blob is
        id TEXT PRIMARY KEY,
        room INTEGER NOT NULL,
        blob INTEGER NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX shelf_room ON shelf(room);
    CREATE TABLE secret(
        number INTEGER PRIMARY KEY CHECK (number = 1),
        sum INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE blank(                     -- how much of the file dropped rooms take up
        number INTEGER PRIMARY KEY CHECK (number = 1),
        bytes INTEGER NOT NULL
    ) STRICT;
    INSERT INTO blank VALUES (1, 0);
    """,
    # Keys leave the events, which never shrink, so that they can be forgotten. Of those of old the last day's
    # and the newest thousand events' come along, for a day: what they were used for is not known.
    """
    CREATE TABLE used_key(
        room INTEGER NOT NULL,
        seq INTEGER NOT NULL,               -- of the first event that it stored, and of the
        last INTEGER NOT NULL,
        nth INTEGER NOT NULL,               -- how many keys its room had used by then
        at_ms INTEGER NOT NULL,
        key TEXT NOT NULL,
        digest BLOB NOT NULL,               -- of what it was used for, empty: unknown
        sum INTEGER NOT NULL,
        PRIMARY KEY (room, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX used_key_name ON used_key(room, key);
    INSERT INTO used_key
    SELECT room, seq, last, nth, at_ms, key, x'', sum_of_key(room, key, x'', seq, last, nth, at_ms) FROM (
        SELECT room, key, min(seq) AS seq, max(seq) AS last, -1000 AS nth, unixepoch() * 1000 AS at_ms
        FROM event JOIN standing USING (room)
        WHERE key IS NOT NULL AND (seq > head - 1000 OR iif(json_valid(CAST(body AS TEXT)),
            CAST(body AS TEXT) ->> '$.at_ms' > (unixepoch() - 86400) * 1000, FALSE))
        GROUP BY room, key
    );
    DROP INDEX event_key;
    """,
    # Snapshots: what they hold lies behind a guard, as blobs do.
    """
    CREATE TABLE snapshot(
        room INTEGER NOT NULL,
        part TEXT NOT NULL,                 -- empty: the body, without which the others are none
        seq INTEGER NOT NULL,
        version BLOB NOT NULL,
        content INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (room, part)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE snapshot_body(
        number INTEGER PRIMARY KEY,
        guard BLOB NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    """,
    # An event's rowid becomes its position in the changes feed: a name that `VACUUM` promises to keep. What
    # readers have seen and keep stands beside it. The rows move once, into pages that were never written, and
    # the old pages are zeroed when they are freed.
    """
    CREATE TABLE placed_event(
        position INTEGER PRIMARY KEY,       -- grows, and is never used again (see `_compact`)
        room INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        key TEXT,
        sum BLOB NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    INSERT INTO placed_event SELECT rowid, room, seq, key, sum, body FROM event ORDER BY rowid;
    DROP TABLE event;
    ALTER TABLE placed_event RENAME TO event;
    CREATE UNIQUE INDEX event_place ON event(room, seq);
    CREATE TABLE cursor(
        reader TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        sum INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE projection(
        room INTEGER NOT NULL,
        reader TEXT NOT NULL,
        item TEXT NOT NULL,
        part TEXT NOT NULL,
        number INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (room, reader, item)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX projection_order ON projection(reader, part, number, item);
    """,
    # Names that say what is in a table.
    """
    ALTER TABLE standing RENAME TO room_head;
    DROP INDEX standing_recent;
    CREATE INDEX room_head_recent ON room_head(public, last_at_ms);
    ALTER TABLE shelf RENAME TO blob_index;
    DROP INDEX shelf_room;
    CREATE INDEX blob_index_room ON blob_index(room);
    ALTER TABLE blank RENAME TO erased_bytes;
    """,
)


class Settings(Struct, frozen=True, kw_only=True):
    """How the file is kept.

    `max_bytes` is a quota for the file; blobs are refused when the disk has less than both
    `free_share` and `free_bytes` left. `disk` returns the free and all bytes of the file's
    disk. `synchronous` NORMAL loses acknowledged events in a power cut: it is the control of a test.
    """

    max_bytes: int | None = None
    free_share: float = FREE_SHARE
    free_bytes: int = FREE_BYTES
    disk: Callable[[], tuple[int, int]] | None = None
    synchronous: str = "FULL"
    vfs: str | None = None


def check_version(version: str | None = None) -> None:
    """Raise `Unusable` when the SQLite at hand is too old to be trusted."""
    have = version or apsw.sqlite_lib_version()
    if tuple(int(part) for part in have.split(".")) < SQLITE_AT_LEAST:
        need = ".".join(map(str, SQLITE_AT_LEAST))
        raise Unusable(f"SQLite {have} can lose data: install apsw with SQLite {need} or newer.")


def open_writer(path: Path, settings: Settings) -> apsw.Connection:
    """Open the file for writing, making or migrating it. Raises `Unusable` with a sentence."""
    check_version()
    try:
        with ExitStack() as failing:
            connection = apsw.Connection(_name(path), vfs=settings.vfs)
            failing.callback(connection.close, True)
            connection.set_busy_timeout(BUSY_MS)
            _prepare(connection, path, settings)
            failing.pop_all()
    except apsw.NotADBError:
        raise Unusable(f"{path} is not a database: move it away, or choose another --data.") from None
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise Unusable(f"{path} cannot be opened for writing: {error}.") from None
    except apsw.CorruptError as error:
        raise Unusable(f"{path} is damaged: {error}. Restore it from a backup.") from None
    except apsw.FullError:
        raise Unusable(f"{path} cannot be opened: the disk or the quota is full.") from None
    return connection


def open_reader(path: Path, settings: Settings) -> apsw.Connection:
    """Open the file for reading only; the writer has made it."""
    connection = apsw.Connection(_name(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=settings.vfs)
    connection.set_busy_timeout(BUSY_MS)
    return connection


def _name(path: Path) -> str:
    """Return a path as SQLite takes it, by its bytes: they are UTF-8 whatever the locale makes of them."""
    try:
        return os.fsencode(path).decode("utf-8")
    except UnicodeError:
        raise Unusable(f"{path!r} has letters that are not UTF-8: choose another --data.") from None


def _prepare(connection: apsw.Connection, path: Path, settings: Settings) -> None:
    _check_ours(connection, path)
    for pragma in ("journal_mode = WAL", f"synchronous = {settings.synchronous}", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute(
        "PRAGMA wal_autocheckpoint = 0"
    ).fetchall()  # the writing thread does it, and sees errors
    _migrate(connection)
    if connection.pragma("page_size") != PAGE_BYTES:
        raise Unusable(f"{path} has pages of another size than {PAGE_BYTES} bytes.")
    if settings.max_bytes is not None:
        connection.pragma("max_page_count", max(1, settings.max_bytes // PAGE_BYTES))
    _look_at_noted_damage(connection, path)
    _compact(connection)
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def _check_ours(connection: apsw.Connection, path: Path) -> None:
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    if tables and connection.pragma("application_id") != APPLICATION_ID:
        raise Unusable(f"{path} is the database of another program: choose another --data.")
    if int(connection.pragma("user_version")) > len(MIGRATIONS):
        raise Unusable(f"{path} was written by a newer version of this program: update it.")


def _migrate(connection: apsw.Connection) -> None:
    """Bring the file up to date; each step is whole or has not happened."""
    connection.create_scalar_function("sum_of_key", lambda *row: sums.of_key(*cast(Any, row)))
    for version in range(int(connection.pragma("user_version")), len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(MIGRATIONS[version])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version + 1}")
        connection.execute("COMMIT")


def check_catalogue(connection: apsw.Connection, path: Path) -> None:
    """Check what finds rooms and blobs: damaged, it would hide them instead of failing.

    Takes a second for 100,000 clips, so a start leaves it to `checking`. Raises `Unusable`.
    """
    for table in ("room", "room_head", "blob_index"):
        try:
            sound = connection.pragma("integrity_check", table) == "ok"
        except apsw.CorruptError:
            sound = False
        if not sound:
            raise Unusable(f"{path} is damaged in its table of {table}s: restore it from a backup.")


def is_progress_sound(connection: apsw.Connection) -> bool:
    """Tell whether what readers keep is whole: rows that are lost would never be missed."""
    try:
        return all(connection.pragma("integrity_check", each) == "ok" for each in ("projection", "cursor"))
    except apsw.CorruptError:
        return False


def note_damage(path: Path) -> None:
    """Write a note beside the file that its catalogue was found to be damaged."""
    _note(path).touch()


def _look_at_noted_damage(connection: apsw.Connection, path: Path) -> None:
    """Look before serving when the last run found damage; the note goes when all is well (restored)."""
    if _note(path).exists():
        check_catalogue(connection, path)
        _note(path).unlink()


def _note(path: Path) -> Path:
    return path.with_name(path.name + "-damaged")


def _compact(connection: apsw.Connection) -> None:
    """Rewrite the whole file without what was erased, when that is much."""
    blank = connection.execute("SELECT bytes FROM erased_bytes").get or 0
    size = int(connection.pragma("page_count")) * PAGE_BYTES
    if blank > COMPACT_ABOVE_BYTES and blank > COMPACT_ABOVE_SHARE * size:
        with connection:
            # The newest row stays, and its room's: or the next event would get its place again.
            connection.execute(
                "DELETE FROM event WHERE room NOT IN (SELECT room FROM room_head)"
                " AND position < (SELECT max(position) FROM event)"
            )
            connection.execute("DELETE FROM room WHERE number NOT IN (SELECT room FROM event)")
            connection.execute("UPDATE erased_bytes SET bytes = 0")
        connection.execute("VACUUM")
