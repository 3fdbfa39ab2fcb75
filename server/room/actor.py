"""One room awake: its inbox, its state, its one timer. The only writer of its log.

What waits in the inbox is decided as one batch on the state it would lead to, appended in one
chain, and shown only when it is durable. While a chain is on its way the next batch gathers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from random import Random
from typing import Protocol

from msgspec import Struct

from server.log.base import Blob, Conflict, Entry, KeyUsed, Log, Outcome, StorageFull
from server.room.commands import Command, Refused, Tick
from server.room.context import Context
from server.room.events import Draft, Erased, Event, Fact, Voice, erased, numbered
from server.room.keys import digest, id_used, said, scoped
from server.room.presence import Presence
from server.room.snapshot import Codec
from server.room.state import RoomState
from server.room.tail import Tail
from server.rooms.snapshots import RoomSnapshots

RECENT_KEYS = 256
BATCH_COMMANDS = 128  # some ms of deciding, for audio is paced in the same loop
RACES_TRIED = 16
SHORTEST_IDLE_MS = 5  # who woke the room must have time to hold it
LONGEST_WAIT_MS = 60_000  # the loop's timers stand still while a machine sleeps, the clock does not
TICK_EVERY_MS = 20
IDLE_TICK_EVERY_MS = 1_000  # when a tick found nothing to do though something was due
PAGE_EVENTS = 500
FULL = "The server has no room left to keep this. Try again later."
FULL_RETRY_AFTER_MS = 10_000

logger = logging.getLogger(__name__)


class Rules(Struct, frozen=True):
    """The pure functions that make a room: those of `server.room.decide` and `state`."""

    empty: RoomState
    decide: Callable[[RoomState, Command, Voice | None, Context], list[Draft]]
    apply: Callable[[RoomState, Event], RoomState]
    due: Callable[[RoomState, Context], int | None]
    erasures: Callable[[RoomState, Sequence[Fact | Erased]], tuple[Sequence[int], Sequence[str]]]
    snapshots: Codec | None = None


class Home(Protocol):
    """Where a room lives: it is told when the room falls asleep, and wakes it again."""

    def left(self, room: Room) -> None:
        """Let go of a room that fell asleep."""

    async def wake(self, id: str) -> Room:  # noqa: A002
        """Return the room, awake."""


class Wish(Struct, eq=False):
    """A command on its way, and who waits for it."""

    command: Command
    by: Voice | None
    key: str | None
    blobs: Sequence[Blob]
    done: asyncio.Future[list[Event]]
    races: int = 0
    use: bytes = b""  # digest of what the key is used for

    def grant(self, events: list[Event]) -> None:
        """Answer with what was stored."""
        if not self.done.done():
            self.done.set_result(events)

    def fail(self, error: Exception) -> None:
        """Answer that it could not be."""
        if not self.done.done():
            self.done.set_exception(error)


class Plan(Struct, eq=False):
    """What a wish would do: its drafts, the events and the state they would become, or why not.

    `erases` and `drops` are the events and blobs that go with them.
    """

    wish: Wish
    state: RoomState
    drafts: Sequence[Draft] = ()
    events: Sequence[Event] = ()
    erases: Sequence[int] = ()
    drops: Sequence[str] = ()
    error: Exception | None = None
    outcome: Outcome | None = None

    def entry(self) -> Entry:
        """Return what the log is asked for."""
        blobs = self.wish.blobs if self.drafts else ()
        return Entry(self.drafts, self.wish.key, blobs, self.erases, self.drops, self.wish.use)


class Room:
    """One room's actor. Made by the house; used from one event loop."""

    def __init__(
        self,
        id: str,  # noqa: A002
        home: Home,
        *,
        log: Log,
        rules: Rules,
        snapshots: RoomSnapshots,
        state: RoomState,
        tail: Tail,
        clock: Callable[[], int],
        random: Random,
        idle_ms: int,
    ) -> None:
        self.id = id
        self.state = state
        self.tail = tail
        self._presence = Presence()
        self._heard: set[str] = set()
        self._home, self._log, self._rules, self._snapshots = home, log, rules, snapshots
        self._clock, self._random = clock, random
        self._idle_ms = max(idle_ms, SHORTEST_IDLE_MS)
        self._inbox: list[Wish] = []
        self._underway: dict[str, Wish] = {}
        self._recent: OrderedDict[str, tuple[bytes, list[Event]]] = OrderedDict()
        self._holds = 0
        self._worker: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._used_at_ms = clock()
        self._next_tick_ms = 0
        self._unsure = False
        self._gone = False
        self._set_timer()

    async def send(
        self,
        command: Command,
        *,
        by: Voice | None = None,
        key: str | None = None,
        salt: bytes = b"",
        blobs: Sequence[Blob] = (),
    ) -> list[Event]:
        """Decide a command and return its events once they are durable.

        A `key` that the same voice used before for the same returns the events of its first use;
        used for something else it is refused (`id_used`). What is kept of that use is a digest,
        with a `salt` where the command says what can be guessed. Raises `Refused`, also for a full
        disk (`storage_full`), and `OSError` when the storage broke.
        """
        if self._gone:
            room = await self._home.wake(self.id)
            return await room.send(command, by=by, key=key, salt=salt, blobs=blobs)
        if key is None:
            return await self._put(command, by, None, blobs)
        use = digest(f"{key} ".encode() + salt + said(command))
        key = scoped(by, key)
        if (known := await self._known(key)) is None:
            return await self._put(command, by, key, blobs, use)
        if known[0] != use:
            raise id_used()
        return known[1]

    def use(self) -> None:
        """Keep the room awake for as long as an unused one stays awake: time to hold it."""
        self._used_at_ms = self._clock()

    def hold(self) -> None:
        """Keep the room awake until `release`."""
        self._holds += 1
        self._touch()

    def release(self) -> None:
        """Let go of one hold."""
        self._holds -= 1
        self._touch()

    def context(self) -> Context:
        """Return what is decided on now beside the state; it holds for this turn of the loop."""
        return self._presence.context(self._clock(), self._random)

    @property
    def speakers(self) -> Mapping[str, int]:
        """Return the present voices that may speak, with the leases of each."""
        return self._presence.speakers

    @property
    def speaking(self) -> AbstractSet[str]:
        """Return the voices with an open take or one on its way."""
        return self._presence.speaking.keys()

    @property
    def paces(self) -> Mapping[str, float]:
        """Return how much longer than others present voices may take."""
        return self._presence.paces

    def enter(self, voice: Voice) -> None:
        """Count a connection of a voice in, whether it may speak or not."""
        self._presence.enter(voice.id)

    def exit(self, voice: Voice) -> None:
        """Count a connection out again."""
        self._presence.exit(voice.id, self._clock())
        self._touch()

    def consent(self, voice_id: str) -> None:
        """Note that a voice has read what is asked at the door, and came in."""
        self._presence.consent(voice_id)

    def arrive(self, voice: Voice) -> None:
        """Count a voice in that may speak; the room's pulse runs while there is one."""
        self._presence.arrive(voice.id)
        self._touch()

    def leave(self, voice: Voice) -> None:
        """Count a voice out again."""
        self._presence.leave(voice.id, self._clock())
        self._touch()

    def set_pace(self, voice_id: str, pace: float) -> None:
        """Note how much longer than others a present voice may take, for as long as it is here."""
        self._presence.set_pace(voice_id, pace)
        self._touch()

    def begin_speaking(self, voice_id: str, take: str = "", *, until_ms: int) -> None:
        """Mark a take as open; it counts as ended at `until_ms` when nobody ends it before."""
        self._presence.begin(voice_id, take, until_ms)
        self._touch()

    def end_speaking(self, voice_id: str, take: str = "") -> None:
        """Mark a take as ended; its voice is silent when it has no other."""
        if self._presence.end(voice_id, take):
            self.hear(voice_id, on=False)
        self._touch()

    def has_take(self, voice_id: str, take: str) -> bool:
        """Tell whether a take of a voice is open or on its way."""
        return take in self._presence.speaking.get(voice_id, ())

    def hear(self, voice_id: str, *, on: bool) -> None:
        """Tell everyone that a voice speaks now, or does no more; what they know already is not told."""
        if on == (voice_id in self._heard):
            return
        self._heard ^= {voice_id}
        self.tail.signal("speaking", {"voice": voice_id, "on": on})

    async def close(self) -> None:
        """Leave the house, finish what is in the inbox and stop; may be called again."""
        self._leave_home()
        self._stop_timer()
        while self._worker is not None:
            await asyncio.wait([self._worker])
        self._snapshots.sleep(self.state, self.tail.head)

    # The inbox

    async def _known(self, key: str) -> tuple[bytes, list[Event]] | None:
        """Return what a key was used for lately and stored; a command that uses it now is waited for."""
        first = self._underway.get(key)
        while first is not None and not first.done.done():
            await asyncio.wait([first.done])
            first = self._underway.get(key)
        return self._recent.get(key)

    def _put(
        self,
        command: Command,
        by: Voice | None,
        key: str | None,
        blobs: Sequence[Blob] = (),
        use: bytes = b"",
    ) -> asyncio.Future[list[Event]]:
        loop = asyncio.get_running_loop()
        wish = Wish(command, by, key, blobs, loop.create_future(), use=use)
        self._inbox.append(wish)
        if key is not None:
            self._underway[key] = wish
        if self._worker is None:
            self._stop_timer()
            self._worker = loop.create_task(self._work(), name=f"room {self.id[:6]}")
        return wish.done

    async def _work(self) -> None:
        """Serve the inbox until it is empty; this is the root of the room's task."""
        while self._inbox:
            batch, self._inbox = self._inbox[:BATCH_COMMANDS], self._inbox[BATCH_COMMANDS:]
            try:
                self._inbox[:0] = await self._serve([wish for wish in batch if not wish.done.done()])
            except Exception as error:
                logger.exception("room.batch_failed room=%s", self.id[:6])
                self._unsure = True
                for wish in batch:
                    wish.fail(error)
            self._let_go(batch)
        self._worker = None
        self._touch()

    def _let_go(self, batch: Iterable[Wish]) -> None:
        for wish in batch:
            if wish.key is not None and wish.done.done() and self._underway.get(wish.key) is wish:
                del self._underway[wish.key]

    async def _serve(self, wishes: list[Wish]) -> list[Wish]:
        """Decide, append, show, answer; returns the wishes that must be decided again."""
        if self._unsure:
            await self._catch_up()
        plans = self._decide(wishes)
        await self._append([plan for plan in plans if plan.drafts or plan.wish.key is not None])
        again = self._settle(plans)
        if again or self._unsure:
            await self._catch_up()
        self._snapshots.note(self.state, self.tail.head)
        return again

    def _decide(self, wishes: Iterable[Wish]) -> list[Plan]:
        state, head, context = self.state, self.tail.head, self.context()
        plans = []
        for wish in wishes:
            plan = self._plan(wish, state, head, context)
            plans.append(plan)
            if plan.events:
                state, head = plan.state, plan.events[-1].seq
        return plans

    def _plan(self, wish: Wish, state: RoomState, head: int, context: Context) -> Plan:
        try:
            drafts = self._rules.decide(state, wish.command, wish.by, context)
            events = [numbered(draft, head + 1 + i, head + i) for i, draft in enumerate(drafts)]
            erases, drops = self._rules.erasures(state, [draft.data for draft in drafts])
            return Plan(wish, self._fold(state, events), drafts, events, erases, drops)
        except Refused as refusal:
            return Plan(wish, state, error=refusal)
        except Exception as error:  # the root of a game's rules: the fault is ours, the room lives on
            logger.exception("room.decide_failed room=%s", self.id[:6])
            return Plan(wish, state, error=error)

    async def _append(self, plans: list[Plan]) -> None:
        if plans:
            entries = [plan.entry() for plan in plans]
            entries = self._snapshots.renewing(entries, [plan.state for plan in plans])
            outcomes = await self._log.extend(self.id, entries, expect=self.tail.head)
            self._snapshots.appended(entries, outcomes)
            for plan, outcome in zip(plans, outcomes, strict=True):
                plan.outcome = outcome

    def _settle(self, plans: list[Plan]) -> list[Wish]:
        """Take what was stored into the state, show it, answer; returns what must be decided again."""
        fresh: list[Event] = []
        gone: list[int] = []
        again: list[Wish] = []
        granted: list[tuple[Wish, list[Event]]] = []
        sound = True  # whether what was decided on so far is what happened
        for plan in plans:
            match plan.outcome:
                case [first, *_] as events if first.seq <= self.tail.head:
                    granted.append((plan.wish, events))
                    sound = sound and not plan.drafts
                case [_, *_] as events if sound and events == plan.events:
                    granted.append((plan.wish, events))
                    fresh += events
                    gone += plan.erases
                    self.state = plan.state
                case KeyUsed():
                    plan.wish.fail(id_used())
                    sound = sound and not plan.drafts
                case StorageFull():
                    plan.wish.fail(Refused("storage_full", FULL, FULL_RETRY_AFTER_MS))
                    sound = False
                case outcome if outcome and sound and plan.wish.races >= RACES_TRIED:
                    plan.wish.fail(outcome if isinstance(outcome, Conflict) else Conflict())
                    sound, self._unsure = False, True
                case outcome if outcome or not sound:  # a `Conflict`, or what another has just stored
                    plan.wish.races += sound
                    again.append(plan.wish)
                    sound = False
                case _ if plan.error is not None:
                    plan.wish.fail(plan.error)
                case _:
                    granted.append((plan.wish, []))
        self._show(fresh)
        self._grant(granted)
        if gone:
            self._forget(frozenset(gone))
        return again

    def _grant(self, granted: Iterable[tuple[Wish, list[Event]]]) -> None:
        for wish, events in granted:
            if wish.key is not None and events:
                self._recent[wish.key] = (wish.use, events)
            wish.grant(events)
        while len(self._recent) > RECENT_KEYS:
            self._recent.popitem(last=False)

    def _forget(self, gone: frozenset[int]) -> None:
        """Forget in memory what the log has erased."""
        self.tail.erase(gone)
        for key, (use, events) in self._recent.items():
            self._recent[key] = (use, [erased(event) if event.seq in gone else event for event in events])

    async def _catch_up(self) -> None:
        """Take in what others wrote into the log."""
        while events := await self._log.read(self.id, self.tail.head, PAGE_EVENTS):
            gone, _ = self._rules.erasures(self.state, [event.data for event in events])
            self.state = self._fold(self.state, events)
            self._show(events)
            self._forget(frozenset(gone))
            self._snapshots.lose()
        self._unsure = False

    def _show(self, events: list[Event]) -> None:
        if events:
            self._next_tick_ms = min(self._next_tick_ms, self._clock() + TICK_EVERY_MS)
            self.tail.publish(events)

    def _fold(self, state: RoomState, events: Iterable[Event]) -> RoomState:
        for event in events:
            state = self._rules.apply(state, event)
        return state

    # The timer: for what is due, for takes nobody ended, and for falling asleep

    def _touch(self) -> None:
        self._used_at_ms = self._clock()
        self._set_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self._stop_timer()
        if self._gone or self._worker is not None:
            return
        wait_ms = min(max(self._next_ms() - self._clock(), 0), LONGEST_WAIT_MS)
        self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self._ring)

    def _next_ms(self) -> int:
        times = self._presence.ends_ms()
        if (due_ms := self._due_ms()) is not None:
            times.append(due_ms)
        return min(times, default=self._used_at_ms + self._idle_ms)

    def _due_ms(self) -> int | None:
        due_ms = self._rules.due(self.state, self.context())
        return None if due_ms is None else max(due_ms, self._next_tick_ms)

    def _ring(self) -> None:
        self._timer = None
        now_ms = self._clock()
        self._hush(now_ms)
        due_ms = self._due_ms()
        if due_ms is not None and due_ms <= now_ms:
            self._tick(now_ms)
        elif due_ms is None and self._is_idle(now_ms):
            self._leave_home()
            self._snapshots.sleep(self.state, self.tail.head)
        else:
            self._set_timer()

    def _tick(self, now_ms: int) -> None:
        self._next_tick_ms = now_ms + IDLE_TICK_EVERY_MS
        self._put(Tick(), None, None).add_done_callback(_ticked)

    def _is_idle(self, now_ms: int) -> bool:
        if self._holds > 0 or self.speakers or self.speaking or self.tail.readers:
            self._used_at_ms = now_ms
        return now_ms >= self._used_at_ms + self._idle_ms

    def _leave_home(self) -> None:
        if not self._gone:
            self._gone = True
            self._home.left(self)

    def _hush(self, now_ms: int) -> None:
        """End the takes that nobody ended in time, and say so."""
        for voice, take in self._presence.overdue(now_ms):
            if self._presence.end(voice, take):
                self.hear(voice, on=False)


def _ticked(done: asyncio.Future[list[Event]]) -> None:
    """Take note of a tick that failed; the timer tries again."""
    if not done.cancelled() and (error := done.exception()) is not None:
        logger.warning("room.tick_failed %s", type(error).__name__)
