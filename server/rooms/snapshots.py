"""Snapshots of living rooms: a room wakes from one and the events after it, and writes them as it goes.

They are written when enough has come, when a room falls asleep, and together with what erases, which
drops the one there was. Whatever is wrong with one, the room is folded anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from server.log.base import Damaged, Deposed, Entry, Log, Outcome, Snapshot, StorageFull, Unusable
from server.room.events import Event
from server.room.snapshot import Codec, Parts, Unreadable
from server.room.state import RoomState
from server.rooms.base import NoSuchRoom

# A room that was killed folds this many events when it wakes, at about 15 us each.
EVERY_EVENTS = 512
# So many it folds gladly: it reads as many for its tail.
ASLEEP_EVENTS = 128
WAKE_PAGE_EVENTS = 200  # some ms of folding, for audio is paced in the same loop
WOKEN_TAIL_EVENTS = 128  # enough for whoever comes in; the tail grows with what happens

logger = logging.getLogger(__name__)

Apply = Callable[[RoomState, Event], RoomState]


class Folded(Struct, frozen=True):
    """A room as its log tells it: its state, its newest events, and its snapshots; no events, no room."""

    state: RoomState
    newest: list[Event]
    snapshots: RoomSnapshots


class Snapshots:
    """Folds rooms, and owns what is being written of them; `codec` None keeps no snapshots.

    Without `writes` they are only read: those of rooms that another process owns.
    """

    def __init__(self, log: Log, codec: Codec | None, *, writes: bool = True) -> None:
        self.log, self.codec, self._may_write = log, codec, writes
        # Now: a release that is laid over a running one must not lend it its version.
        self.version = codec.version() if codec else b""
        self._writes: set[asyncio.Task[None]] = set()

    async def fold(self, room: str, empty: RoomState, apply: Apply) -> Folded:
        """Fold a room's log from its snapshot on, keeping the newest events for a tail."""
        kept = RoomSnapshots(self, room)
        state = await kept.load()
        newest = await self.log.newest(room, WOKEN_TAIL_EVENTS)
        if state is not None and kept.seq > (newest[-1].seq if newest else 0):
            kept.ignore("it is from the future")
            state = None
        state = empty if state is None else state
        after, last = kept.seq, newest[0].prev if newest else 0
        while after < last:
            events = await self.log.read(room, after, min(WAKE_PAGE_EVENTS, last - after))
            if not events:  # the room went meanwhile
                return Folded(empty, [], kept)
            for event in events:
                state, after = apply(state, event), event.seq
        for event in newest:
            state = apply(state, event) if event.seq > after else state
        if self._may_write:
            kept.note(state, newest[-1].seq if newest else 0)
        return Folded(state, newest, kept)

    def own(self, task: asyncio.Task[None]) -> None:
        """Keep a write's task until it is done."""
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def close(self) -> None:
        """Wait until all is written; may be called again."""
        while self._writes:
            await asyncio.wait(list(self._writes))


