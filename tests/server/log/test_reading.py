"""A bit that flips on the disk is found when it is read, never served."""

from __future__ import annotations

from pathlib import Path
from random import Random

import apsw
import pytest

from server.blobs.base import Blob
from server.log import schema, sums
from server.log.base import Damaged, Entry, Snapshot, Unusable
from server.log.jobs import Append, Keep, Secret
from server.log.reading import Reader
from server.log.schema import Settings
from server.log.writing import Writer
from tests.support.log_contract import said

FLIPS = 150
QUICK = Settings(synchronous="OFF")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "wonder.db"
    connection = schema.open_writer(path, QUICK)
    writer = Writer(connection, path, QUICK)
    for i in range(30):
        blobs = [Blob(f"blob{i}", f"room{i % 3}", bytes([i]) * 6_000)]
        writer.commit([Append(f"room{i % 3}", [Entry([said(f"{i}" * 50), said("b")], f"k{i}", blobs)], None)])
    writer.commit([Secret(), Keep("room0", Snapshot(20, b"v", b"body" * 3_000, {"p": b"part" * 5_000}))])
    writer.close()
    return path


def everything(path: Path) -> list[object]:
    """Read all there is; raises what a server would tell as a failure of its own."""
    connection = schema.open_writer(path, QUICK)
    reader = Reader(connection)
    try:
        events = [reader.read(f"room{i}", 0, 500) for i in range(3)]
        blobs = [reader.blob(f"blob{i}") for i in range(30)]
        snapshots = [reader.snapshot(f"room{i}") for i in range(3)]
        return [events, blobs, snapshots, reader.rooms(9, None), reader.newest("room1", 4)]
    finally:
        connection.close()


def test_no_flipped_bit_is_served(path: Path) -> None:
    good, whole = everything(path), path.read_bytes()
    random, found = Random(11), 0
    for _ in range(FLIPS):
        content = bytearray(whole)
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        path.write_bytes(content)
        try:
            if everything(path) != good:
                check(path)
                pytest.fail("something else than what was stored was served")
        except (Damaged, Unusable, apsw.Error):
            found += 1
    assert found > FLIPS / 10


def check(path: Path) -> None:
    """Look through the catalogue as a server does while it runs."""
    connection = schema.open_reader(path, QUICK)
    try:
        schema.check_catalogue(connection, path)
    finally:
        connection.close()


@pytest.mark.parametrize("table", ["room", "blob_index", "room_head"])
def test_what_a_damaged_index_hides_is_found_by_a_look_at_all(path: Path, table: str) -> None:
    connection = schema.open_writer(path, QUICK)
    sql = "SELECT rootpage FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?"
    root = int(connection.execute(sql + " LIMIT 1", (table,)).get)
    connection.close()
    check(path)
    content = bytearray(path.read_bytes())
    page = slice((root - 1) * schema.PAGE_BYTES, root * schema.PAGE_BYTES)
    cells = content[page].rindex(b"\x00" * 64) + 64 + (root - 1) * schema.PAGE_BYTES
    content[cells + 9] ^= 1
    path.write_bytes(content)
    with pytest.raises(Unusable, match=f"is damaged in its table of {table}s"):
        check(path)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM event WHERE seq = 3",
        "UPDATE event SET seq = 99 WHERE seq = 3",
        "UPDATE event SET key = 'other' WHERE seq = 3",
        "UPDATE event SET body = CAST(replace(body, 'b', 'c') AS BLOB)",
        "UPDATE event SET body = x'00' WHERE seq = 3",
        "UPDATE room_head SET head = head - 1",
        "UPDATE room_head SET head = head + 1",
    ],
)
def test_damage_is_told(path: Path, damage: str) -> None:
    connection = schema.open_writer(path, QUICK)
    connection.execute(damage)
    with pytest.raises(Damaged):
        Reader(connection).read("room0", 0, 500)
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE blob SET body = zeroblob(5)",
        "DELETE FROM blob",
        "UPDATE blob_index SET room = 2",
        "UPDATE blob_index SET blob = blob + 1",
        "DELETE FROM room",
    ],
)
def test_a_damaged_blob_is_told(path: Path, damage: str) -> None:
    connection = schema.open_writer(path, QUICK)
    connection.execute(damage)
    with pytest.raises(Damaged):
        Reader(connection).blob("blob0")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE snapshot SET seq = 19",
        "UPDATE snapshot SET version = x'00'",
        "UPDATE snapshot SET content = 3 - content",
        "UPDATE snapshot SET part = 'q' WHERE part = 'p'",
        "UPDATE snapshot SET room = 2",
        "UPDATE snapshot_body SET body = zeroblob(5)",
        "DELETE FROM snapshot_body WHERE number = 2",
    ],
)
def test_a_damaged_snapshot_is_told(path: Path, damage: str) -> None:
    connection = schema.open_writer(path, QUICK)
    assert Reader(connection).snapshot("room0")
    connection.execute(damage)
    with pytest.raises(Damaged):
        [Reader(connection).snapshot(f"room{i}") for i in range(3)]
    connection.close()


def test_a_body_that_is_no_event_is_damage_even_when_its_sum_is_right(path: Path) -> None:
    connection = schema.open_writer(path, QUICK)
    reader = Reader(connection)
    place = reader.place("room0")
    assert place
    row = (sums.of_event(place.number, 1, None, b"{}"), b"{}", place.number)
    connection.execute("UPDATE event SET key = NULL, sum = ?, body = ? WHERE room = ? AND seq = 1", row)
    with pytest.raises(Damaged):
        reader.read("room0", 0, 9)
    connection.close()
