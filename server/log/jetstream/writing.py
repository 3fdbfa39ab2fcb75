"""Writing to rooms: one thing after another in each room, and many rooms at once.

A room has one owner. In a cluster that is who claimed it; a server that is alone becomes it by its first
append. Either way every append carries the owner's epoch, and who finds a higher one has been deposed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from server.log.base import Conflict, Damaged, Deposed, Entry, Outcome, Snapshot, StorageFull, Unusable
from server.log.chain import chained, listed
from server.log.claims import Ownership
from server.log.jetstream import records
from server.log.jetstream.planning import Plan, forget, plan, remember
from server.log.jetstream.reading import Rooms
from server.log.jetstream.records import CLAIM, CLOSED, ERASE, EVENTS, Message, Place, Record, header
from server.log.jetstream.sending import Moved, Part, Sender
from server.log.jetstream.snapshots import Snapshots
from server.nats.connection import TooLarge
from server.room.events import Event, erased

T = TypeVar("T")
ClaimsAre = Literal["explicit", "implied"]

# Of one commit: a server takes a thousand messages together.
MOST_COPIES = 500

# Messages, each with what is left of its events.
Blanked = Sequence[tuple[Message, list[Event]]]

logger = logging.getLogger(__name__)


class AppendObserver(Protocol):
    """Who is told of what is stored."""

    def appended(self, room: str, place: Place, kinds: Iterable[str]) -> None:
        """Note an append."""

    async def gone(self, room: str, place: Place) -> None:
        """Erase what the newest message of a room takes back, now or as soon as it can be."""

    def unfinished(self, room: str) -> None:
        """Look in a while whether all of a room that should be is erased."""


class Writing:
    """The writers of all rooms; `put` gives each room its own line."""

    def __init__(
        self,
        rooms: Rooms,
        sender: Sender,
        snapshots: Snapshots,
        told: AppendObserver,
        *,
        node: str,
        claims: ClaimsAre,
    ) -> None:
        self._rooms, self._sender, self._snapshots, self._told = rooms, sender, snapshots, told
        self._node, self._claims = node, claims
        self._lines: dict[str, deque[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._appends = 0

    def put(self, room: str, work: Callable[[], Awaitable[T]]) -> asyncio.Future[T]:
        """Let work on a room wait for its turn; it is done also when nobody waits for it any more."""
        if self._closed:
            raise Unusable("The log is closed.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        future.add_done_callback(_seen)
        line = self._lines.get(room)
        if line is not None:
            line.append((work, future))
            return future
        self._lines[room] = deque([(work, future)])
        task = loop.create_task(self._work(room), name=f"append {room[:6]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return future

    async def _work(self, room: str) -> None:
        """Work off a room's line; the root of its task."""
        line = self._lines[room]
        while line:
            work, future = line.popleft()
            try:
                result = await work()
            except Exception as error:  # noqa: BLE001 - who asked is told
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)
        del self._lines[room]

    async def close(self) -> None:
        """Finish what waits; may be called again."""
        self._closed = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    # Appends

    async def append(self, room: str, entries: Sequence[Entry], expect: int | None) -> list[Outcome]:
        """Store a chain in one message, or each entry in its own where they do not fit together."""
        while True:
            place = await self._place(room)
            if expect != 0 and place.last:
                self._epoch(place)
            made = await self._planned(room, place, entries, expect)
            if not made.events:
                return made.outcomes
            blanked = await self._blanked(room, place, made.erases)
            if len(blanked) > MOST_COPIES:
                await self._erase_some(room, place, blanked[:MOST_COPIES])
                continue
            try:
                await self._store(room, place, made, blanked)
            except Moved:
                continue  # decided anew: what was expected holds no more, or was not said
            except (StorageFull, TooLarge) as full:
                if len(entries) > 1:
                    return await self._one_by_one(room, entries, expect)
                return [full if isinstance(full, StorageFull) else StorageFull(str(full))]
            return made.outcomes

    async def _one_by_one(self, room: str, entries: Sequence[Entry], expect: int | None) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for entry in entries:
            outcomes += await self.append(room, [entry], expect)
            expect = None if expect is None else chained(expect, entry, outcomes[-1])
        return outcomes

    async def _planned(self, room: str, place: Place, entries: Sequence[Entry], expect: int | None) -> Plan:
        if place.keys is None and any(entry.key is not None for entry in entries):
            await self._load_keys(room, place)
        known = place.keys or {}
        uses = [known[entry.key][1] for entry in entries if entry.key is not None and entry.key in known]
        events = await self._used(room, place, uses)
        return plan(place, entries, expect, events)

    async def _used(self, room: str, place: Place, uses: Sequence[records.KeyUse]) -> dict[int, Event]:
        """Return by number the events that were stored under keys: a page that comes again asks for many."""
        events: dict[int, Event] = {}
        for use in uses:
            if use.first not in events:
                for message in await self._rooms.messages(room, use.first, use.last, place):
                    events |= {event.seq: event for event in message.events()}
        return events

    async def _store(self, room: str, place: Place, made: Plan, blanked: Blanked) -> None:
        """Store what was planned, tell of it, and finish what it erases."""
        epoch = self._epoch(place)
        stored = [erased(event) if event.seq in made.erases else event for event in made.events]
        record = replace(
            place.following(EVENTS, self._node, self._append_id(), made.events),
            epoch=epoch,
            public=listed(place.record.public, made.events),
            used=place.record.used + len(made.uses),
            keys=len(made.uses),
            erases=tuple(message.stored for message, _ in blanked),
        )
        copies = [self._copy(message, left) for message, left in blanked]
        now = await self._send(room, place, record, records.body(stored, made.uses), copies)
        if place.keys is not None:
            remember(place.keys, place, now.seq, made)
            now.keys = place.keys
        self._took(room, now, [event.kind for event in made.events])
        await self._told.gone(room, now)
        if made.drops:
            await self._drop_words(room)
        if made.snapshot is not None:
            await self._snapshots.renew(room, made.snapshot, now)

    async def _drop_words(self, room: str) -> None:
        """Drop a snapshot that is none any more: where that fails, later."""
        try:
            await self._snapshots.drop_words(room)
        except OSError as error:
            logger.warning("log.snapshot_not_erased_yet room=%.6s %s", room, error)
            self._told.unfinished(room)

    async def _send(
        self, room: str, place: Place, record: Record, body: bytes, copies: Sequence[Part] = ()
    ) -> Place:
        """Send an append; whoever finds that a room has another owner steps down."""
        try:
            return await self._sender.store(room, place, record, body, copies)
        except Moved as moved:
            self._rooms.forget(room)
            if place.record.node == self._node and moved.place.record.epoch > place.record.epoch:
                raise Deposed(f"epoch {moved.place.record.epoch}") from moved
            raise
        except OSError:
            self._rooms.forget(room)  # nobody knows whether it is stored
            raise

    def _epoch(self, place: Place) -> int:
        """Return the epoch of an append. Raises `Deposed` for who must not append."""
        record = place.record
        if record.node == self._node and record.kind != CLOSED:
            return record.epoch
        if self._claims == "explicit" and place.last > 0:
            raise Deposed(f"epoch {record.epoch} is another's")
        return record.epoch + 1

    def _took(self, room: str, place: Place, kinds: Iterable[str]) -> None:
        self._rooms.keep(room, place)
        self._told.appended(room, place, kinds)

    async def _place(self, room: str) -> Place:
        """Return where a room ends."""
        place = self._rooms.known(room)
        if place is None:
            place = await self._rooms.look_surely(room)
            self._rooms.keep(room, place)
            if place.pending:
                await self._told.gone(room, place)
        return place

    async def _load_keys(self, room: str, place: Place) -> None:
        """Read the keys that the room remembers, as their messages have them."""
        keys: dict[str, tuple[int, records.KeyUse]] = {}
        try:
            if place.keys_from:
                for message in await self._rooms.from_sequence(room, place.keys_from, place):
                    for use in message.uses():
                        keys[use.key] = (message.seq, use)
        except msgspec.DecodeError as error:
            raise Damaged("the keys of a room cannot be read") from error
        forget(keys, place.record.used, place.record.at_ms)
        place.keys = keys

    # Erasing

    async def erase(self, room: str, seqs: Sequence[int]) -> None:
        """Blank events, whoever owns the room; its snapshot goes."""
        while True:
            self._rooms.forget(room)
            place = await self._place(room)
            wanted = {seq for seq in seqs if 0 < seq <= place.last}
            blanked = await self._blanked(room, place, wanted)
            if not blanked:
                break
            with suppress(Deposed):  # who owns the room does not matter here
                await self._erase_some(room, place, blanked[:MOST_COPIES])
        await self._snapshots.drop(room)

    async def _erase_some(self, room: str, place: Place, blanked: Blanked) -> None:
        """Store nothing but what takes messages back, if the room did not move meanwhile."""
        record = replace(
            place.following(ERASE, place.record.node, self._append_id()),
            erases=tuple(message.stored for message, _ in blanked),
        )
        copies = [self._copy(message, left) for message, left in blanked]
        try:
            now = await self._send(room, place, record, records.body([]), copies)
        except Moved:
            return
        self._took(room, now, ())
        await self._told.gone(room, now)

    async def drop(self, room: str) -> None:
        """Let a room go as a whole; a record that says so stays, for the newest message is never erased."""
        while True:
            self._rooms.forget(room)
            place = await self._place(room)
            if place.seq == 0 or place.record.kind == CLOSED:
                return
            record = Record(
                place.record.epoch,
                place.record.node,
                self._append_id(),
                CLOSED,
                1,
                0,
                prev=place.seq,
                base=place.base,
            )
            try:
                now = await self._send(room, place, record, records.body([]))
            except (Moved, Deposed):
                continue
            self._took(room, now, ())
            await self._told.gone(room, now)
            return

    async def _blanked(self, room: str, place: Place, seqs: Iterable[int]) -> Blanked:
        """Return the messages that hold events of these numbers, with what is left of them."""
        found: dict[int, tuple[Message, list[Event]]] = {}
        for seq in sorted({seq for seq in seqs if seq <= place.last}):
            if any(message.record.first <= seq <= message.record.last for message, _ in found.values()):
                continue
            for message in await self._rooms.messages(room, seq, seq, place):
                found[message.seq] = (message, message.events())
        gone = set(seqs)
        left = [
            (message, events, [erased(event) if event.seq in gone else event for event in events])
            for message, events in found.values()
        ]
        return [(message, rest) for message, events, rest in left if rest != events]

    def _copy(self, message: Message, events: Sequence[Event]) -> Part:
        """Return the copy that takes a message's place."""
        subject = self._rooms.blank(message.room, message.seq)
        return subject, records.body(events, message.uses()), header(message.record)

    def _append_id(self) -> str:
        """Return the name of an append: no other process has this node's."""
        self._appends += 1
        return f"{self._node}.{self._appends}"

    # Snapshots and claims

    async def keep(self, room: str, snapshot: Snapshot) -> bool:
        """Store a snapshot, if it is as of the head."""
        place = await self._place(room)
        if place.last > 0:
            self._epoch(place)
        if not place.last or snapshot.seq != place.last:
            return False
        await self._snapshots.keep(room, snapshot, place)
        return True

    async def claim(self, room: str, seen: Ownership) -> Ownership:
        """Become the owner of a room where it ends as was seen."""
        self._rooms.forget(room)
        place = await self._place(room)
        if place.head != seen.place or not place.last:
            raise Conflict("the room has moved")
        record = replace(place.following(CLAIM, self._node, self._append_id()), epoch=place.record.epoch + 1)
        try:
            now = await self._send(room, place, record, records.body([]))
        except (Moved, Deposed) as other:
            raise Conflict("another was first") from other
        self._took(room, now, ())
        return ownership(now)


def ownership(place: Place) -> Ownership:
    """Return who owns the room of a place."""
    return Ownership(place.head, place.record.epoch, place.record.node, place.last)


def _seen(future: asyncio.Future[Any]) -> None:
    """Take note of an error that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
