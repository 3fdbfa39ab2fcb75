"""The file is opened only when it is ours and sound, and a migration is whole or has not happened."""

from __future__ import annotations

import time
from pathlib import Path

import apsw
import pytest

from server.log import schema, sums
from server.log.base import Entry, Unusable
from server.log.jobs import Append, Erase
from server.log.reading import Reader
from server.log.schema import Settings
from server.log.writing import Writer
from server.room.events import encode, numbered
from tests.support.log_contract import lists, said, texts
from tests.support.old_files import file_of_version


def pragma(path: Path, name: str) -> int:
    connection = apsw.Connection(str(path))
    value = int(connection.pragma(name))
    connection.close()
    return value


def test_an_old_sqlite_is_refused_with_a_sentence() -> None:
    schema.check_version()
    schema.check_version("3.51.3")
    schema.check_version("4.0.0")
    for old in ("3.51.2", "3.40.1", "3.9.9"):
        with pytest.raises(Unusable, match=r"install apsw with SQLite 3\.51\.3 or newer"):
            schema.check_version(old)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "wonder.db"
    path.write_bytes(b"my diary, keep it " * 400)
    with pytest.raises(Unusable, match="is not a database"):
        schema.open_writer(path, Settings())
    assert path.read_bytes() == b"my diary, keep it " * 400


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    other = apsw.Connection(str(tmp_path / "wonder.db"))
    other.execute("CREATE TABLE bookmarks(url)")
    other.close()
    with pytest.raises(Unusable, match="another program"):
        schema.open_writer(tmp_path / "wonder.db", Settings())


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    connection = schema.open_writer(tmp_path / "wonder.db", Settings())
    connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(Unusable, match="newer version"):
        schema.open_writer(tmp_path / "wonder.db", Settings())


def test_a_path_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wonder.db").mkdir()
    with pytest.raises(Unusable, match="cannot be opened"):
        schema.open_writer(tmp_path / "wonder.db", Settings())


def test_the_writing_connection_is_durable_and_forgets_well(tmp_path: Path) -> None:
    connection = schema.open_writer(tmp_path / "wonder.db", Settings())
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "wal_autocheckpoint": 0}
    assert {name: connection.pragma(name) for name in wanted} == wanted
    connection.close()


def test_a_reading_connection_cannot_write(tmp_path: Path) -> None:
    writer = schema.open_writer(tmp_path / "wonder.db", Settings())
    reader = schema.open_reader(tmp_path / "wonder.db", Settings())
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("DELETE FROM event")
    reader.close()
    writer.close()


def test_a_migration_that_is_cut_short_leaves_the_old_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wonder.db"
    first = schema.MIGRATIONS
    schema.open_writer(path, Settings()).close()
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*first, "CREATE TABLE more(a); INSERT INTO nowhere VALUES (1)")
    )
    with pytest.raises(apsw.SQLError):
        schema.open_writer(path, Settings())
    assert pragma(path, "user_version") == len(first)
    monkeypatch.setattr(schema, "MIGRATIONS", (*first, "CREATE TABLE more(a); INSERT INTO more VALUES (1)"))
    connection = schema.open_writer(path, Settings())
    assert connection.pragma("user_version") == len(first) + 1
    assert connection.execute("SELECT a FROM more").get == 1
    connection.close()


def test_what_a_row_keeps_in_its_page_is_shorter_than_the_guard(tmp_path: Path) -> None:
    connection = schema.open_writer(tmp_path / "wonder.db", Settings())
    assert connection.pragma("page_size") - 35 <= schema.GUARD_BYTES
    connection.close()


Row = tuple[int, int, str | None, int]  # room, seq, key, at_ms


def of_the_first_version(path: Path, rows: list[Row], heads: dict[int, int]) -> None:
    """Make a file with keys in its events, as the first version did; a room without a head was dropped."""
    run = file_of_version(path, 1).execute
    for room, seq, key, at_ms in rows:
        body = encode(numbered(said(f"text {seq}", at_ms), seq, seq - 1)).ljust(300)
        sum_ = sums.of_event(room, seq, key, body)
        run(
            "INSERT INTO event(room, seq, key, sum, body) VALUES (?, ?, ?, ?, ?)",
            (room, seq, key, sum_, body),
        )
    for room, head in heads.items():
        run("INSERT INTO room VALUES (?, ?, ?)", (room, sums.name(f"r{room}"), f"r{room}"))
        place = (room, head, 1_000, sums.of_room_head(room, head, 1_000, False))
        run("INSERT INTO standing(room, head, last_at_ms, public, sum) VALUES (?, ?, ?, 0, ?)", place)


def test_a_file_of_the_first_version_opens_and_knows_its_keys_for_a_day(tmp_path: Path) -> None:
    path = tmp_path / "wonder.db"
    of_the_first_version(path, [(1, 1, "k", 5), (1, 2, "k", 5), (1, 3, None, 5), (1, 4, "l", 5)], {1: 4})

    connection = schema.open_writer(path, Settings())

    assert pragma(path, "user_version") == len(schema.MIGRATIONS)
    writer, reader = Writer(connection, path, Settings()), Reader(connection)
    assert texts(reader.read("r1", 0, 9)) == ["text 1", "text 2", "text 3", "text 4"]
    repeats = [Entry([said("x")], "k", digest=b"whatever it was"), Entry([], "l"), Entry([], "m")]
    (outcomes,) = writer.commit([Append("r1", repeats, 4)])
    assert isinstance(outcomes, list)
    assert [texts(events) for events in lists(outcomes)] == [["text 1", "text 2"], ["text 4"], []]
    day_later = [Entry([said(f"{i}", 2 * 10**15)], f"new {i}", digest=b"d") for i in range(64)]
    writer.commit([Erase("r1", [2], ()), Append("r1", day_later, 4)])
    assert texts(reader.read("r1", 0, 5)) == ["text 1", "", "text 3", "text 4", "0"]
    assert reader.used(1, "k") is None
    assert reader.used(1, "new 0") is not None
    writer.close()


def test_of_the_keys_of_the_first_version_those_that_may_still_come_are_kept(tmp_path: Path) -> None:
    path, today_ms = tmp_path / "wonder.db", time.time_ns() // 1_000_000
    old = [(1, 1, "old", 5), (1, 2, "today", today_ms), (1, 3, "damaged", today_ms), (1, 4_500, "newest", 5)]
    of_the_first_version(path, [*old, (2, 1, "dropped", today_ms)], {1: 5_000})
    apsw.Connection(str(path)).execute("UPDATE event SET body = CAST('{' AS BLOB) WHERE key = 'damaged'")

    connection = schema.open_writer(path, Settings())

    assert {key for (key,) in connection.execute("SELECT key FROM used_key")} == {"today", "newest"}
    connection.close()
