"""Two sockets, a message and the falling asleep in one instant: whatever the order, nothing is lost or twice.

The log answers when the machine lets it, one request after another, so that sleep, waking, commands and
newcomers meet in every order. Time is the machine's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from itertools import pairwise
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from server.log.base import Entry, Outcome
from server.log.memory import MemoryLog
from server.room.commands import Refused, Say
from server.room.events import Event, RoomOpened, TextSaid, Voice
from server.rooms.local import LocalRoom
from server.rooms.presence import PresenceState
from server.rooms.registry import RoomRegistry
from server.socket.connection import Connection
from server.socket.endpoint import Cursor, come_in
from server.socket.fanout import Fanout
from server.socket.sockets import describe
from tests.support.actors import local
from tests.support.transports import FakeTransport

T = TypeVar("T")
IDLE_MS = 60_000
VOICES = st.integers(0, 2)


def voice(number: int) -> Voice:
    return Voice(f"v{number}", f"Owl {number}", "#fff")


class SlowLog(MemoryLog):
    """Answers a request when it is let, and never has two appends of a room under way."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[asyncio.Future[None]] = []
        self.open = True
        self.appending = 0

    async def _turn(self) -> None:
        if not self.open:
            self.waiting.append(asyncio.get_running_loop().create_future())
            await self.waiting[-1]

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        assert not self.appending, "two writers of one room"
        self.appending += 1
        try:
            await self._turn()
            outcomes = await super().extend(room, entries, expect=expect)
            await self._turn()
            return outcomes
        finally:
            self.appending -= 1

    async def read(self, room: str, after: int = 0, limit: int = 500) -> list[Event]:
        await self._turn()
        return await super().read(room, after, limit)

    async def newest(self, room: str, limit: int = 100) -> list[Event]:
        await self._turn()
        return await super().newest(room, limit)


class Socket:
    """A member on its way in or in the room."""

    def __init__(self, number: int, after: int | None) -> None:
        self.transport = FakeTransport()
        self.connection = Connection(self.transport, voice(number), "x")
        self.after = after
        self.coming: asyncio.Task[None] | None = None


