"""The one order of all appends: a stream that names them as they came in each shard, written by who reads it.

Shards know no order among each other, and readers need one: a position that grows and never comes again.
Whoever reads the changes feed to its end puts into that stream what the shards have beyond it, and expects
that nobody else did. A message names appends in the order of the times that the server gave them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from server.log.jetstream.reading import NOT_FOUND, READ_S, message_of, of_api, room_of
from server.log.jetstream.records import Message
from server.log.jetstream.sending import EXPECTED, WRONG_SEQUENCE
from server.nats.connection import Connection, NatsRefused, NatsSilent, Stored
from server.together import settled

STREAM = "FEED"
SUBJECT = "feed"
# Of a position, these bits count the events of one message of the feed.
EVENT_BITS = 20
# Appends of a shard that one message names at most: all shards together well below a million events.
SHARD_BATCH = 64
FEED_BATCH = 8  # messages of the feed that are read at once

logger = logging.getLogger(__name__)


class Named(Struct, frozen=True, array_like=True):
    """One append: `seq` in its shard, and its events."""

    shard: int
    seq: int
    room: str
    first: int
    last: int


class _Body(Struct, frozen=True):
    """What a message of the feed stores: appends, and up to where each shard is named now."""

    upto: list[int]
    appends: list[Named]


class Step(Struct, frozen=True):
    """One event in the order: its position, and where it is."""

    position: int
    append: Named
    number: int


_decoder = msgspec.json.Decoder(_Body)


class Order:
    """Reads the one order, and continues it. `tops` are the newest sequences of the shards that are known."""

    def __init__(self, connection: Connection, shards: int) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()
        self._seq = -1  # of the feed's newest message; not read yet
        self._upto = [0] * shards
        self.tops = [0] * shards
        self.fresh: dict[tuple[int, int], Message] = {}  # what was read to be named: readers come for it now

    async def steps(self, after: int, limit: int) -> list[Step]:
        """Return at most `limit` events after a position, as many as are named."""
        seq, seen = after >> EVENT_BITS, after & ((1 << EVENT_BITS) - 1)
        found: list[Step] = []
        start = max(seq, 1)
        while len(found) < limit:
            asked = {"seq": start, "batch": FEED_BATCH, "next_by_subj": SUBJECT}
            messages = await self._connection.batch(STREAM, asked, READ_S)
            if not messages:
                break
            for message in messages:
                steps = list(_steps(message))
                found += steps[seen:] if message.seq == seq else steps
            start = messages[-1].seq + 1
        return found[:limit]

    async def name_more(self) -> bool:
        """Name what the shards have beyond the order; False when there is nothing."""
        async with self._lock:
            if self._seq < 0:
                await self._load()
            return await self._name_more()

    async def end(self) -> int:
        """Return a position after all that is named, and before what is not."""
        while await self.name_more():
            pass
        return (self._seq + 1) << EVENT_BITS

    async def named(self, shard: int, seq: int) -> None:
        """Return when an append has its place in the order, so that it may be erased."""
        while self._seq < 0 or self._upto[shard] < seq:
            if not await self.name_more():
                return

    async def _name_more(self) -> bool:
        while True:
            before = list(self._upto)
            appends = await self._unnamed()
            if not appends:
                return False
            body = msgspec.json.encode(_Body(self._upto, appends))
            try:
                self._seq = await self._connection.publish(SUBJECT, body, {EXPECTED: str(self._seq)})
                return True
            except NatsRefused as refused:
                self._upto = before
                if refused.code != WRONG_SEQUENCE:
                    raise NatsSilent(str(refused)) from refused
            except NatsSilent:
                self._seq, self._upto = -1, before  # it may be stored: what was named is read again
                raise
            if await self._load():
                return True  # another process named what we were about to

    async def _load(self) -> bool:
        """Read where the order ends; tell whether it went on."""
        before, asked = self._seq, {"last_by_subj": SUBJECT}
        newest = await self._of_leader(asked)
        self._seq = newest.seq if newest is not None else 0
        body = _body(newest)
        while body is None and newest is not None and newest.seq > 1:
            newest = await self._of_leader({"seq": newest.seq - 1})
            body = _body(newest)
        if body is not None:
            self._upto = [max(pair) for pair in zip(body.upto, self._upto, strict=True)]
        return self._seq != before

    async def _of_leader(self, asked: dict[str, Any]) -> Stored | None:
        try:
            answer = await self._connection.js(f"STREAM.MSG.GET.{STREAM}", asked, READ_S)
        except NatsRefused as refused:
            if refused.code not in NOT_FOUND:
                raise NatsSilent(str(refused)) from refused
            return None
        return of_api(answer["message"])

    async def _unnamed(self) -> list[Named]:
        """Return what the shards have beyond the order, by the time at which they stored it."""
        behind = [shard for shard, top in enumerate(self.tops) if top > self._upto[shard]]
        pages = await settled(self._page(shard) for shard in behind)
        full = [page[-1].stamp for page in pages if len(page) == SHARD_BATCH]
        until = min(full, default="~")
        self.fresh.clear()
        found: list[tuple[str, Named]] = []
        for shard, page in zip(behind, pages, strict=True):
            for stored in page:
                if stored.stamp > until:
                    break
                self._upto[shard] = stored.seq
                message = _message(stored)
                if message is not None and message.record.last >= message.record.first:
                    self.fresh[shard, stored.seq] = message
                    record = message.record
                    named = Named(shard, stored.seq, message.room, record.first, record.last)
                    found.append((stored.stamp, named))
        return [named for _, named in sorted(found, key=lambda each: (each[0], each[1].shard, each[1].seq))]

    async def _page(self, shard: int) -> Sequence[Stored]:
        asked = {"seq": self._upto[shard] + 1, "batch": SHARD_BATCH, "next_by_subj": f"rooms.{shard}.*"}
        return await self._connection.batch(f"ROOMS_{shard}", asked, READ_S)


def _steps(message: Stored) -> Sequence[Step]:
    body = _body(message)
    if body is None:
        return []
    numbers = ((append, number) for append in body.appends for number in range(append.first, append.last + 1))
    place = message.seq << EVENT_BITS
    return [Step(place + nth, append, number) for nth, (append, number) in enumerate(numbers, start=1)]


def _body(message: Stored | None) -> _Body | None:
    """Return what a message of the feed names; None for what others have put there."""
    if message is None:
        return None
    try:
        return _decoder.decode(message.body)
    except msgspec.DecodeError:
        logger.warning("log.junk feed seq=%d", message.seq)
        return None


def _message(stored: Stored) -> Message | None:
    room = room_of(stored.subject)
    return message_of(room, stored) if room is not None else None
