"""Writing to the SQLite file: what waits is stored in one transaction, each append whole or not at all."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw
from msgspec.structs import replace

from server.blobs.base import Blob
from server.log import erasing, schema, snapshots, sums
from server.log.base import Conflict, Damaged, Entry, KeyUsed, Outcome, StorageFull, Unusable
from server.log.chain import KEYS_LOOKED_AT, chained, is_outdated, is_same_use, listed, looks_at_keys
from server.log.feed import Feed
from server.log.jobs import (
    Adopt,
    Advance,
    Append,
    Check,
    Distrust,
    Erase,
    Job,
    Keep,
    Restart,
    Result,
    Secret,
)
from server.log.reading import Place, Reader
from server.log.schema import GUARD_BYTES, Settings
from server.room.events import Event, encode, numbered

SECRET_BYTES = 32
CHECKPOINT_PAGES = 1_000
ERASE_BUSY_MS = 200  # everybody's appends wait as long when another program reads while we erase
CLEAN_AGAIN_S = 5.0  # when another program read while the WAL was to be emptied
DISK_LOOKED_AT_EVERY_S = 1.0

_INSERT = "INSERT INTO event(room, seq, sum, body) VALUES (?, ?, ?, ?)"
_NEWEST_KEY = "SELECT nth FROM used_key WHERE room = ? ORDER BY seq DESC LIMIT 1"
_OLDEST_KEYS = "SELECT seq, nth, at_ms FROM used_key WHERE room = ? ORDER BY seq LIMIT ?"
_USE_KEY = (
    "INSERT INTO used_key(room, key, digest, seq, last, nth, at_ms, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_FORGET_KEY = "DELETE FROM used_key WHERE room = ? AND seq = ?"
_SET_HEAD = "INSERT OR REPLACE INTO room_head(room, head, last_at_ms, public, sum) VALUES (?, ?, ?, ?, ?)"
_INDEX_BLOB = "INSERT INTO blob_index(id, room, blob, sum) VALUES (?, ?, ?, ?)"
_STORE = "INSERT INTO blob(guard, body) VALUES (zeroblob(?), ?)"


# The file or its disk cannot be trusted any more.
BREAKING = (
    apsw.IOError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.ProtocolError,
    apsw.NotADBError,
    apsw.NoMemError,
)
# One job cannot be done; others can.
SPOILING = (
    apsw.FullError,
    apsw.CorruptError,
    apsw.ConstraintError,
    apsw.TooBigError,
    Damaged,
    ValueError,
    TypeError,
)

T = TypeVar("T")


class Writer:
    """The one connection that writes and checkpoints.

    `commit` never raises: what breaks the storage for good is the result of every job from then
    on (`OSError`), for after a failed fsync nobody knows what the disk holds.
    """

    def __init__(self, connection: apsw.Connection, path: Path, settings: Settings) -> None:
        self._connection = connection
        self._reader, self._feed = Reader(connection), Feed(connection)
        self._settings = settings
        self._disk = settings.disk or (lambda: _disk_of(path))
        self._places: dict[str, Place] = {}
        self._moved: dict[int, Place] = {}
        self._wal_pages = 0
        self._unclean, self._clean_from_s = False, 0.0  # whether the WAL may still hold what was erased
        self._low = (0.0, False)
        self._closed = False
        self.broken: OSError | None = None
        self.commits = 0
        connection.set_wal_hook(self._note_wal)

    def commit(self, jobs: Sequence[Job]) -> list[Result]:
        """Do all jobs in one transaction, or each by itself when one of them cannot be."""
        if self.broken:
            return [self.broken for _ in jobs]
        try:
            results = self._together(jobs)
            if any(isinstance(job, Erase) for job in jobs):
                results = self._with_empty_wal(jobs, results)
        except BREAKING as error:
            self.break_(error)
            return [self.broken for _ in jobs]
        return results

    def tidy(self) -> bool:
        """Move what is committed from the WAL into the file when it has grown, or holds what was erased.

        True asks to be called again soon: another program reads the file, so the WAL cannot be cut yet.
        """
        if self.broken:
            return False
        try:
            if self._unclean and time.monotonic() >= self._clean_from_s:
                self._clean_from_s = time.monotonic() + CLEAN_AGAIN_S
                self._empty_wal()
            elif self._wal_pages >= CHECKPOINT_PAGES:
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                self._wal_pages = 0
        except (apsw.FullError, apsw.BusyError):
            pass  # all is safe in the WAL
        except BREAKING as error:
            self.break_(error)
        return self._unclean and not self.broken

    def close(self) -> None:
        """Close the file with its WAL emptied into it; may be called again."""
        if self._closed:
            return
        self._closed = True
        if not self.broken:
            with suppress(apsw.BusyError, apsw.FullError):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._connection.close()

    def break_(self, error: Exception) -> None:
        """Fail every job from now on with an error."""
        why = str(error) if isinstance(error, Unusable) else type(error).__name__
        self.broken = OSError(f"the storage broke: {why}")
        self.broken.__cause__ = error

    def _note_wal(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _together(self, jobs: Sequence[Job]) -> list[Result]:
        try:
            with self._transaction():
                return [self._do(job) for job in jobs]
        except SPOILING:
            return [self._alone(job) for job in jobs]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit at the end, or roll back; a room's head is written once for all jobs."""
        self._places.clear()
        self._moved.clear()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._stand()
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        self.commits += 1

    def _alone(self, job: Job) -> Result:
        """Do a job, and each entry of a chain, in its own transaction, so that only the guilty fails."""
        if not isinstance(job, Append):
            return self._guarded(lambda: self._do(job))
        outcomes: list[Outcome] = []
        expect = job.expect
        for entry in job.entries:
            outcome = self._guarded(partial(self._entry, job.room, entry, expect))
            if isinstance(outcome, StorageFull) and entry.snapshot is not None:  # what goes must go
                outcome = self._guarded(partial(self._without_snapshot, job.room, entry, expect))
            if isinstance(outcome, Exception) and not isinstance(outcome, Conflict | KeyUsed | StorageFull):
                return outcome
            outcomes.append(outcome)
            expect = None if expect is None else chained(expect, entry, outcome)
        return outcomes

    def _without_snapshot(self, room: str, entry: Entry, expect: int | None) -> Outcome:
        """Store an entry without its snapshot, and no part stays: old ones would pass for those of it."""
        outcome = self._entry(room, replace(entry, snapshot=None), expect)
        if isinstance(outcome, list) and (place := self._place(room)):
            snapshots.drop(self._connection, place.number)
        return outcome

    def _guarded(self, work: Callable[[], T]) -> T | Exception:
        try:
            with self._transaction():
                return work()
        except apsw.FullError:
            return StorageFull("the storage is full")
        except apsw.CorruptError as error:
            return Damaged(str(error))
        except SPOILING as error:
            return error

    def _do(self, job: Job) -> Result:
        match job:
            case Append():
                return self._chain(job)
            case Erase():
                self._erase(job)
                return None
            case Keep():
                return self._keep(job)
            case Advance():
                return self._advance(job)
            case Restart(reader=reader):
                self._feed.restart(reader)
                return None
            case Distrust():
                self._feed.distrust()
                return None
            case Secret():
                return self._secret()
            case Adopt(secret=secret):
                self._keep_secret(secret)
                return None
            case Check():
                return self._check()

    # Appending

    def _chain(self, job: Append) -> list[Outcome]:
        outcomes: list[Outcome] = []
        expect = job.expect
        for entry in job.entries:
            outcomes.append(self._entry(job.room, entry, expect))
            expect = None if expect is None else chained(expect, entry, outcomes[-1])
        return outcomes

    def _entry(self, room: str, entry: Entry, expect: int | None) -> Outcome:
        place = self._place(room)
        if entry.key is not None and place and (before := self._reader.used(place.number, entry.key)):
            same = is_same_use(before.digest, entry.digest)
            return before.events if same else KeyUsed("the key was used for something else")
        head = place.head if place else 0
        if not entry.drafts:
            return []
        if expect is not None and expect != head:
            return Conflict(f"expected {expect}, the head is {head}")
        if entry.blobs and self._disk_is_low():
            return StorageFull("the disk is nearly full")
        if any(self._reader.blob(blob.id) for blob in entry.blobs):
            return Conflict("a blob of this id is stored already")
        return self._insert(place or self._settle(room), entry)

    def _insert(self, place: Place, entry: Entry) -> list[Event]:
        head = place.head
        events = [numbered(draft, head + 1 + i, head + i) for i, draft in enumerate(entry.drafts)]
        self._connection.executemany(_INSERT, (_row(place.number, event) for event in events))
        self._see_to_keys(place, entry, events)
        for blob in entry.blobs:
            self._shelve(place.number, blob)
        self._remove(place.number, entry.erases, entry.drops)
        if entry.erases or entry.drops:
            snapshots.drop_body(self._connection, place.number)
        if entry.snapshot is not None and entry.snapshot.seq == events[-1].seq:
            snapshots.keep(self._connection, place.number, entry.snapshot)
        place.head, place.last_at_ms = events[-1].seq, events[-1].at_ms
        place.public = listed(place.public, events)
        self._moved[place.number] = place
        return events

    def _see_to_keys(self, place: Place, entry: Entry, events: list[Event]) -> None:
        """Note what a key stored, and now and then forget the oldest."""
        run, number, now_ms = self._connection.execute, place.number, events[-1].at_ms
        if place.keys is None:
            place.keys = max(run(_NEWEST_KEY, (number,)).get or 0, 0)
        if entry.key is not None:
            place.keys += 1
            use = (entry.key, entry.digest, events[0].seq, events[-1].seq, place.keys, now_ms)
            run(_USE_KEY, (number, *use, sums.of_key(number, *use)))
        if looks_at_keys(events):
            oldest: list[Any] = run(_OLDEST_KEYS, (number, KEYS_LOOKED_AT)).fetchall()
            old = [seq for seq, nth, at_ms in oldest if is_outdated(place.keys - nth, at_ms, now_ms)]
            self._connection.executemany(_FORGET_KEY, ((number, seq) for seq in old))

    def _shelve(self, number: int, blob: Blob) -> None:
        self._connection.execute(_STORE, (GUARD_BYTES, blob.body))
        row = self._connection.last_insert_rowid()
        self._connection.execute(
            _INDEX_BLOB, (blob.id, number, row, sums.of_blob(blob.id, number, blob.body))
        )

    def _place(self, room: str) -> Place | None:
        place = self._places.get(room) or self._reader.place(room)
        if place:
            self._places[room] = place
        return place

    def _settle(self, room: str) -> Place:
        """Give a new room its number."""
        self._connection.execute("INSERT INTO room(name, id) VALUES (?, ?)", (sums.name(room), room))
        place = self._places[room] = Place(self._connection.last_insert_rowid())
        return place

    def _stand(self) -> None:
        """Write the head of each room that this transaction touched."""
        for place in self._moved.values():
            row = (place.number, place.head, place.last_at_ms, place.public, place.sum())
            self._connection.execute(_SET_HEAD, row)

    # Erasing

    def _erase(self, job: Erase) -> None:
        place = self._place(job.room)
        if place is None:
            return
        if job.seqs is None and not job.blobs:
            erasing.drop(self._connection, job.room, place.number)
            del self._places[job.room]
            self._moved.pop(place.number, None)
            return
        if job.seqs or job.blobs:
            self._remove(place.number, job.seqs or (), job.blobs)
            snapshots.drop(self._connection, place.number)

    def _remove(self, number: int, seqs: Sequence[int], blobs: Sequence[str]) -> None:
        erasing.remove(self._connection, number, seqs, blobs)
        self._unclean = self._unclean or bool(seqs or blobs)

    def _with_empty_wal(self, jobs: Sequence[Job], results: list[Result]) -> list[Result]:
        """Empty the WAL; until that is done nothing counts as erased."""
        try:
            self._empty_wal()
        except (apsw.BusyError, apsw.FullError):
            late = TimeoutError("what was erased is not gone from the WAL yet")
            return [
                late if isinstance(job, Erase) else result for job, result in zip(jobs, results, strict=True)
            ]
        return results

    def _empty_wal(self) -> None:
        """Write all into the file and cut the WAL to nothing."""
        self._connection.set_busy_timeout(ERASE_BUSY_MS)
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            self._wal_pages, self._unclean, self._clean_from_s = 0, False, 0.0
        finally:
            self._connection.set_busy_timeout(schema.BUSY_MS)

    # The rest

    def _keep(self, job: Keep) -> bool | Exception:
        place = self._place(job.room)
        if place is None:
            return False
        if job.snapshot is None:
            snapshots.drop(self._connection, place.number)
            return True
        if job.snapshot.seq != place.head:
            return False
        if self._disk_is_low():
            return StorageFull("the disk is nearly full")
        snapshots.keep(self._connection, place.number, job.snapshot)
        return True

    def _advance(self, job: Advance) -> Conflict | None:
        def number_of(room: str) -> int | None:
            place = self._place(room)
            return place.number if place else None

        return self._feed.advance(
            job.reader, job.position, expect=job.expect, effects=job.effects, number_of=number_of
        )

    def _secret(self) -> bytes:
        row = self._connection.execute("SELECT sum, body FROM secret").fetchone()
        if row is None:
            body = secrets.token_bytes(SECRET_BYTES)
            self._keep_secret(body)
            return body
        if sums.of_secret(row[1]) != row[0]:
            raise Damaged("the secret is damaged")
        return bytes(row[1])

    def _keep_secret(self, body: bytes) -> None:
        row = (sums.of_secret(body), body)
        self._connection.execute("INSERT OR REPLACE INTO secret VALUES (1, ?, ?)", row)

    def _check(self) -> Exception | None:
        full = self._settings.max_bytes is not None and not self._free_pages()
        return StorageFull("the storage is full") if full or self._disk_is_low() else None

    def _free_pages(self) -> int:
        pragma = self._connection.pragma
        return int(pragma("max_page_count")) - int(pragma("page_count")) + int(pragma("freelist_count"))

    def _disk_is_low(self) -> bool:
        looked_at_s, low = self._low
        now_s = time.monotonic()
        if now_s >= looked_at_s:
            free, size = self._disk()
            low = free < self._settings.free_bytes and free < self._settings.free_share * size
            self._low = (now_s + DISK_LOOKED_AT_EVERY_S, low)
        return low


def _row(number: int, event: Event) -> tuple[int, int, bytes, bytes]:
    body = encode(event)
    return number, event.seq, sums.of_event(number, event.seq, None, body), body


def _disk_of(path: Path) -> tuple[int, int]:
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