class Races(RuleBasedStateMachine):
    """One room, its fan-out, and whatever may happen to them at once."""

    sockets: Bundle[Socket] = Bundle("sockets")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.log = SlowLog()
        self.now_ms = 1_700_000_000_000
        self.registry = RoomRegistry(
            self.log, clock=lambda: self.now_ms, random=Random(7), secret=b"s" * 32, idle_ms=IDLE_MS
        )
        self.fanout: Fanout | None = None
        self.here: list[Socket] = []
        self.sent: dict[str, list[asyncio.Task[list[Event]]]] = {}
        self.closing: list[asyncio.Task[None]] = []
        self.first: LocalRoom

    @property
    def room(self) -> LocalRoom:
        """Return the room that lives, else the one that did, which who knows it may still use."""
        return local(self.registry.known("room") or self.first)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        opened = RoomOpened("wonder", "Room")
        self.first = local(self.run(self.registry.open(opened, None, id="room")))
        self.log.open = False

    # What visitors do

    @rule(target=sockets, number=VOICES, back=st.none() | st.integers(0, 3))
    def join(self, number: int, back: int | None) -> Socket:
        after = None if back is None else max(1, self.room.tail.head - back)
        socket = Socket(number, after)
        socket.coming = self.loop.create_task(self.come(socket))
        self.here.append(socket)
        return socket

    async def come(self, socket: Socket) -> None:
        room = await self.registry.wake("room")
        if self.fanout is None or self.fanout.room is not room:
            assert self.fanout is None, "a room with readers became another"
            self.fanout = Fanout(room, describe=describe, clock=lambda: self.now_ms, empty=self._empty)
        socket.fanout = self.fanout  # type: ignore[attr-defined]
        self.fanout.let_in()
        cursor = None if socket.after is None else Cursor(socket.after)
        await come_in(self.fanout, socket.connection, cursor, self.log)

    def _empty(self, _: Fanout) -> None:
        self.fanout = None

    @rule(socket=consumes(sockets))
    def leave(self, socket: Socket) -> None:
        async def leave() -> None:
            assert socket.coming is not None
            if not socket.coming.done():
                return
            self.here.remove(socket)
            fanout: Fanout = socket.fanout  # type: ignore[attr-defined]
            fanout.leave(socket.connection)
            fanout.let_out()
            self.check(socket, to_the_end=False)

        self.run(leave())

    @rule(socket=sockets, speaker=st.booleans(), pace=st.sampled_from([1.0, 2.0]))
    def say_how_one_is_here(self, socket: Socket, speaker: bool, pace: float) -> None:
        async def say() -> None:
            if self.fanout is not None:
                self.fanout.set_presence(socket.connection, PresenceState(speaker, "off", pace))

        self.run(say())

    @rule(number=VOICES, again=st.booleans())
    def say(self, number: int, again: bool) -> None:
        async def send() -> None:
            text = list(self.sent)[-1] if again and self.sent else f"text {len(self.sent)}"
            sending = (self.first if number else self.room).send(Say(text), by=voice(0), key=text)
            self.sent.setdefault(text, []).append(asyncio.ensure_future(sending))

        self.run(send())

    @rule(number=VOICES, on=st.booleans())
    def take(self, number: int, on: bool) -> None:
        async def take() -> None:
            if on:
                self.room.begin_speaking(f"v{number}", "take", until_ms=self.now_ms + 8_000)
                self.room.hear(f"v{number}", on=True)
            else:
                self.room.end_speaking(f"v{number}", "take")

        self.run(take())

    # What time and the log do

    @rule(ms=st.sampled_from([1, 5_000, IDLE_MS, IDLE_MS, 4 * IDLE_MS]))
    def pass_time(self, ms: int) -> None:
        async def ring() -> None:
            self.now_ms += ms
            timer = self.room._timer
            if timer is not None and timer._ringing is not None:
                timer.stop()
                timer.ring()
            self.registry._alarms.ring()

        self.run(ring())

    @rule(which=st.integers(0, 3))
    def answer(self, which: int) -> None:
        async def answer() -> None:
            if self.log.waiting:
                self.log.waiting.pop(which % len(self.log.waiting)).set_result(None)
            await asyncio.sleep(0)

        self.run(answer())

    @rule(turns=st.integers(1, 3))
    def turn(self, turns: int) -> None:
        async def turn() -> None:
            for _ in range(turns):
                await asyncio.sleep(0)

        self.run(turn())

    @rule()
    def close(self) -> None:
        """Let the room finish and sleep, as when the server ends; whoever comes wakes it again."""
        self.closing.append(self.loop.create_task(self.room.close()))

    # What always holds

    @invariant()
    def one_room_lives(self) -> None:
        if self.fanout is not None:
            assert self.registry.known("room") is self.fanout.room
        assert len(self.registry) <= 1
        awake = self.registry.awake("room")
        assert awake is None or awake is self.registry.known("room")

    @invariant()
    def nothing_ticks_in_a_sleeping_room(self) -> None:
        known = self.registry.known("room")
        if known is not None and self.registry.awake("room") is None:
            assert local(known)._timer is None

    def check(self, socket: Socket, *, to_the_end: bool) -> None:
        events = [message for message in socket.transport.messages() if message["type"] == "event"]
        for before, event in pairwise(events):
            assert event["prev"] == before["seq"]
        if socket.after is not None and events:
            assert events[0]["prev"] == socket.after
        if to_the_end:
            last = events[-1]["seq"] if events else socket.after
            assert last == self.room.tail.head

    async def settle(self) -> None:
        self.log.open = True
        for waiting in self.log.waiting:
            waiting.set_result(None)
        tasks: list[asyncio.Task[Any]] = [
            *self.closing,
            *(socket.coming for socket in self.here if socket.coming),
        ]
        tasks += [task for each in self.sent.values() for task in each]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=10)
            assert not late
        await self.registry.wake("room")

    async def check_answers(self) -> None:
        stored = [
            event for event in await self.log.read("room", 0, 10_000) if isinstance(event.data, TextSaid)
        ]
        by_text = {event.data.text: event for event in stored if isinstance(event.data, TextSaid)}
        assert len(by_text) == len(stored), "said twice"
        assert set(by_text) == set(self.sent)
        for text, tasks in self.sent.items():
            for task in tasks:
                assert await task == [by_text[text]]
        order = [int(event.data.text.split()[1]) for event in stored if isinstance(event.data, TextSaid)]
        assert order == sorted(order), "decided in another order than sent"

    def teardown(self) -> None:
        async def end() -> None:
            try:
                await self.settle()
                await self.check_answers()
                if self.fanout is not None:
                    self.fanout.flush()
                for socket in self.here:
                    self.check(socket, to_the_end=True)
            finally:
                await self.registry.close()
                for socket in self.here:
                    if (fanout := getattr(socket, "fanout", None)) is not None:
                        fanout.leave(socket.connection)
                        fanout.let_out()
            assert len(self.registry) == 0
            assert not list(self.registry.rooms())

        try:
            self.run(end())
        finally:
            self.loop.close()


Races.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestRaces = Races.TestCase


async def test_a_message_that_comes_in_the_turn_in_which_the_room_falls_asleep_is_decided() -> None:
    log = MemoryLog()
    now_ms = [1_700_000_000_000]
    registry = RoomRegistry(log, clock=lambda: now_ms[0], random=Random(7), secret=b"s" * 32, idle_ms=IDLE_MS)
    room = local(await registry.open(RoomOpened("wonder", "Room"), None, id="room"))
    room.tail.subscribe(lambda _: None)
    for number in range(20):
        now_ms[0] += IDLE_MS
        before = asyncio.ensure_future(room.send(Say(f"before {number}"), by=voice(1)))
        if number % 2:
            await asyncio.sleep(0)
        if room._timer is not None and room._timer._ringing is not None:
            room._timer.ring()
        after = asyncio.ensure_future(room.send(Say(f"after {number}"), by=voice(2)))
        (first,), (second,) = await before, await after
        assert second.seq == first.seq + 1
        await asyncio.sleep(0)
    await registry.close()


async def test_a_closed_registry_refuses_a_message_to_a_room_that_sleeps() -> None:
    registry = RoomRegistry(MemoryLog(), clock=lambda: 1, random=Random(7), secret=b"s" * 32)
    room = local(await registry.open(RoomOpened("wonder", "Room"), None, id="room"))
    room.tail.subscribe(lambda _: None)
    await registry.close()
    with pytest.raises(Refused) as refused:
        await room.send(Say("late"), by=voice(1))
    assert refused.value.code == "restarting"
