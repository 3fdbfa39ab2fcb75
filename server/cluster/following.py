"""Keeps a copy of a room that another node owns: its state and its tail, in order and without a gap.

Frames of the owner may be lost, also the last one before a silence. A gap in their numbers makes this
node follow anew; events are repaired by their numbers from the log. Frames of a lower epoch come from an
owner that was deposed and does not know it, and are dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from server.cluster.messages import Followed, Frame, Junk, decode_frame, unpack_events
from server.cluster.transport import Transport, tail_of
from server.log.base import Log
from server.log.claims import Ownership
from server.room.events import Event
from server.room.state import RoomState
from server.rooms.base import NoSuchRoom
from server.rooms.changes import Change
from server.rooms.rules import Rules
from server.rooms.snapshots import Snapshots, missed_since
from server.rooms.tail import Tail

PAGE_EVENTS = 500
# Frames that wait for what came before them; when there are more, the oldest are dropped and repaired.
WAITING_MOST = 1_000
# How long to wait before an owner that did not answer is looked for again.
RETRY_S = 0.1
# A replica may be behind: it is asked again after a pause, and after so many the storage counts as broken.
STALE_PAUSE_S, STALE_READS = 0.05, 40

logger = logging.getLogger(__name__)


class Follower(Protocol):
    """The room as its copy knows it."""

    @property
    def is_held(self) -> bool:
        """Tell whether the state is wanted here even when the owner's room sleeps."""

    async def follow(self, owner: str) -> Followed:
        """Ask a node for its room from now on. Raises `OSError` when it does not answer as its owner."""

    def changed(self, origin: str, change: Change) -> None:
        """Note a change of who is in the room, and of which node the visitor is."""

    def moved(self) -> None:
        """Note that whoever was asked lately may be the owner no more."""

    def rested(self, state: RoomState) -> None:
        """Note that the room sleeps, and as what it fell asleep."""

    def ended(self, *, is_own: bool) -> None:
        """Note that the room is not elsewhere: this node owns it now, or it is gone."""


