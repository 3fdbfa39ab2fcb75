"""Erasing leaves no byte, whatever was stored, moved, erased and stored before."""

from __future__ import annotations

import re
import shutil
import string
from pathlib import Path
from random import Random

import apsw
import pytest

from games.round import TurnGiven
from server.blobs.base import Blob
from server.log import schema, sums, writing
from server.log.base import LOST, Conflict, Damaged, Entry, Snapshot, StorageFull
from server.log.jobs import Append, Check, Erase, Job, Keep, Result
from server.log.reading import Reader
from server.log.schema import Settings
from server.log.writing import Writer
from server.room.events import Draft, Erased, Event
from tests.support.log_contract import lists, said

MARK_BYTES = 16


class Shop:
    """A writer on a file of its own, and what it stored, by mark."""

    def __init__(self, folder: Path, settings: Settings | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "wonder.db"
        self.settings = settings or Settings(synchronous="OFF")
        self.connection = schema.open_writer(self.path, self.settings)
        self.writer = Writer(self.connection, self.path, self.settings)
        self.random = Random(7)
        self.live: dict[tuple[str, int], list[bytes]] = {}
        self.blobs: dict[str, tuple[str, bytes]] = {}
        self.gone: list[bytes] = []

    def mark(self) -> str:
        return "MK#" + "".join(self.random.choices(string.ascii_letters, k=MARK_BYTES - 3))

    def text(self) -> tuple[str, list[bytes]]:
        """Return words with marks at their beginning, middle and end."""
        marks = [self.mark() for _ in range(3)]
        filling = "." * self.random.choice((0, 5, 60, 300, 900, 3_000))
        return filling.join(marks), [mark.encode() for mark in marks]

    def append(self, room: str) -> Append:
        entries = []
        head = max((seq for name, seq in self.live if name == room), default=0)
        for _ in range(self.random.randint(1, 6)):
            text, marks = self.text()
            head += 1
            self.live[room, head] = marks
            blobs = [self.blob(room)] if self.random.random() < 0.2 else []
            entries.append(Entry([said(text)], self.mark(), blobs))
        return Append(room, entries, None if len(entries) == 1 else head - len(entries))

    def blob(self, room: str) -> Blob:
        mark, size = self.mark().encode(), self.random.choice((16, 200, 4_000, 9_000, 20_000))
        blob = Blob(f"blob{len(self.blobs)}-{len(self.gone)}", room, mark * (size // MARK_BYTES))
        self.blobs[blob.id] = (room, mark)
        return blob

    def erase(self) -> list[Job]:
        """Erase a fifth of all events and blobs, and one whole room."""
        jobs: list[Job] = []
        for room, seq in self.random.sample(list(self.live), len(self.live) // 5):
            self.gone += self.live[room, seq]
            self.live[room, seq] = []
            jobs.append(Erase(room, [seq], ()))
        for id_ in self.random.sample(list(self.blobs), len(self.blobs) // 5):
            room, mark = self.blobs.pop(id_)
            self.gone.append(mark)
            jobs.append(Erase(room, None, [id_]))
        return [*jobs, self.drop(self.random.choice(list(self.live))[0])]

    def drop(self, room: str) -> Erase:
        for place in [place for place in self.live if place[0] == room]:
            self.gone += self.live.pop(place)
        for id_ in [id_ for id_, (owner, _) in self.blobs.items() if owner == room]:
            self.gone.append(self.blobs.pop(id_)[1])
        return Erase(room, None, ())

    def bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.path.parent.iterdir() if path.is_file())

    def do(self, *jobs: Job) -> list[Result]:
        results = self.writer.commit(jobs)
        assert not [result for result in results if isinstance(result, Exception)]
        return results


def marks_in(content: bytes, marks: list[bytes]) -> set[bytes]:
    """Return the marks that are somewhere in the bytes."""
    return set(marks) & set(re.findall(b"MK#[A-Za-z]{13}", content))


def test_no_byte_of_what_was_erased_is_left(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for phase in range(6):
        for turn in range(25):
            rooms = {f"room-{(phase + shop.random.randrange(8)) % 10}" for _ in range(3)}
            shop.do(*[shop.append(room) for room in sorted(rooms)])
            if turn % 8 == 0:
                shop.writer.tidy()
        shop.do(*shop.erase())
    content = shop.bytes()
    assert len(shop.gone) > 500
    assert not marks_in(content, shop.gone)
    alive = [mark for marks in shop.live.values() for mark in marks]
    assert marks_in(content, alive) == set(alive)


def test_what_lay_beside_a_dropped_room_can_still_be_erased(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    rooms = [f"room{i}" for i in range(6)]
    words: dict[str, list[str]] = {room: [] for room in rooms}
    for _ in range(1_200):
        room = shop.random.choice(rooms)
        words[room].append(shop.mark() + "." * shop.random.randrange(400) + shop.mark())
        shop.do(Append(room, [Entry([said(words[room][-1])])], None))
    for room in rooms[:5]:
        shop.do(Erase(room, None, ()))
    shop.do(Erase(rooms[5], list(range(1, len(words[rooms[5]]) + 1)), ()))
    marks = [mark for texts in words.values() for text in texts for mark in (text[:16], text[-16:])]
    assert not marks_in(shop.bytes(), [mark.encode() for mark in marks])


def test_what_lay_beside_a_dropped_blob_can_still_be_dropped(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.random = Random(2)  # these sizes in this order left two blobs' sound behind before there was a guard
    marks = [shop.mark().encode() for _ in range(1_500)]
    blobs = [Blob(f"b{i}", "r", mark * shop.random.randrange(1, 50)) for i, mark in enumerate(marks)]
    for first in range(0, 1_500, 50):
        shop.do(Append("r", [Entry([said("clip")], None, blobs[first : first + 50])], None))
    order = shop.random.sample(range(1_500), 1_350)
    for first in range(0, 1_350, 37):
        shop.do(Erase("r", None, [f"b{i}" for i in order[first : min(first + 37, 1_350)]]))
    gone = [marks[i] for i in order]
    assert marks_in(shop.bytes(), marks) == set(marks) - set(gone)


def test_no_byte_of_a_snapshot_that_an_erasing_drops_is_left(tmp_path: Path) -> None:
    shop, bodies, parts, gone = Shop(tmp_path), dict[str, str](), dict[str, str](), list[str]()
    for turn in range(400):
        room = f"room{shop.random.randrange(9)}"
        size = shop.random.choice((1, 100, 300, 3_000))
        head = Reader(shop.connection).head(room)
        if turn % 3 == 2 and head:
            renewed = shop.mark() if shop.random.random() < 0.5 else ""
            made = Snapshot(head + 1, b"v", renewed.encode() * size, {}, frozenset("p")) if renewed else None
            shop.do(Append(room, [Entry([said("taken back")], None, (), [1], snapshot=made)], head))
            gone.append(bodies.pop(room, ""))
            bodies |= {room: renewed} if renewed else {}
        elif turn % 50 == 49:
            shop.do(Erase(room, None, ()))
            gone += [bodies.pop(room, ""), parts.pop(room, "")]
        else:
            body, part = shop.mark(), shop.mark()
            made = Snapshot(head + 1, b"v", body.encode() * size, {"p": part.encode() * size})
            shop.do(Append(room, [Entry([said("a")], snapshot=made)], head))
            gone += [bodies.pop(room, ""), parts.pop(room, "")]
            bodies[room], parts[room] = body, part
        if turn % 8 == 0:
            shop.writer.tidy()
    shop.do(Erase("none", [1], ()))
    content = shop.bytes()
    assert len(gone) > 300
    assert not marks_in(content, [mark.encode() for mark in gone if mark])
    alive = [mark.encode() for mark in (*bodies.values(), *parts.values())]
    assert marks_in(content, alive) == set(alive)


def test_snapshots_take_up_the_place_of_those_before(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    sizes = []
    for seq in range(1, 60):
        shop.do(Append("r", [Entry([said("a")])], None))
        parts = {f"{part}": bytes(40_000) for part in range(5)}
        shop.do(Keep("r", Snapshot(seq, b"%d" % seq, bytes(100_000), parts)))
        shop.writer.tidy()
        sizes.append(int(shop.connection.pragma("page_count")) * schema.PAGE_BYTES)
    assert sizes[-1] < sizes[1] + 50_000


def test_a_disk_that_is_nearly_full_takes_no_snapshot(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Settings(disk=lambda: (10, 10**9), synchronous="OFF"))
    shop.do(Append("r", [Entry([said("a")])], 0))
    (refused,) = shop.writer.commit([Keep("r", Snapshot(1, b"v", b"body"))])
    assert isinstance(refused, StorageFull)
    assert Reader(shop.connection).snapshot("r") is None


def test_a_dropped_room_leaves_neither_its_id_nor_its_keys_words(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.do(Append("room-of-our-own", [Entry([said("a")])], 0), Append("other-room", [Entry([said("b")])], 0))
    shop.do(Erase("room-of-our-own", None, ()))
    assert b"room-of-our-own" not in shop.bytes()
    assert b"other-room" in shop.bytes()


def test_compacting_at_the_start_gives_the_space_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "COMPACT_ABOVE_BYTES", 100_000)
    shop = Shop(tmp_path)
    shop.do(Append("kept", [Entry([said("kept words")])], 0))
    for i in range(60):
        shop.do(Append("gone", [Entry([said("x" * 4_000)])], i))
    shop.do(Erase("gone", None, ()))
    shop.writer.close()
    before = shop.path.stat().st_size
    again = Shop(tmp_path)
    assert shop.path.stat().st_size < before / 3
    assert [event.seq for event in Reader(again.connection).read("kept", 0, 9)] == [1]
    assert again.connection.pragma("integrity_check") == "ok"
    assert again.do(Append("gone", [Entry([said("new")])], 0))


def test_space_of_dropped_blobs_is_used_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    sizes = []
    for i in range(30):
        blobs = [Blob(f"b{i}.{j}", "r", bytes(20_000)) for j in range(10)]
        shop.do(Append("r", [Entry([said("clip")], None, blobs)], i))
        shop.do(Erase("r", None, [blob.id for blob in blobs]))
        sizes.append(shop.path.stat().st_size)
    assert sizes[-1] < sizes[0] + 50_000


def test_a_reader_that_stays_delays_erasing_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ERASE_BUSY_MS", 20)
    shop = Shop(tmp_path)
    shop.do(Append("r", [Entry([said("secret words")])], 0))
    other = apsw.Connection(str(shop.path), flags=apsw.SQLITE_OPEN_READONLY)
    other.execute("BEGIN")
    other.execute("SELECT * FROM event").fetchall()
    jobs: list[Job] = [Erase("r", [1], ()), Append("r", [Entry([said("b")])], 1)]
    late, stored = shop.writer.commit(jobs)
    assert isinstance(late, TimeoutError)
    assert isinstance(stored, list)
    other.close()
    shop.do(Erase("r", [1], ()))
    assert b"secret words" not in shop.bytes()


def test_no_byte_of_what_an_append_took_back_is_left_as_soon_as_nobody_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ERASE_BUSY_MS", 20)
    monkeypatch.setattr(writing, "CLEAN_AGAIN_S", 0.0)
    shop = Shop(tmp_path)
    shop.do(Append("r", [Entry([said("hidden words")], None, [Blob("b", "r", b"hidden sound" * 99)])], 0))
    assert not shop.writer.tidy()
    other = apsw.Connection(str(shop.path), flags=apsw.SQLITE_OPEN_READONLY)
    other.execute("BEGIN")
    other.execute("SELECT * FROM event").fetchall()
    shop.do(Append("r", [Entry([said("taken back")], None, (), [1], ["b"])], 1))
    assert shop.writer.tidy(), "it asks to be called again"
    other.close()
    assert not shop.writer.tidy()
    assert b"hidden" not in shop.bytes()


def test_the_next_start_cleans_up_after_a_crash_between_erasing_and_cleaning(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "crashed")
    shop.do(Append("r", [Entry([said("hidden words")])], 0))
    shop.do(Append("r", [Entry([said("taken back")], None, (), [1])], 1))
    assert b"hidden" in shop.bytes(), "the WAL still has it"
    copy = shutil.copytree(shop.path.parent, tmp_path / "found")

    schema.open_writer(copy / shop.path.name, shop.settings).close()

    assert not [path for path in copy.iterdir() if b"hidden" in path.read_bytes()]


def test_what_is_erased_never_becomes_longer_than_it_was(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    turn = Draft(TurnGiven("r", 1, "secret words", 0, 0), 0)
    shop.do(Append("r", [Entry([turn])], 0))
    body = shop.connection.execute("SELECT body FROM event").get
    older = re.sub(rb',"(act|voices|besides|role|min_words|max_words|limit_ms)":[^,]*', b"", body)
    sum_ = sums.of_event(1, 1, None, older)
    shop.connection.execute("UPDATE event SET body = ?, sum = ?", (older, sum_))
    before = len(older)
    shop.do(Erase("r", [1], ()))
    assert len(shop.connection.execute("SELECT body FROM event").get) == before
    (event,) = Reader(shop.connection).read("r", 0, 9)
    assert event.data == Erased()


def test_only_the_guilty_entry_of_a_full_file_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Settings(max_bytes=150_000, synchronous="OFF"))
    fits, big = Entry([said("a")]), Entry([said("b")], None, [Blob("b", "r", bytes(500_000))])
    results = shop.writer.commit(
        [Append("r", [fits, big, fits], 0), Append("s", [fits], None), Append("t", [big], 0), Check()]
    )
    assert [[type(outcome) for outcome in result] for result in results[:3] if isinstance(result, list)] == [
        [list, StorageFull, Conflict],
        [list],
        [StorageFull],
    ]
    assert results[3] is None


def test_what_is_taken_back_goes_also_from_a_full_file(tmp_path: Path) -> None:
    shop = Shop(tmp_path, Settings(max_bytes=200_000, synchronous="OFF"))
    shop.do(Append("r", [Entry([said("hidden words")])], 0))
    shop.do(Keep("r", Snapshot(1, b"v", b"hidden body", {"p": b"p"})))
    large = Snapshot(2, b"v", bytes(400_000), {}, frozenset("p"))
    (outcomes,) = shop.do(Append("r", [Entry([said("taken back")], None, (), [1], snapshot=large)], 1))
    assert [event.seq for event in lists(outcomes)[0]] == [2]  # type: ignore[arg-type]
    shop.writer.tidy()
    assert b"hidden" not in shop.bytes()
    assert Reader(shop.connection).snapshot("r") is None
    shop.do(Keep("r", Snapshot(2, b"v", b"body", {}, frozenset("p"))))
    assert Reader(shop.connection).snapshot("r") == Snapshot(2, b"v", b"body"), "its writer would keep others"


def test_what_is_damaged_can_still_be_erased(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.do(Append("r", [Entry([said("a"), said("b")])], 0))
    shop.connection.execute("UPDATE event SET body = CAST('{' || substr(body, 5) AS BLOB) WHERE seq = 1")
    reader = Reader(shop.connection)
    with pytest.raises(Damaged):
        reader.read("r", 0, 9)
    shop.do(Erase("r", [1], ()))
    lost: Event = reader.read("r", 0, 9)[0]
    assert (lost.seq, lost.prev, lost.kind, lost.by) == (1, 0, LOST, None)


def test_the_wal_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "CHECKPOINT_PAGES", 50)
    shop = Shop(tmp_path)
    for i in range(200):
        shop.do(Append("r", [Entry([said("x" * 3_000)])], i))
        shop.writer.tidy()
    assert shop.path.with_name("wonder.db-wal").stat().st_size < 100 * schema.PAGE_BYTES