class RoomSnapshots:
    """What the log has of one room's state: as of which event (0: nothing), and in which parts."""

    def __init__(self, owner: Snapshots, room: str) -> None:
        self._owner, self._room = owner, room
        self.seq = 0
        self._parts: Parts = {}
        self._renewed: Parts = {}  # of the chain that is on its way
        self._lost = False  # whether the log dropped the one it had
        self._writing = False

    async def load(self) -> RoomState | None:
        """Return the state that is stored, None when there is none to go on with."""
        codec = self._owner.codec
        if codec is None:
            return None
        try:
            snapshot = await self._owner.log.snapshot(self._room)
            if snapshot is None:
                return None
            if snapshot.version != self._owner.version:
                raise Unreadable("it is of another version")
            state, self._parts = codec.decode(snapshot.body, snapshot.parts)
        except (Damaged, Unreadable) as why:
            self.ignore(str(why))
            return None
        self.seq = snapshot.seq
        return state

    def ignore(self, why: str) -> None:
        """Ignore what is stored, with one line in the log: the next snapshot replaces it whole."""
        logger.warning("snapshot.ignored room=%.6s: %s", self._room, why)
        self.seq, self._parts = 0, {}

    def renewing(self, entries: list[Entry], states: Sequence[RoomState]) -> list[Entry]:
        """Give a chain that erases a new snapshot, as of its last event; `states` are those after each.

        What is on its way may not arrive: then it keeps no part, or old ones would pass for them.
        """
        last = max((at for at, entry in enumerate(entries) if entry.drafts), default=0)
        if not self.seq or not any(entry.erases or entry.drops for entry in entries):
            return entries
        stored = {} if self._writing else self._parts
        snapshot, self._renewed = self._made(states[last], states[last].head, stored)
        entries[last] = replace(entries[last], snapshot=snapshot)
        return entries

    def appended(self, entries: Sequence[Entry], outcomes: Sequence[Outcome]) -> None:
        """Note how an append of a chain ended."""
        for entry, outcome in zip(entries, outcomes, strict=True):
            stored = outcome[-1].seq if isinstance(outcome, list) and outcome else 0
            if entry.snapshot is not None and stored == entry.snapshot.seq:
                self.seq, self._parts, self._lost = stored, self._renewed, False
            elif entry.snapshot is not None:
                self.lose()
            elif stored and (entry.erases or entry.drops):
                self._lost = self.seq > 0

    def lose(self) -> None:
        """Note that nobody knows what is stored: the next one replaces it whole, soon."""
        self._lost, self._parts = self.seq > 0, {}

    def note(self, state: RoomState, head: int) -> None:
        """Write the state when enough has come since the last, or that is lost."""
        if self._lost or head - self.seq >= EVERY_EVENTS:
            self._write(state, head)

    def sleep(self, state: RoomState, head: int) -> None:
        """Write the state of a room that falls asleep, if that spares its waking some folding."""
        if self._lost or head - self.seq >= ASLEEP_EVENTS:
            self._write(state, head)

    def _write(self, state: RoomState, head: int) -> None:
        """Hand the state to the log at once, in order with what is appended, and leave it there."""
        if self._owner.codec is None or self._writing:
            return
        snapshot, self._parts = self._made(state, head, self._parts)
        self.seq, self._lost = head, False
        try:
            stored = self._owner.log.keep_snapshot(self._room, snapshot)
        except Unusable:  # the log is closed before its rooms
            return
        self._writing = True
        self._owner.own(asyncio.get_running_loop().create_task(self._see_stored(stored)))

    async def _see_stored(self, stored: Awaitable[bool]) -> None:
        """See a snapshot stored; the root of its task."""
        try:
            if not await stored:
                self._parts = {}
        except (StorageFull, Unusable, Deposed, OSError) as error:
            logger.warning("snapshot.not_stored room=%.6s %s", self._room, type(error).__name__)
            self._parts = {}
        except Exception:
            logger.exception("snapshot.not_stored room=%.6s", self._room)
            self._parts = {}
        finally:
            self._writing = False

    def _made(self, state: RoomState, head: int, stored: Parts) -> tuple[Snapshot, Parts]:
        codec = self._owner.codec
        assert codec is not None
        made = codec.encode(state, stored)
        kept = frozenset(made.parts.keys() - made.fresh.keys())
        return Snapshot(head, self._owner.version, made.body, made.fresh, kept), made.parts


async def missed_since(log: Log, room: str, after: int, newest: list[Event]) -> list[Event]:
    """Return what was written since an event, up to the newest; nothing after 0, for who knows no event yet.

    Raises `NoSuchRoom` when the room goes meanwhile.
    """
    last = newest[-1].seq
    if not after or newest[0].prev <= after:
        return [event for event in newest if after and event.seq > after]
    missed = list[Event]()
    while after < last:
        events = await log.read(room, after, WAKE_PAGE_EVENTS)
        if not events:
            raise NoSuchRoom
        missed += events
        after = events[-1].seq
    return [event for event in missed if event.seq <= last]
