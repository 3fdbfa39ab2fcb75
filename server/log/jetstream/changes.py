"""The changes feed: the one order of all appends, with the events as they are now."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from server.log.base import LOST, Change
from server.log.jetstream.reading import BATCH, READ_S, Rooms, message_of
from server.log.jetstream.records import Message
from server.log.jetstream.sequence import Named, Order, Step
from server.nats.connection import Connection
from server.room.events import Erased, Event
from server.together import settled

logger = logging.getLogger(__name__)


class Changes:
    """Reads the feed, page by page."""

    def __init__(self, connection: Connection, rooms: Rooms, order: Order) -> None:
        self._connection, self._rooms, self._order = connection, rooms, order

    async def read(self, after: int, limit: int) -> list[Change]:
        """Return at most `limit` changes after a position; fewer when there are no more now."""
        after = max(after, 0)
        found: list[Change] = []
        while len(found) < limit:
            steps = await self._order.steps(after, limit - len(found))
            if steps:
                found += await self._changes(steps)
                after = steps[-1].position
            elif not await self._order.name_more():
                break
        return found

    async def _changes(self, steps: Sequence[Step]) -> list[Change]:
        messages = await self._messages({(step.append.shard, step.append.seq): step.append for step in steps})
        found: list[Change] = []
        events: dict[tuple[int, int], dict[int, Event]] = {}
        for step in steps:
            place = step.append.shard, step.append.seq
            if place not in messages:
                continue
            if place not in events:
                events[place] = _events(messages[place])
            event = events[place].get(step.number) or _lost(step.number)
            found.append(Change(step.position, step.append.room, event))
        return found

    async def _messages(self, wanted: dict[tuple[int, int], Named]) -> dict[tuple[int, int], Message | None]:
        """Return the messages of appends as they are now; those of rooms that were dropped are left out."""
        fresh = self._order.fresh
        there = {place: fresh[place] for place in wanted if place in fresh}
        lacking: dict[int, list[int]] = defaultdict(list)
        for shard, seq in sorted(wanted.keys() - there.keys()):
            lacking[shard].append(seq)
        pages = await settled(self._page(shard, seqs, wanted) for shard, seqs in lacking.items())
        for page in pages:
            there |= page
        found: dict[tuple[int, int], Message | None] = {}
        for place, named in wanted.items():
            message = there.get(place)
            if message is not None and not self._rooms.is_gone(named.room, named.seq):
                found[place] = message
                continue
            copy = await self._rooms.copy(named.room, named.seq)
            if copy is not None or (await self._rooms.look(named.room)).base <= named.seq:
                found[place] = copy
        return found

    async def _page(
        self, shard: int, seqs: Sequence[int], wanted: dict[tuple[int, int], Named]
    ) -> dict[tuple[int, int], Message]:
        """Read the messages of a shard at some sequences, which lie close together."""
        found: dict[tuple[int, int], Message] = {}
        start = seqs[0]
        while start <= seqs[-1]:
            asked = {"seq": start, "batch": min(BATCH, len(seqs)), "next_by_subj": f"rooms.{shard}.*"}
            page = await self._connection.batch(f"ROOMS_{shard}", asked, READ_S)
            if not page:
                break
            for stored in page:
                named = wanted.get((shard, stored.seq))
                message = message_of(named.room, stored) if named is not None else None
                if message is not None:
                    found[shard, stored.seq] = message
            start = next((seq for seq in seqs if seq > page[-1].seq), seqs[-1] + 1)
        return found


def _events(message: Message | None) -> dict[int, Event]:
    if message is None:
        return {}
    try:
        return {event.seq: event for event in message.events()}
    except msgspec.DecodeError:
        logger.exception("log.change_damaged seq=%d", message.seq)
        return {}


def _lost(number: int) -> Event:
    return Event(number, number - 1, 0, None, LOST, Erased())
