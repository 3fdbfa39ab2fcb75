"""The log in one SQLite file: events and clips together, durable when acknowledged.

One thread has the one connection that writes and checkpoints; all appends that waited while it
committed share its next commit. A second thread reads.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast

import apsw

from server.blobs.base import Blob, BlobInfo
from server.log import schema, writing
from server.log.base import Change, Damaged, Effect, Entry, Listing, Outcome, Projected, Snapshot, Unusable
from server.log.bell import Bell
from server.log.checking import CatalogueCheck
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
from server.log.lock import Lock
from server.log.moving import KeyUse
from server.log.reading import Reader
from server.log.schema import Settings
from server.log.worker import Worker
from server.log.writing import Writer
from server.room.events import Draft, Event

logger = logging.getLogger(__name__)

Question = Callable[[Reader], Any]
ROOMS_PAGE = 1_000


class SqliteLog:
    """Events and clips in one file; made by `SqliteLog.open`.

    When the storage breaks (a failed write or fsync) nothing is acknowledged any more, and
    `on_failure` is called once: the process should end and start anew.
    """

    def __init__(
        self,
        writer: Writer,
        reader: apsw.Connection,
        lock: Lock,
        *,
        on_failure: Callable[[OSError], None] | None,
        on_commit: Callable[[float], None] | None,
        check: Callable[[Callable[[Unusable], None], Callable[[], Awaitable[None]]], CatalogueCheck],
    ) -> None:
        self._writer = writer
        self._lock = lock
        self._connection = reader
        self._on_failure = on_failure
        self._on_commit = on_commit
        self._feed = Feed(reader)
        self.bell = Bell()
        self._writing: Worker[Job, Result] = Worker(
            "log-writer", writer.commit, served=self._note, after=writer.tidy
        )
        self._reading: Worker[Question, Any] = Worker("log-reader", partial(_answers, Reader(reader)))
        self.check_of_catalogue = check(self._found_damage, self._lost_progress)

    @classmethod
    async def open(
        cls,
        path: Path,
        settings: Settings | None = None,
        *,
        on_failure: Callable[[OSError], None] | None = None,
        on_commit: Callable[[float], None] | None = None,
    ) -> SqliteLog:
        """Open or make the file. Raises `Unusable` with a sentence when that cannot be.

        `on_commit` is told how many seconds each append took, from the asking to durable.
        """
        writer, reader, lock = await asyncio.to_thread(_open, path, settings or Settings())
        check = partial(CatalogueCheck, path, settings or Settings())
        return cls(writer, reader, lock, on_failure=on_failure, on_commit=on_commit, check=check)

    @property
    def commits(self) -> int:
        """Return how many transactions were committed since the opening."""
        return self._writer.commits

    async def append(
        self,
        room: str,
        drafts: Sequence[Draft],
        *,
        expect: int | None = None,
        key: str | None = None,
        digest: bytes = b"",
        blobs: Sequence[Blob] = (),
    ) -> list[Event]:
        """Store all drafts and blobs, or nothing."""
        (outcome,) = await self._ask(Append(room, [Entry(drafts, key, blobs, digest=digest)], expect))
        if isinstance(outcome, Exception):
            raise outcome
        return cast(list[Event], outcome)

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        """Append a chain; nobody else comes in between."""
        return cast(list[Outcome], await self._ask(Append(room, entries, expect)))

    async def read(self, room: str, after: int = 0, limit: int = 500) -> list[Event]:
        """Return events after a seq."""
        return cast(list[Event], await self._reading.ask(lambda reader: reader.read(room, after, limit)))

    async def newest(self, room: str, limit: int = 100) -> list[Event]:
        """Return the newest events."""
        return cast(list[Event], await self._reading.ask(lambda reader: reader.newest(room, limit)))

    async def changes(self, after: int = 0, limit: int = 500) -> list[Change]:
        """Return changes of all rooms after a position."""
        return cast(list[Change], await self._reading.ask(lambda _: self._feed.changes(after, limit)))

    async def cursor(self, reader: str) -> int:
        """Return a reader's position."""
        return cast(int, await self._reading.ask(lambda _: self._feed.cursor(reader)))

    async def advance(
        self, reader: str, position: int, *, expect: int, effects: Sequence[Effect] = ()
    ) -> None:
        """Move a reader's cursor with its effects, or nothing."""
        await self._ask(Advance(reader, position, expect, effects))

    async def restart(self, reader: str) -> None:
        """Forget a reader's cursor and all that it keeps."""
        await self._ask(Restart(reader))

    async def projected(self, reader: str, room: str, item: str) -> Projected | None:
        """Return what a reader keeps of an item."""
        found = await self._reading.ask(lambda _: self._feed.projected(reader, room, item))
        return cast("Projected | None", found)

    async def projection(
        self, reader: str, part: str, *, after: tuple[int, str] = (-1, ""), limit: int = 500
    ) -> list[Projected]:
        """Return rows of a part in their order."""
        found = await self._reading.ask(lambda _: self._feed.projection(reader, part, after, limit))
        return cast(list[Projected], found)

    async def parts(self, reader: str) -> list[str]:
        """Return the parts in which a reader keeps something."""
        return cast(list[str], await self._reading.ask(lambda _: self._feed.parts(reader)))

    async def head(self, room: str) -> int:
        """Return the newest seq."""
        return cast(int, await self._reading.ask(lambda reader: reader.head(room)))

    async def erase(self, room: str, seqs: Sequence[int] | None = None, blobs: Sequence[str] = ()) -> None:
        """Blank events and drop blobs, or drop the room; no byte is left in the file or its WAL.

        Raises `TimeoutError` when another program read the file all the while: ask again.
        """
        await self._ask(Erase(room, seqs, blobs))

    def keep_snapshot(self, room: str, snapshot: Snapshot) -> Awaitable[bool]:
        """Put a snapshot in the place of the one before, if it is as of the head."""
        return _kept(self._writing.ask(Keep(room, snapshot)))

    async def snapshot(self, room: str) -> Snapshot | None:
        """Return the room's snapshot."""
        return cast("Snapshot | None", await self._reading.ask(lambda reader: reader.snapshot(room)))

    async def drop_snapshot(self, room: str) -> None:
        """Drop the room's snapshot."""
        await self._ask(Keep(room, None))

    async def blob(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob."""
        return cast("Blob | None", await self._reading.ask(lambda reader: reader.blob(id)))

    async def blob_info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return what is known of a blob."""
        return cast("BlobInfo | None", await self._reading.ask(lambda reader: reader.blob_info(id)))

    async def blob_ids(self, after: str, limit: int) -> list[str]:
        """Return ids of blobs in their order."""
        return cast(list[str], await self._reading.ask(lambda reader: reader.blob_ids(after, limit)))

    async def rooms(self, limit: int = 100, *, public: bool | None = None) -> list[Listing]:
        """Return the rooms, liveliest first."""
        return cast(list[Listing], await self._reading.ask(lambda reader: reader.rooms(limit, public)))

    async def secret(self) -> bytes:
        """Return this installation's secret."""
        return cast(bytes, await self._ask(Secret()))

    async def all_rooms(self) -> AsyncIterator[str]:
        """Yield the id of every room."""
        after = ""
        while page := await self._rooms_after(after):
            for room in page:
                yield room
            after = page[-1]

    async def _rooms_after(self, after: str) -> list[str]:
        return cast(list[str], await self._reading.ask(lambda reader: reader.all_rooms(after, ROOMS_PAGE)))

    async def key_uses(self, room: str, first: int, last: int) -> list[KeyUse]:
        """Return the keys that still count of some events."""
        found = await self._reading.ask(lambda reader: reader.key_uses(room, first, last))
        return cast(list[KeyUse], found)

    async def readers(self) -> list[str]:
        """Return the names of readers."""
        return cast(list[str], await self._reading.ask(lambda _: self._feed.readers()))

    async def end_of_feed(self) -> int:
        """Return the position of the newest change."""
        return cast(int, await self._reading.ask(lambda _: self._feed.end()))

    async def is_shared(self) -> bool:
        """Tell that no other process has it: the lock keeps it from that."""
        return False

    async def adopt_secret(self, secret: bytes) -> None:
        """Take another installation's secret."""
        await self._ask(Adopt(secret))

    async def check(self) -> None:
        """Raise when the storage cannot take an append now."""
        error = await self._ask(Check())
        if isinstance(error, Exception):
            raise error

    async def close(self) -> None:
        """Finish what was begun and close the file; may be called again."""
        self.bell.close()
        await self.check_of_catalogue.close()
        await self._reading.close()
        await self._writing.close()
        self._connection.close()
        await asyncio.to_thread(self._writer.close)
        self._lock.release()

    async def _ask(self, job: Job) -> Any:
        began_s = time.monotonic()
        result = await self._writing.ask(job)
        if isinstance(job, Append) and self._on_commit:
            self._on_commit(time.monotonic() - began_s)
        return result

    def _note(self, job: Job, result: Result) -> None:
        """Ring the bell, also when nobody waits for the append any more; tell of a failure."""
        if isinstance(job, Append) and isinstance(result, list):
            self.bell.ring(draft.kind for entry in job.entries for draft in entry.drafts)
        if self._writer.broken:
            self._fail(self._writer.broken)

    def _found_damage(self, damage: Unusable) -> None:
        """Acknowledge nothing any more: rooms and clips may be hidden."""
        self._writer.break_(damage)
        self._fail(self._writer.broken or OSError(str(damage)))

    async def _lost_progress(self) -> None:
        """Make readers begin anew; where not even that can be stored, the file counts as damaged."""
        try:
            await self._ask(Distrust())
        except Damaged:
            self._found_damage(Unusable("what readers keep is damaged beyond repair: restore a backup."))
        self.bell.ring()

    def _fail(self, error: OSError) -> None:
        if self._on_failure:
            logger.critical("log.broken %s", error)
            on_failure, self._on_failure = self._on_failure, None
            on_failure(error)


async def _kept(asked: Awaitable[Result]) -> bool:
    return bool(await asked)


def _open(path: Path, settings: Settings) -> tuple[Writer, apsw.Connection, Lock]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(path)
    with ExitStack() as unopened:
        unopened.callback(lock.release)
        if not path.exists():
            path.touch(mode=0o600)  # SQLite gives its other files the rights of this one
        writer = Writer(schema.open_writer(path, settings), path, settings)
        reader = schema.open_reader(path, settings)
        unopened.pop_all()
    return writer, reader, lock


def _answers(reader: Reader, questions: Sequence[Question]) -> list[Any]:
    return [_answer(reader, question) for question in questions]


def _answer(reader: Reader, question: Question) -> Any:
    try:
        return question(reader)
    except apsw.CorruptError as error:
        return Damaged(str(error))
    except (Damaged, ValueError, TypeError) as error:
        return error
    except writing.BREAKING as error:
        return OSError(f"the storage cannot be read: {type(error).__name__}")
