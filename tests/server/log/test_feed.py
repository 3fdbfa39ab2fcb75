"""The feed in the file: compacting and older files keep its order, and damage costs one event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from server.log import feed, schema, sums
from server.log.base import LOST, Change, Conflict, Damaged, Entry, Projected
from server.log.feed import Feed
from server.log.jobs import Advance, Append, Erase
from server.log.reading import Reader
from server.log.schema import Settings
from server.log.writing import Writer
from server.room.events import Erased, encode, numbered
from tests.support.log_contract import said, texts
from tests.support.old_files import file_of_version

QUICK = Settings(synchronous="OFF")


class File:
    """A file, what writes it and its feed."""

    def __init__(self, path: Path) -> None:
        self.connection = schema.open_writer(path, QUICK)
        self.writer = Writer(self.connection, path, QUICK)
        self.feed = Feed(self.connection)

    def append(self, room: str, *words: str) -> None:
        self.writer.commit([Append(room, [Entry([said(word) for word in words])], None)])

    def said(self, after: int = 0) -> list[str]:
        return texts([change.event for change in self.feed.changes(after, 500)])


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path / "wonder.db")
    yield file
    file.writer.close()


def test_compacting_moves_no_event_in_the_feed_and_frees_no_place_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "COMPACT_ABOVE_BYTES", 1_000)
    monkeypatch.setattr(schema, "COMPACT_ABOVE_SHARE", 0.01)
    file = File(tmp_path / "wonder.db")
    for i in range(40):
        file.append(f"r{i % 4}", f"{i}" + "." * 900)
    file.writer.commit([Erase("r0", None, ()), Erase("r3", None, ())])  # r3 has the newest event
    before = file.feed.changes(0, 500)
    rows = file.connection.execute("SELECT count(*), max(position) FROM event").fetchone()
    file.writer.close()

    file = File(tmp_path / "wonder.db")
    assert file.connection.execute("SELECT count(*), max(position) FROM event").fetchone() == (21, 40)
    assert rows == (40, 40)
    assert file.feed.changes(0, 500) == before
    file.append("r3", "anew")
    assert [change.position for change in file.feed.changes(before[-1].position, 9)] == [41]
    file.writer.close()


def test_an_older_file_gets_its_feed_in_the_order_of_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "wonder.db"
    run = file_of_version(path, 2).execute
    for number in (1, 2):
        run("INSERT INTO room VALUES (?, ?, ?)", (number, sums.name(f"r{number}"), f"r{number}"))
        place = (number, 3, 1_000, sums.of_room_head(number, 3, 1_000, False))
        run("INSERT INTO standing(room, head, last_at_ms, public, sum) VALUES (?, ?, ?, 0, ?)", place)
    for rowid, number, seq in ((3, 1, 1), (9, 2, 1), (10, 1, 2), (44, 1, 3), (70, 2, 2), (71, 2, 3)):
        body = encode(numbered(said(f"{number}.{seq}"), seq, seq - 1))
        row = (rowid, number, seq, sums.of_event(number, seq, None, body), body)
        run("INSERT INTO event(rowid, room, seq, sum, body) VALUES (?, ?, ?, ?, ?)", row)

    file = File(path)

    assert file.said() == ["1.1", "2.1", "1.2", "1.3", "2.2", "2.3"]
    assert [change.position for change in file.feed.changes(0, 9)] == [3, 9, 10, 44, 70, 71]
    assert texts(Reader(file.connection).read("r2", 0, 9)) == ["2.1", "2.2", "2.3"]
    file.append("r1", "after")
    assert file.said(after=71) == ["after"]
    assert file.connection.pragma("integrity_check") == "ok"
    file.writer.close()


def test_bringing_an_older_file_up_to_date_leaves_no_byte_of_its_old_pages(tmp_path: Path) -> None:
    path = tmp_path / "wonder.db"
    run = file_of_version(path, 2).execute
    run("INSERT INTO room VALUES (1, ?, 'r')", (sums.name("r"),))
    for seq in range(1, 201):
        body = encode(numbered(said(f"hidden{seq:04}" * 20), seq, seq - 1))
        row = (seq, sums.of_event(1, seq, None, body), body)
        run("INSERT INTO event(room, seq, sum, body) VALUES (1, ?, ?, ?)", row)
    place = (200, sums.of_room_head(1, 200, 1_000, False))
    run("INSERT INTO standing(room, head, last_at_ms, public, sum) VALUES (1, ?, 1000, 0, ?)", place)

    file = File(path)
    file.writer.commit([Erase("r", list(range(1, 201)), ())])
    file.writer.close()

    assert not [part for part in path.parent.iterdir() if b"hidden" in part.read_bytes()]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE event SET body = x'00' WHERE position = 2",
        "UPDATE event SET seq = 99 WHERE position = 2",
        "UPDATE event SET key = 'other' WHERE position = 2",
        "UPDATE room SET id = 'other' WHERE number = 2",
    ],
)
def test_a_damaged_event_costs_itself_alone(
    file: File, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file.append("r", "a")
    file.append("s", "b")
    file.append("r", "c")
    file.connection.execute(damage)

    changes = file.feed.changes(0, 9)

    assert texts([change.event for change in changes]) == ["a", "", "c"]
    assert (changes[1].event.kind, changes[1].event.data) == (LOST, Erased())
    assert "log.change_damaged position=2" in caplog.text


@pytest.mark.parametrize(
    "damage", ["UPDATE cursor SET position = 8", "UPDATE cursor SET reader = 'a', sum = sum + 1"]
)
def test_a_damaged_cursor_is_told_and_does_not_move(file: File, damage: str) -> None:
    file.writer.commit([Advance("a", 7, 0, ())])
    file.connection.execute(damage)
    with pytest.raises(Damaged):
        file.feed.cursor("a")
    (result,) = file.writer.commit([Advance("a", 9, 8, ())])
    assert isinstance(result, Damaged)


@pytest.mark.parametrize(
    ("damage", "reader", "part"),
    [
        ("number = number + 1", "a", "p"),
        ("item = 'y'", "a", "p"),
        ("room = 2", "a", "p"),
        ("part = 'q'", "a", "q"),
        ("reader = 'b'", "b", "p"),
    ],
)
def test_a_damaged_row_of_a_projection_is_told(file: File, damage: str, reader: str, part: str) -> None:
    file.append("r", "a")
    file.append("s", "a")
    file.writer.commit([Advance("a", 1, 0, [Projected("r", "x", "p", 5)])])
    file.connection.execute(f"UPDATE projection SET {damage}")
    with pytest.raises(Damaged):
        file.feed.projection(reader, part, (-1, ""), 9)


def test_a_cursor_and_its_effects_are_one_transaction(file: File) -> None:
    file.append("r", "a")
    file.connection.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON main.projection WHEN new.item = 'y'"
        " BEGIN SELECT raise(ABORT, 'no'); END"
    )
    effects = [Projected("r", "x", "p", 1), Projected("r", "y", "p", 2)]
    (result,) = file.writer.commit([Advance("a", 1, 0, effects)])
    assert isinstance(result, apsw.ConstraintError)
    assert file.feed.cursor("a") == 0
    assert file.feed.projection("a", "p", (-1, ""), 9) == []
    good, bad = Advance("a", 1, 0, effects[:1]), Advance("b", 1, 5, effects)
    assert [type(result) for result in file.writer.commit([good, bad])] == [type(None), Conflict]
    assert (file.feed.cursor("a"), file.feed.cursor("b")) == (1, 0)


def test_a_page_is_found_by_position_and_a_part_by_its_index(file: File) -> None:
    plans = {
        "changes": "SEARCH event USING INTEGER PRIMARY KEY (rowid>?)",
        "part": "SEARCH projection USING INDEX projection_order",
    }
    for sql, plan, values in (
        (feed._CHANGES, plans["changes"], (0, 9)),
        (feed._PART, plans["part"], ("a", "p", -1, "", 9)),
    ):
        steps = [row[3] for row in file.connection.execute("EXPLAIN QUERY PLAN " + sql, values)]
        assert steps[0].startswith(plan), steps
        assert not [step for step in steps if "TEMP B-TREE" in step]


def test_changes_hold_what_the_rooms_hold(file: File) -> None:
    file.append("r", "a", "b")
    (event, _) = Reader(file.connection).read("r", 0, 9)
    assert file.feed.changes(0, 1) == [Change(1, "r", event)]