class Following:
    """The copy of one room; `state` is None while it sleeps. A task of its own brings it up to date."""

    def __init__(
        self,
        id: str,  # noqa: A002
        room: Follower,
        tail: Tail,
        *,
        log: Log,
        rules: Rules,
        node: str,
        find: Callable[[str], Awaitable[Ownership | None]],
    ) -> None:
        self.state: RoomState | None = None
        self.owner = ""
        self.is_synced = False
        self._epoch = 0
        self._id, self._room, self._tail, self._log = id, room, tail, log
        self._rules, self._node, self._find = rules, node, find
        self._snapshots = Snapshots(log, rules.snapshots, writes=False)
        self._nr = 0
        self._is_awake = False  # at the owner's
        self._target = 0  # the newest event that is known of
        self._waiting: deque[Frame] = deque(maxlen=WAITING_MOST)
        self._poke = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        self._wanting = 0  # those who wait for the state
        self._worker: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._is_closed = self._is_failing = False

    async def start(self, transport: Transport) -> None:
        """Hear the tail from now on, and follow."""
        self._unsubscribe = await transport.subscribe(tail_of(self._id), self.hear)
        if self._is_closed:
            self._unsubscribe()
            return
        self._worker = asyncio.get_running_loop().create_task(self._work(), name=f"follow {self._id[:6]}")
        self._poke.set()

    async def close(self) -> None:
        """Hear no more; may be called again."""
        self.stop()
        if self._worker is not None and self._worker is not asyncio.current_task():
            await asyncio.gather(self._worker, return_exceptions=True)

    def stop(self) -> None:
        """Begin to close; whoever waits is told."""
        if not self._is_closed:
            self._is_closed = True
            if self._unsubscribe is not None:
                self._unsubscribe()
            if self._worker is not None and self._worker is not asyncio.current_task():
                self._worker.cancel()
            self._progress()

    # What is heard

    def hear(self, body: bytes) -> None:
        """Take in what was published as the room's tail."""
        try:
            frame = decode_frame(body)
        except Junk as why:
            logger.warning("cluster.junk_frame room=%.6s %s", self._id, why)
            return
        if frame.room == self._id and frame.node != self._node and not self._is_closed:
            self._arrive(frame)

    def _arrive(self, frame: Frame) -> None:
        if frame.epoch < self._epoch:
            return
        if frame.epoch > self._epoch:
            self._epoch = frame.epoch
            self.doubt()
            self._room.moved()
        elif not self.is_synced:
            self._waiting.append(frame)
        elif frame.nr == self._nr + 1 and not frame.again:
            self._take(frame)
        elif frame.nr > self._nr:
            self.doubt()
            self._waiting.append(frame)
        elif frame.nr == self._nr:
            self._is_awake = frame.awake
            self._target = max(self._target, frame.last)
            self._settle()

    def _take(self, frame: Frame) -> None:
        self._nr = frame.nr
        self._is_awake = frame.awake
        if frame.dropped == self._node:
            self.doubt()
        for origin, change in frame.changes:
            self._room.changed(origin, change)
        self._waiting.append(frame)
        self._settle()

    def doubt(self) -> None:
        """Look for the owner anew and follow it; frames wait until then."""
        if self.is_synced:
            self._show_signals()
        self.is_synced = False
        self._poke.set()

    def expect(self, seq: int) -> None:
        """Bring the copy up to an event, from the log if need be."""
        self._target = max(self._target, seq)
        self._poke.set()

    def take_answer(self, events: Sequence[Event]) -> None:
        """Take in the events of a command that was answered; the frame with them may come later."""
        last = events[-1].seq
        if self.state is None or not self._append(events):
            self.expect(last)

    @property
    def place(self) -> tuple[int, int]:
        """Return the epoch and the number of the newest frame."""
        return self._epoch, self._nr

    # Waiting

    async def until_synced(self) -> None:
        """Wait until an owner answered, or the room is not elsewhere any more."""
        while not self.is_synced and not self._is_closed:
            await self._next_step()

    async def until_shown(self, seq: int) -> None:
        """Wait until events up to a number were shown to the readers."""
        while self._tail.head < seq and not self._is_closed:
            await self._next_step()

    async def until_awake(self, seq: int) -> None:
        """Wait until the state is here, with events up to a number."""
        self._wanting += 1
        try:
            while (self.state is None or self._tail.head < seq) and not self._is_closed:
                self.expect(seq)
                await self._next_step()
        finally:
            self._wanting -= 1
            self._poke.set()

    async def _next_step(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def _progress(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # The worker

    async def _work(self) -> None:
        """Bring the copy up to date whenever something is missing; the root of its task."""
        while not self._is_closed:
            await self._poke.wait()
            await asyncio.sleep(0)  # the loop goes on, whatever pokes again at once
            self._poke.clear()
            try:
                await self._catch_up()
                self._is_failing = False
            except NoSuchRoom:
                self._room.ended(is_own=False)
            except OSError as error:
                if not self._is_failing:
                    logger.warning("cluster.not_followed room=%.6s %s", self._id, error)
                self._is_failing = True
                self._progress()
                await asyncio.sleep(RETRY_S)
                self._poke.set()
            except Exception:
                logger.exception("cluster.following_failed room=%.6s", self._id)
                await asyncio.sleep(RETRY_S)
                self.is_synced = False
                self._poke.set()
            self._progress()

    async def _catch_up(self) -> None:
        while not self.is_synced and not self._is_closed:
            await self._follow()
            if not self.is_synced:
                await asyncio.sleep(RETRY_S)
        if self._is_closed:
            return
        # A frame waits, and nothing before it is missing, when the room woke for it and sleeps again.
        if self.state is None and (self._is_wanted or self._waiting or self._goal() > self._tail.head):
            await self._fold()
        if self.state is not None:
            await self._repair()
        self._settle()

    async def _follow(self) -> None:
        """Find the owner and follow it."""
        found = await self._find(self._id)
        if found is None:
            raise NoSuchRoom
        if found.owner == self._node:
            self._room.ended(is_own=True)
            return
        if found.owner != self.owner or found.epoch > self._epoch:
            self.owner, self._epoch = found.owner, max(self._epoch, found.epoch)
            self._room.moved()
        followed = await self._room.follow(found.owner)
        if followed.epoch < self._epoch:
            return  # somebody claimed it meanwhile
        self._epoch, self._nr, self._is_awake = followed.epoch, followed.nr, followed.awake
        self._target = max(self._target, followed.head)
        self.is_synced = True
        early, self._waiting = self._waiting, deque(maxlen=WAITING_MOST)
        for frame in early:
            if frame.epoch == self._epoch and not frame.again:
                self._arrive(frame)

    async def _fold(self) -> None:
        """Make the state from the log; the readers are told what they missed."""
        folded = await self._snapshots.fold(self._id, self._rules.empty, self._rules.apply)
        if not folded.newest:
            raise NoSuchRoom
        missed = await missed_since(self._log, self._id, self._tail.head, folded.newest)
        self._tail.fill(folded.newest)
        self.state = folded.state
        if missed:
            self._tail.publish(missed)

    async def _repair(self) -> None:
        """Read from the log what did not come."""
        stale = 0
        while self._tail.head < self._goal() and self.state is not None:
            events = await self._log.read(self._id, self._tail.head, PAGE_EVENTS)
            if not self._append(events) and self._tail.head < self._goal():
                stale += 1
                if stale > STALE_READS:
                    raise OSError("The log does not have what the owner of the room stored.")
                await asyncio.sleep(STALE_PAUSE_S)

    def _goal(self) -> int:
        """Return up to which event others have it; later frames may bring what comes after."""
        first = next((frame for frame in self._waiting if frame.last > frame.prev), None)
        return max(self._target, first.prev if first is not None else 0)

    # Showing

    def _settle(self) -> None:
        """Show what waits, as far as it goes on from what was shown, and rest if the owner's room does."""
        while self._waiting and self._can_show(self._waiting[0]):
            self._show(self._waiting.popleft())
        if self._waiting or self._tail.head < self._goal() or (self.state is None and self._is_wanted):
            self._poke.set()
        elif self.state is not None and not self._is_wanted:
            self._rest()
        self._progress()

    @property
    def _is_wanted(self) -> bool:
        return self._is_awake or self._wanting > 0 or self._room.is_held

    def _can_show(self, frame: Frame) -> bool:
        if frame.last <= self._tail.head or frame.last == frame.prev:
            return True
        return self.state is not None and frame.prev <= self._tail.head

    def _show(self, frame: Frame) -> None:
        try:
            events = [event for event in unpack_events(frame.events) if event.seq > self._tail.head]
        except Junk as why:
            logger.warning("cluster.junk_events room=%.6s %s", self._id, why)
            self._target, events = max(self._target, frame.last), []
        signals = [(to, bytes(body)) for to, body in frame.signals]
        if events:
            self._fold_in(events, signals)
        elif signals:
            self._tail.bring([], signals)

    def _show_signals(self) -> None:
        """Show the signals of frames that will be repaired; their events come from the log."""
        for frame in self._waiting:
            self._target = max(self._target, frame.last)
            if frame.signals:
                self._tail.bring([], [(to, bytes(body)) for to, body in frame.signals])
        self._waiting.clear()

    def _append(self, events: Sequence[Event]) -> bool:
        """Show events that go on from the newest; tell whether there were any, or none was missing."""
        fresh = [event for event in events if event.seq > self._tail.head]
        if not fresh:
            return bool(events)
        if self.state is None or fresh[0].prev != self._tail.head:
            return False
        self._fold_in(fresh, [])
        self._progress()
        return True

    def _fold_in(self, events: Sequence[Event], signals: Sequence[tuple[str | None, bytes]]) -> None:
        assert self.state is not None
        gone, _ = self._rules.erasures(self.state, [event.data for event in events])
        self.state = self._rules.fold(self.state, events)
        self._tail.bring(events, signals)
        if gone:
            self._tail.erase(frozenset(gone))

    def _rest(self) -> None:
        state, self.state = self.state, None
        self._tail.rest()
        if state is not None:
            self._room.rested(state)
