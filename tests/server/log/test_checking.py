"""The catalogue is looked through while the server runs; what is found keeps the next from starting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from server.blobs.base import Blob
from server.log import checking, schema
from server.log.base import DamagedProgress, Log, Projected, Unusable
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.readers.expiry import Expiry
from server.room.events import ClipLanded, Draft
from tests.support.actors import now_ms, toy_registry
from tests.support.log_contract import ANNA, opened, said
from tests.support.reading import caught_up, read_all, running

QUICK = Settings(synchronous="OFF")


async def filled(path: Path) -> None:
    log: Log = await SqliteLog.open(path, QUICK)
    for i in range(30):
        await log.append(f"room{i}", [said("a")], blobs=[Blob(f"blob{i}", f"room{i}", b"sound")])
    await log.close()


def hide(path: Path) -> bytes:
    """Damage the index that finds rooms by name; returns the file as it was."""
    connection = apsw.Connection(str(path))
    (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_room_1'")
    connection.close()
    whole = path.read_bytes()
    end = int(root[0]) * schema.PAGE_BYTES
    damaged = bytearray(whole)
    damaged[end - 12] ^= 1
    path.write_bytes(damaged)
    return whole


async def test_damage_ends_a_running_server_and_keeps_the_next_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "CHECK_AFTER_S", 0.0)
    path, failures = tmp_path / "wonder.db", list[OSError]()
    await filled(path)
    whole = hide(path)

    log = await SqliteLog.open(path, QUICK, on_failure=failures.append)
    await log.check_of_catalogue.done

    assert len(failures) == 1
    with pytest.raises(OSError, match="is damaged in its table of rooms: restore it from a backup"):
        await log.append("room1", [said("b")])
    await log.close()
    for _ in range(2):
        with pytest.raises(Unusable, match="is damaged in its table of rooms: restore it from a backup"):
            await SqliteLog.open(path, QUICK)

    path.write_bytes(whole)
    log = await SqliteLog.open(path, QUICK, on_failure=failures.append)
    await log.check_of_catalogue.done
    await log.append("room1", [said("b")])
    await log.close()
    assert len(failures) == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["wonder.db", "wonder.db-lock"]


async def test_a_sound_file_is_looked_through_beside_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "CHECK_AFTER_S", 0.0)
    path = tmp_path / "wonder.db"
    await filled(path)
    log = await SqliteLog.open(path, QUICK)
    await asyncio.gather(log.check_of_catalogue.done, *(log.append("r", [said(f"{i}")]) for i in range(50)))
    assert await log.head("r") == 50
    await log.close()


async def test_a_look_that_fails_costs_a_line_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(checking, "CHECK_AFTER_S", 0.0)
    log = await SqliteLog.open(tmp_path / "wonder.db", QUICK)

    def fail(connection: apsw.Connection, path: Path) -> None:
        raise apsw.IOError

    monkeypatch.setattr(schema, "check_catalogue", fail)
    await log.check_of_catalogue.done
    assert [record.message for record in caplog.records] == ["log.check_failed"]
    await log.append("r", [said("a")])
    await log.close()


async def test_a_log_that_closes_does_not_wait_for_the_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wonder.db"
    log = await SqliteLog.open(path, QUICK)
    await log.close()
    assert log.check_of_catalogue.done.cancelled()

    monkeypatch.setattr(checking, "CHECK_AFTER_S", 0.0)
    monkeypatch.setattr(checking, "PROGRESS_STEPS", 1)
    await filled(path)
    log = await SqliteLog.open(path, QUICK)
    looking = asyncio.Event()
    loop = asyncio.get_running_loop()
    check = schema.check_catalogue

    def endless(connection: apsw.Connection, path: Path) -> None:
        loop.call_soon_threadsafe(looking.set)
        while True:
            check(connection, path)

    monkeypatch.setattr(schema, "check_catalogue", endless)
    await looking.wait()
    await asyncio.gather(log.close(), log.close())
    assert log.check_of_catalogue.done.done()
    assert log.check_of_catalogue.done.exception() is None


async def kept(path: Path, count: int) -> None:
    """Let a reader keep something of an event of each of many rooms."""
    log: Log = await SqliteLog.open(path, QUICK)
    effects = [Projected(f"room{i % 30}", f"item{i}", "part", i) for i in range(count)]
    await log.advance("reader", 20, expect=0, effects=effects)
    await log.advance("other", 5, expect=0)
    await log.close()


def lose_rows(path: Path) -> None:
    """Let the index of what readers keep be as it was before the last write."""
    connection = apsw.Connection(str(path))
    (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'projection_order'")
    connection.close()
    damaged, page = bytearray(path.read_bytes()), int(root[0])
    begin = (page - 1) * schema.PAGE_BYTES
    assert damaged[begin] == 0x0A, "the root is a leaf of an index"
    damaged[begin + 3 : begin + 5] = (int.from_bytes(damaged[begin + 3 : begin + 5]) - 1).to_bytes(2)
    path.write_bytes(damaged)


async def test_readers_begin_anew_when_rows_that_they_keep_are_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(checking, "CHECK_AFTER_S", 0.0)
    path = tmp_path / "wonder.db"
    await filled(path)
    await kept(path, 40)
    lose_rows(path)
    log = await SqliteLog.open(path, QUICK)
    await log.check_of_catalogue.done
    assert "log.progress_damaged" in caplog.text
    for asked in (log.cursor("reader"), log.parts("reader"), log.projection("reader", "part")):
        with pytest.raises(DamagedProgress):
            await asked
    assert await log.cursor("other") == 5, "who keeps nothing has lost nothing"
    await log.restart("reader")
    assert (await log.cursor("reader"), await log.parts("reader")) == (0, [])
    await log.append("room1", [said("b")])
    await log.close()
    caplog.clear()
    log = await SqliteLog.open(path, QUICK)
    await log.check_of_catalogue.done
    assert caplog.text == "", "what is sound again is not dropped again"
    await log.close()


async def test_an_expiry_whose_projection_was_lost_reads_the_feed_from_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wonder.db"
    log = await SqliteLog.open(path, QUICK)
    landed = [Draft(ClipLanded(f"clip{i}", 1, 0, 0, -16.0, ()), now_ms(), ANNA) for i in range(20)]
    await log.append("r", [opened("R"), *landed])
    registry = toy_registry(log)
    await read_all(log, [Expiry(registry, log, now_ms)])
    whole = await log.projection(Expiry.name, "wonder")
    assert len(whole) == 20
    await log.close()
    lose_rows(path)
    monkeypatch.setattr(checking, "CHECK_AFTER_S", 0.0)
    log = await SqliteLog.open(path, QUICK)
    await log.check_of_catalogue.done
    await read_all(log, [Expiry(registry, log, now_ms)])
    async with running(log, Expiry(registry, log, now_ms)) as (runner,):
        await caught_up(log, runner)
        assert await log.projection(Expiry.name, "wonder") == whole
    await log.close()
