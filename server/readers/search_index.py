"""The words of all rooms in an SQLite file of their own (FTS5), made anew from the log whenever it is lost.

Nothing here is served: a search answers ids, and what these stand for is read from the log. What was erased
leaves the index at once (`secure-delete`), and its last bytes when the file is rewritten (`clean`), for pages
of a tree keep copies of rows that moved. It is not synchronised to the disk: after a power cut it is checked,
and made anew when it is damaged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import apsw

APPLICATION_ID = 0x574F4E53  # WONS
VERSION = 2
BUSY_MS = 5_000
ROOM_BYTES = 12
# More words than these are not looked for together.
WORDS_MOST = 8

_SCHEMA = """
    CREATE TABLE item(
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        room TEXT NOT NULL,                 -- hash of its id
        item TEXT NOT NULL,                 -- a clip, or the seq of a text
        UNIQUE (room, item)
    ) STRICT;
    CREATE TABLE index_state(one INTEGER PRIMARY KEY CHECK (one = 1), anew INTEGER, unclean INTEGER) STRICT;
    INSERT INTO index_state VALUES (1, 1, 0);
    CREATE VIRTUAL TABLE words USING fts5(room, text, tokenize = "unicode61 remove_diacritics 2");
    INSERT INTO words(words, rank) VALUES('secure-delete', 1);
"""
_FOUND = """
    SELECT item.item FROM words JOIN item ON item.number = words.rowid
    WHERE words MATCH ? AND words.rowid < ? ORDER BY words.rowid DESC LIMIT ?
"""
_WORD = re.compile(r"_*[^\W_]\w*")  # to FTS5 an underscore alone is a phrase without words: nothing has it
LAST = 2**62


class SearchIndex:
    """One index; to be used by one thread at a time. Without a path it is in memory.

    Raises `apsw.Error`; after `apsw.CorruptError` only `reset` helps.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._connection = self._opened()

    @property
    def is_anew(self) -> bool:
        """Tell whether it was made anew and knows nothing of what happened before."""
        return bool(self._connection.execute("SELECT anew FROM index_state").get)

    @property
    def is_unclean(self) -> bool:
        """Tell whether bytes of what was erased may be left in the file."""
        return bool(self._connection.execute("SELECT unclean FROM index_state").get)

    def begin(self) -> None:
        """Note that the log is read from its beginning: from now on the index is whole."""
        self._connection.execute("UPDATE index_state SET anew = 0")

    def write(self, writes: Sequence[Write]) -> bool:
        """Do these in one commit; tell whether the file is unclean then."""
        with self._connection:
            for write in writes:
                write(self)
        return self.is_unclean

    def put(self, room: str, item: str, text: str) -> None:
        """Put the words of an item in the place of those that it had."""
        room = _token(room)
        with self._connection:
            self._connection.execute("INSERT OR IGNORE INTO item(room, item) VALUES (?, ?)", (room, item))
            if not self._connection.changes():
                self._drop(room, item)
                self._connection.execute("INSERT INTO item(room, item) VALUES (?, ?)", (room, item))
            row = self._connection.last_insert_rowid(), room, text
            self._connection.execute("INSERT INTO words(rowid, room, text) VALUES (?, ?, ?)", row)

    def drop(self, room: str, item: str) -> None:
        """Drop the words of an item."""
        with self._connection:
            if self._drop(_token(room), item):
                self._connection.execute("UPDATE index_state SET unclean = 1")

    def find(self, room: str, query: str, limit: int, *, skipped: int = 0) -> list[str]:
        """Return items of a room with all words of a query, the newest first; the last word may go on."""
        match = _match(room, query)
        if match is None:
            return []
        rows: list[Any] = self._connection.execute(_FOUND, (match, LAST, limit + skipped)).fetchall()
        return [str(item) for (item,) in rows[skipped:]]

    def clean(self) -> None:
        """Rewrite the file without what was erased."""
        self._connection.execute("INSERT INTO words(words) VALUES('optimize')")
        self._connection.execute("UPDATE index_state SET unclean = 0")
        self._connection.execute("VACUUM")

    def reset(self) -> None:
        """Begin anew without a word."""
        self._connection.close()
        if self._path is not None:
            _delete(self._path)
        self._connection = self._opened()

    def close(self) -> None:
        """Let go of the file; may be called again."""
        self._connection.close()

    def _drop(self, room: str, item: str) -> bool:
        found = self._connection.execute("SELECT number FROM item WHERE room = ? AND item = ?", (room, item))
        if (number := found.get) is None:
            return False
        self._connection.execute("DELETE FROM words WHERE rowid = ?", (number,))
        self._connection.execute("DELETE FROM item WHERE number = ?", (number,))
        return True

    def _opened(self) -> apsw.Connection:
        """Open the file; one that is damaged, or of another version, gives way to a fresh one."""
        if self._path is None:
            return _prepared(apsw.Connection(":memory:"))
        try:
            return _prepared(_private(self._path))
        except (apsw.CorruptError, apsw.NotADBError):
            _delete(self._path)
            return _prepared(_private(self._path))


# A change of an index.
Write = Callable[[SearchIndex], None]


def _prepared(connection: apsw.Connection) -> apsw.Connection:
    connection.set_busy_timeout(BUSY_MS)
    try:
        for pragma in ("journal_mode = TRUNCATE", "synchronous = OFF", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        version = connection.pragma("application_id"), connection.pragma("user_version")
        if version == (0, 0):
            with connection:
                connection.execute(_SCHEMA)
                connection.pragma("application_id", APPLICATION_ID)
                connection.pragma("user_version", VERSION)
        elif version != (APPLICATION_ID, VERSION):
            raise apsw.CorruptError("another version")
        elif connection.pragma("quick_check") != "ok":
            raise apsw.CorruptError("damaged")
    except apsw.Error:
        connection.close()
        raise
    return connection


def _private(path: Path) -> apsw.Connection:
    """Open a file; one that is made now is for this user alone."""
    if not path.exists():
        path.touch(mode=0o600)
    return apsw.Connection(str(path))


def _delete(path: Path) -> None:
    for each in (path, path.with_name(path.name + "-journal")):
        each.unlink(missing_ok=True)


def words_of(query: str) -> list[str]:
    """Return the words that a query looks for."""
    return _WORD.findall(query)[:WORDS_MOST]


def _match(room: str, query: str) -> str | None:
    """Return a query as FTS5 has it: quoted, so that nothing in it is an operator."""
    words = words_of(query)
    if not words:
        return None
    looked_for = [f'text : "{word}"' for word in words]
    return " AND ".join([f'room : "{_token(room)}"', *looked_for]) + " *"


def _token(room: str) -> str:
    return "r" + blake2b(room.encode(), digest_size=ROOM_BYTES).hexdigest()
