"""How far each reader has come and what it keeps: a small log of its own for each, folded in memory.

One message moves a cursor with its effects, so both are one commit, and it expects the message before it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from server.log.base import Conflict, Effect, Projected, StorageFull, Withdrawn
from server.log.cursors import Cursors
from server.log.jetstream.reading import BATCH, READ_S
from server.log.jetstream.records import name, token
from server.log.jetstream.sending import AGAIN_S, DOUBT_S, EXPECTED
from server.nats.codes import FULL, WRONG_SEQUENCE, WRONG_SEQUENCE_MAYBE
from server.nats.connection import Connection, Headers, NatsRefused, NatsSilent, Stored

STREAM = "READERS"
SUBJECTS = "readers.*"
# After so many messages all that a reader keeps is written anew, and what was before goes.
COMPACT_AFTER = 2_000
ROWS_A_MESSAGE = 4_000
ATOMIC_MESSAGES = 1_000  # what a server takes in one commit


logger = logging.getLogger(__name__)


class _Moved(Struct, frozen=True, tag="moved"):
    """A cursor moved with its effects; in their order."""

    id: str
    cursor: int
    effects: list[tuple[str, str, str | None, int]]  # room, item, part (None: withdrawn), number


class _Dropped(Struct, frozen=True, tag="dropped"):
    """A room was dropped: all that is kept of it goes."""

    id: str
    room: str


class _Begun(Struct, frozen=True, tag="begun"):
    """A reader begins anew, or goes on from all that it kept: the first of the messages forgets the rest."""

    id: str
    cursor: int
    nth: int
    rows: list[tuple[str, str, str | None, int]]


_Kept = _Moved | _Dropped | _Begun
_decoder = msgspec.json.Decoder(_Kept)


class Readers:
    """The cursors and projections of all readers, as of the newest message of each."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursors = Cursors()
        self._heads: dict[str, int] = defaultdict(int)
        self._folded: dict[str, int] = defaultdict(int)  # messages since all was written anew
        self._newest: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def current(self, reader: str) -> Cursors:
        """Return what all readers keep, this one's as of now."""
        async with self._locks[reader]:
            await self._catch_up(reader)
        return self._cursors

    async def advance(self, reader: str, position: int, expect: int, effects: Sequence[Effect]) -> None:
        """Move a cursor with its effects. Raises `Conflict`, `StorageFull`, `OSError`."""
        rows = [_row(effect) for effect in effects]
        async with self._locks[reader]:
            while True:
                if self._cursors.cursor(reader) != expect:
                    await self._catch_up(reader)
                if (found := self._cursors.cursor(reader)) != expect:
                    raise Conflict(f"expected {expect}, the cursor of {reader} is at {found}")
                if await self._store(reader, _Moved(_id(), position, rows)):
                    break
            if self._folded[reader] > COMPACT_AFTER:
                await self._compact(reader)

    async def restart(self, reader: str) -> None:
        """Let a reader begin anew."""
        async with self._locks[reader]:
            await self._catch_up(reader)
            while self._heads[reader] and not await self._store(reader, _Begun(_id(), 0, 0, [])):
                pass

    async def drop(self, room: str) -> None:
        """Let all readers forget a room."""
        for reader in await self._names():
            async with self._locks[reader]:
                await self._catch_up(reader)
                while self._cursors.keeps(reader, room) and not await self._store(
                    reader, _Dropped(_id(), room)
                ):
                    pass

    async def names(self) -> list[str]:
        """Return the names of those that have a cursor or keep something, sorted."""
        for reader in await self._names():
            await self.current(reader)
        return self._cursors.readers()

    async def _names(self) -> list[str]:
        info = await self._connection.js(f"STREAM.INFO.{STREAM}", {"subjects_filter": SUBJECTS})
        subjects: dict[str, int] = info["state"].get("subjects") or {}
        return sorted(filter(None, (name(subject.partition(".")[2]) for subject in subjects)))

    async def _store(self, reader: str, kept: _Kept) -> bool:
        """Store one message; False when another was first, and all is as of now again."""
        within = asyncio.get_running_loop().time() + DOUBT_S
        body, before = msgspec.json.encode(kept), self._heads[reader]
        expected = {EXPECTED: str(before)}
        while True:
            try:
                seq = await self._connection.publish(_subject(reader), body, expected)
                self._apply(reader, seq, kept)
                return True
            except NatsRefused as refused:
                error: OSError = NatsSilent(str(refused))
                if refused.code in FULL:
                    raise StorageFull("the stream of readers is full") from refused
                if refused.code in (WRONG_SEQUENCE, WRONG_SEQUENCE_MAYBE):
                    try:
                        await self._catch_up(reader)
                    except (NatsSilent, NatsRefused) as unseen:
                        error = NatsSilent(str(unseen))
                    else:
                        if self._newest.get(reader) == kept.id:
                            return True
                        if self._heads[reader] != before:
                            return False
            except NatsSilent as silent:
                error = silent
            if asyncio.get_running_loop().time() > within:
                raise error
            await asyncio.sleep(AGAIN_S)

    async def _catch_up(self, reader: str) -> None:
        """Fold what others stored."""
        newest = await self._connection.newest(STREAM, _subject(reader))
        while newest is not None and newest.seq > self._heads[reader]:
            asked = {"seq": self._heads[reader] + 1, "batch": BATCH, "next_by_subj": _subject(reader)}
            for stored in await self._connection.batch(STREAM, asked, READ_S):
                self._apply(reader, stored.seq, _kept(stored))

    def _apply(self, reader: str, seq: int, kept: _Kept | None) -> None:
        self._heads[reader], self._newest[reader] = seq, kept.id if kept is not None else ""
        self._folded[reader] += 1
        match kept:
            case _Moved(cursor=cursor, effects=effects):
                self._cursors.move(reader, cursor, [_effect(row) for row in effects])
            case _Dropped(room=room):
                self._cursors.drop(room, reader)
            case _Begun(cursor=cursor, nth=nth, rows=rows):
                if nth == 0:
                    self._cursors.restart(reader)
                    self._folded[reader] = 0
                self._cursors.move(reader, cursor, [_effect(row) for row in rows])

    async def _compact(self, reader: str) -> None:
        """Write anew all that a reader keeps, in one commit, and let go of what was before."""
        rows = [_row(row) for row in self._cursors.rows(reader)]
        pages = [rows[at : at + ROWS_A_MESSAGE] for at in range(0, max(len(rows), 1), ROWS_A_MESSAGE)]
        if len(pages) > ATOMIC_MESSAGES:
            return
        cursor, id_ = self._cursors.cursor(reader), _id()
        begun = [_Begun(id_, cursor, nth, page) for nth, page in enumerate(pages)]
        subject, head = _subject(reader), {EXPECTED: str(self._heads[reader])}
        messages: list[tuple[str, bytes, Headers]] = [
            (subject, msgspec.json.encode(each), {} if each.nth else head) for each in begun
        ]
        try:
            last = await self._connection.publish_together(messages)
            first = last - len(messages) + 1
            await self._connection.js(f"STREAM.PURGE.{STREAM}", {"filter": subject, "seq": first})
        except (NatsRefused, OSError):
            self._folded[reader] = 0  # another time
            return
        self._heads[reader], self._newest[reader], self._folded[reader] = last, id_, 0


def _kept(stored: Stored) -> _Kept | None:
    """Return what a message keeps; None for what others have put there, for the server checks its own."""
    try:
        kept: _Kept = _decoder.decode(stored.body)
    except msgspec.DecodeError:
        logger.warning("log.junk %s seq=%d", stored.subject, stored.seq)
        return None
    return kept


def _subject(reader: str) -> str:
    return f"readers.{token(reader)}"


def _id() -> str:
    return secrets.token_urlsafe(12)


def _row(effect: Effect) -> tuple[str, str, str | None, int]:
    if isinstance(effect, Projected):
        return effect.room, effect.item, effect.part, effect.number
    return effect.room, effect.item, None, 0


def _effect(row: tuple[str, str, str | None, int]) -> Effect:
    room, item, part, number = row
    return Withdrawn(room, item) if part is None else Projected(room, item, part, number)
