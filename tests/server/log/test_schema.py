"""The file is opened only when it is ours and sound, and a migration is whole or has not happened."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from server.log import schema
from server.log.base import Unusable
from server.log.schema import Settings


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
