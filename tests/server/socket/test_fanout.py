from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from itertools import pairwise
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, precondition, rule

from server.log.memory import MemoryLog
from server.room.commands import Forget, Land, Say
from server.room.events import ClipLanded, RoomOpened, Voice
from server.rooms.base import Room
from server.rooms.presence import Presence, PresenceState
from server.rooms.registry import RoomRegistry
from server.socket.connection import WRITE_LIMIT_BYTES, Connection
from server.socket.fanout import HISTORY_EVENTS, LOOK_EVERY_BYTES, REST_LIMIT_S, Fanout
from server.socket.sockets import describe
from tests.support.actors import local
from tests.support.chat import running_chat
from tests.support.transports import FakeTransport
from tests.support.ws_client import PATIENCE_S, RawClient


def voice(number: int) -> Voice:
    return Voice(f"v{number}", f"Owl {number}", "#fff")


def clip(number: int) -> Land:
    """Return a clip whose reaction time only its speaker may see."""
    landed = ClipLanded(f"clip{number}", 1000, 300, 0, -16.0, (0,) * 64)
    return Land(landed, began_at_ms=None)


class Stand:
    """A room with its fan-out, and connections whose transports are lists."""

    def __init__(self, registry: RoomRegistry, room: Room) -> None:
        self.registry, self.room = registry, room
        self.emptied = 0
        self.fanout = Fanout(room, describe=describe, clock=lambda: 1_700_000_000_000, empty=self._empty)
        self.fanout.let_in()

    def _empty(self, _: Fanout) -> None:
        self.emptied += 1

    @classmethod
    async def make(cls) -> Stand:
        registry = RoomRegistry(
            MemoryLog(), clock=lambda: time.time_ns() // 1_000_000, random=Random(1), secret=b"s" * 32
        )
        room = await registry.open(RoomOpened("wonder", "Wonder"), None, id="room")
        return cls(registry, room)

    def join(self, number: int, after: int | None = None, greeting: bytes = b"") -> FakeTransport:
        transport = FakeTransport()
        assert self.fanout.join(Connection(transport, voice(number), "x"), after, greeting)
        return transport

    async def say(self, *texts: str, by: int = 0) -> None:
        await asyncio.gather(*(self.room.send(Say(text), by=voice(by)) for text in texts))

    async def told(self) -> None:
        """Let everything that waits reach the connections."""
        await asyncio.sleep(0)
        self.fanout.flush()

    async def close(self) -> None:
        self.fanout.close()
        await self.registry.close()


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    made = await Stand.make()
    yield made
    await made.close()


def seqs(transport: FakeTransport) -> list[int]:
    return [message["seq"] for message in transport.messages() if message["type"] == "event"]


async def test_a_newcomer_gets_greeting_roster_and_history_in_one_write(stand: Stand) -> None:
    await stand.say("one", "two")
    await stand.told()
    transport = stand.join(1, greeting=stand.fanout.greeting(stand.room.state, voice(1)))
    assert len(transport.written) == 1
    kinds = [message.get("kind", message["type"]) for message in transport.messages()]
    assert kinds == ["welcome", "presence", "room.opened", "text.said", "text.said"]


async def test_what_one_turn_brings_is_one_write_and_one_frame_each(stand: Stand) -> None:
    transports = [stand.join(number) for number in range(3)]
    await stand.told()
    before = [len(transport.written) for transport in transports]
    await stand.say(*(f"text {number}" for number in range(20)))
    await stand.told()
    for transport, count in zip(transports, before, strict=True):
        assert len(transport.written) == count + 1
        assert seqs(transport)[-20:] == list(range(2, 22))
    assert transports[0].written[-1] is transports[1].written[-1], "the same bytes for all"


@pytest.mark.virtual_time
async def test_a_room_rests_as_long_as_its_last_fan_out_took(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s, took_s = 100.0, 0.2
    monkeypatch.setattr("server.socket.fanout.time", SimpleNamespace(monotonic=lambda: now_s))

    class Slow(FakeTransport):
        def write(self, data: Any) -> None:
            nonlocal now_s
            now_s += took_s
            super().write(data)

    transport = Slow()
    stand.fanout.join(Connection(transport, voice(1), "x"), None)
    await stand.say("at once")
    await asyncio.sleep(0)
    writes = len(transport.written)
    assert seqs(transport)[-1] == 2
    await stand.say("too soon")
    await asyncio.sleep(0)
    assert len(transport.written) == writes, "a rest is due"
    timer = stand.fanout._timer
    assert isinstance(timer, asyncio.TimerHandle)
    assert timer.when() - asyncio.get_running_loop().time() == pytest.approx(0.2, abs=0.1)
    took_s = 60.0
    stand.fanout.flush()
    assert stand.fanout._not_before_s == pytest.approx(now_s + REST_LIMIT_S)


@pytest.mark.virtual_time
async def test_who_comes_is_told_with_the_next_event_or_a_little_later(stand: Stand) -> None:
    first = stand.join(1)
    stand.join(2)
    await asyncio.sleep(0)
    assert len(first.written) == 1
    await stand.say("hello")
    await asyncio.sleep(0)
    assert [m["kind"] for m in first.messages()[-2:]] == ["text.said", "presence"]
    assert len(first.written) == 2
    stand.join(3)
    async with asyncio.timeout(PATIENCE_S):
        while len(first.written) == 2:
            await asyncio.sleep(0.005)
    assert [v["id"] for v in first.messages()[-1]["data"]["voices"]] == ["v3"]


async def test_one_voice_sees_its_own_secret_and_others_do_not(stand: Stand) -> None:
    opened = await stand.room.send(Say("first"), by=voice(0))
    mine, twin, other = stand.join(1), stand.join(1), stand.join(2)
    landed = ClipLanded("clip1", 1000, 300, 0, -16.0, (0,) * 64, reaction_ms=420)
    stand.room.tail.publish([_after(opened[0], landed, voice(1))])
    await stand.told()
    late_mine, late_other = stand.join(1), stand.join(2)
    resumed = stand.join(1, after=2)
    for transport in (mine, twin, late_mine, resumed):
        clips = [m for m in transport.messages() if m.get("kind") == "clip.landed"]
        assert [m["data"]["reaction_ms"] for m in clips] == [420]
    for transport in (other, late_other):
        clips = [m for m in transport.messages() if m.get("kind") == "clip.landed"]
        assert [m["data"]["reaction_ms"] for m in clips] == [None]


def _after(event: Any, fact: Any, by: Voice) -> Any:
    from server.room.events import Event

    return Event(event.seq + 1, event.seq, event.at_ms, by, fact.kind, fact)


async def test_a_signal_to_one_voice_reaches_its_sockets_alone(stand: Stand) -> None:
    mine, twin, other = stand.join(1), stand.join(1), stand.join(2)
    stand.room.tail.signal("take", {"state": "open"}, to="v1")
    await stand.told()
    for transport, expected in ((mine, 1), (twin, 1), (other, 0)):
        assert len([m for m in transport.messages() if m.get("kind") == "take"]) == expected


async def test_an_answer_rides_behind_the_events_that_wait(stand: Stand) -> None:
    transport = FakeTransport()
    connection = Connection(transport, voice(1), "x")
    stand.fanout.join(connection, None)
    await stand.told()
    await stand.say("an event")
    stand.fanout.post(connection, b'{"type":"ack"}')
    await stand.told()
    assert [m["type"] for m in transport.messages()][-2:] == ["event", "ack"]
    stand.fanout.post(connection, b'{"type":"pong"}')
    assert transport.messages()[-1] == {"type": "pong"}, "at once when nothing waits"


async def test_history_is_the_same_bytes_for_all_until_something_changes(stand: Stand) -> None:
    await stand.say(*(f"text {number}" for number in range(HISTORY_EVENTS + 20)))
    await stand.told()
    first, second = stand.join(1), stand.join(2)
    assert first.written[0] is second.written[0] or first.written[0] == second.written[0]
    assert stand.fanout._opening is not None
    assert len(seqs(first)) == HISTORY_EVENTS


async def test_a_forgotten_text_is_not_told_to_newcomers(stand: Stand) -> None:
    await stand.say("secret words")
    await stand.told()
    assert b"secret words" in stand.join(1).written[0]
    await stand.room.send(Forget(everything=True), by=voice(0))
    await stand.told()
    assert b"secret words" not in stand.join(2).written[0]
    assert b"secret words" not in stand.join(3, after=0).written[0]


async def test_a_slow_connection_is_let_go_and_the_others_are_not(stand: Stand) -> None:
    slow, quick, broken = stand.join(1), stand.join(2), stand.join(3)
    await stand.told()
    slow.waiting, broken.broken = WRITE_LIMIT_BYTES + 1, True
    await stand.say("hello")
    await stand.told()
    assert len(stand.fanout) == 2, "who is gone goes at once"
    before = sum(map(len, quick.written))
    while len(stand.fanout) > 1 and sum(map(len, quick.written)) - before <= 2 * LOOK_EVERY_BYTES:
        await stand.say("words " * 50)
        await stand.told()
    assert sum(map(len, quick.written)) - before <= LOOK_EVERY_BYTES + 2_000
    assert slow.written[-1][:4] == bytes([0x88, 10]) + (1013).to_bytes(2)
    await stand.told()
    gone = [m["data"]["gone"] for m in quick.messages() if m.get("kind") == "presence"]
    assert gone[-2:] == [["v3"], ["v1"]]
    count = len(slow.written)
    await stand.say("for those who stayed")
    await stand.told()
    assert len(slow.written) == count


@given(st.lists(st.sampled_from(["here", "broken", "ended"]), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_those_go_whose_write_fails_and_nothing_follows_a_goodbye(fates: list[str]) -> None:
    async def scenario() -> None:
        stand = await Stand.make()
        transports = [FakeTransport() for _ in fates]
        connections = [Connection(each, voice(number), "x") for number, each in enumerate(transports)]
        for connection in connections:
            stand.fanout.join(connection, None)
        await stand.told()
        for connection, transport, fate in zip(connections, transports, fates, strict=True):
            transport.broken = fate == "broken"
            if fate == "ended":
                connection.end(1013, "too slow")
        written = [len(transport.written) for transport in transports]
        await stand.say("hello", by=99)
        await stand.told()
        more = [len(each.written) > count for each, count in zip(transports, written, strict=True)]
        assert more == [fate == "here" for fate in fates]
        assert len(stand.fanout) == fates.count("here")
        await stand.close()

    asyncio.run(scenario())


async def test_a_cursor_that_the_tail_does_not_reach_needs_the_log(stand: Stand) -> None:
    for _ in range(3):
        await stand.say(*("text" for _ in range(500)))
    connection = Connection(FakeTransport(), voice(1), "x")
    assert not stand.fanout.join(connection, 0)
    assert len(stand.fanout) == 0
    assert stand.fanout.join(connection, stand.room.tail.head - 10)


async def test_leaving_and_presence_tell_the_room_who_may_speak(stand: Stand) -> None:
    connection = Connection(FakeTransport(), voice(1), "x")
    stand.fanout.join(connection, None)
    stand.fanout.set_presence(connection, PresenceState(speaker=True))
    stand.fanout.set_presence(connection, PresenceState(speaker=True, listening="radio"))
    assert stand.room.speakers == {"v1": 1}
    stand.fanout.leave(connection)
    stand.fanout.leave(connection)
    stand.fanout.set_presence(connection, PresenceState(speaker=True))
    assert stand.room.speakers == {}


async def test_who_owes_a_sign_of_life_is_nobody_until_they_give_it(stand: Stand) -> None:
    connection = Connection(FakeTransport(), voice(1), "x")
    stand.fanout.join(connection, None)
    stand.fanout.miss(connection)
    assert not stand.room.context().here
    assert connection.voice.id in stand.room.context().left
    stand.fanout.set_presence(connection, PresenceState(speaker=True))
    assert not stand.room.speakers
    await stand.say("they are told what happens all the same")
    await stand.told()
    assert stand.fanout.roster.counts.voices == 0
    stand.fanout.find(connection)
    assert stand.room.speakers == {"v1": 1}
    assert not stand.room.context().left


STATES = st.builds(PresenceState, st.booleans(), st.sampled_from(["off", "files", "radio"]))
STEPS = st.tuples(st.sampled_from(["join", "here", "miss", "find", "leave"]), st.integers(0, 4), STATES)


@given(st.lists(STEPS, max_size=40))
@settings(max_examples=150)
def test_here_are_those_with_a_socket_that_lives_in_whatever_order_all_comes(
    steps: list[tuple[str, int, PresenceState]],
) -> None:
    """Five sockets of three voices; each may be told anything at any time, also what it is already."""

    async def go() -> None:
        presence = Presence()
        room = SimpleNamespace(
            tail=SimpleNamespace(head=0, subscribe=lambda *_, **__: lambda: None, newest=lambda _: []),
            set_presence=lambda voice_id, before, now: presence.move(voice_id, before, now, 1),
        )
        fanout = Fanout(room, describe=describe, clock=lambda: 1, empty=lambda _: None)
        sockets = [Connection(FakeTransport(), voice(number % 3), "x") for number in range(5)]
        joined, away = set[Connection](), set[Connection]()
        for step, number, state in steps:
            socket = sockets[number]
            match step:
                case "join" if socket not in joined:
                    socket.presence, socket.is_away = PresenceState(), False
                    fanout.join(socket, None)
                    joined.add(socket)
                case "here":
                    fanout.set_presence(socket, state)
                case "miss":
                    fanout.miss(socket)
                    away |= {socket} & joined
                case "find":
                    fanout.find(socket)
                    away.discard(socket)
                case "leave":
                    fanout.leave(socket)
                    joined.discard(socket)
                    away.discard(socket)
            living = joined - away
            heard = {each.voice.id for each in living if each.presence.listening != "off"}
            assert presence.here.keys() == {each.voice.id for each in living}
            assert presence.speakers.keys() == {each.voice.id for each in living if each.presence.speaker}
            assert not presence.left.keys() & presence.here.keys()
            counts = fanout.roster.counts
            assert (counts.voices, counts.speakers) == (len(presence.here), len(presence.speakers))
            assert counts.listeners == len(heard)
        fanout.close()

    asyncio.run(go())


async def test_the_room_is_let_go_with_the_last_socket(stand: Stand) -> None:
    stand.fanout.let_in()
    stand.fanout.let_out()
    assert stand.emptied == 0
    stand.fanout.let_out()
    stand.fanout.close()
    assert stand.emptied == 1
    assert stand.room.tail.readers == 0


class Following(RuleBasedStateMachine):
    """However joins, events, signals and turns mix, every connection sees an unbroken chain."""

    connections: Bundle[FakeTransport] = Bundle("members")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stand = self.run(Stand.make())
        self.begun: dict[FakeTransport, tuple[Connection, int | None, int]] = {}
        self.signals = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @rule(target=connections, number=st.integers(0, 2))
    def join(self, number: int) -> FakeTransport:
        return self.enter(number, None)

    @rule(target=connections, number=st.integers(0, 2), back=st.integers(0, 8))
    def resume(self, number: int, back: int) -> FakeTransport:
        return self.enter(number, max(0, self.stand.room.tail.head - back))

    def enter(self, number: int, after: int | None) -> FakeTransport:
        async def enter() -> FakeTransport:
            transport = FakeTransport()
            connection = Connection(transport, voice(number), "x")
            assert self.stand.fanout.join(connection, after)
            self.begun[transport] = (connection, after, self.signals)
            return transport

        found: FakeTransport = self.run(enter())
        return found

    @rule(transport=consumes(connections))
    def leave(self, transport: FakeTransport) -> None:
        async def leave() -> None:
            self.stand.fanout.leave(self.begun.pop(transport)[0])

        self.run(leave())

    @rule(count=st.integers(1, 5))
    def publish(self, count: int) -> None:
        self.run(self.stand.say(*(f"text {number}" for number in range(count))))

    @rule()
    def publish_a_clip(self) -> None:
        self.run(self.stand.room.send(clip(self.signals), by=voice(1)))

    @rule(to=st.none() | st.integers(0, 2))
    @precondition(lambda self: self.signals < 50)
    def signal(self, to: int | None) -> None:
        async def signal() -> None:
            self.stand.room.tail.signal("cue", {}, to=None if to is None else f"v{to}")

        self.signals += to is None
        self.run(signal())

    @rule()
    def turn(self) -> None:
        self.run(asyncio.sleep(0))

    def teardown(self) -> None:
        self.run(self.stand.told())
        for transport, (_, after, _signals) in self.begun.items():
            events = [message for message in transport.messages() if message["type"] == "event"]
            if after is not None:
                assert [event["seq"] for event in events[:1]] in ([], [after + 1])
                assert events or after == self.stand.room.tail.head
            assert not events or events[-1]["seq"] == self.stand.room.tail.head
            for before, event in pairwise(events):
                assert event["prev"] == before["seq"]
        self.run(self.stand.close())
        self.loop.close()


Following.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestFollowing = Following.TestCase


async def test_who_never_reads_is_closed_and_others_get_everything() -> None:
    """C3: memory for the stalled stays bounded, and the one that reads misses nothing."""
    async with running_chat() as chat, AsyncExitStack() as stack:
        stalled = [
            await stack.enter_async_context(RawClient("127.0.0.1", chat.port, chat.path())) for _ in range(5)
        ]
        healthy = await stack.enter_async_context(chat.visitor())
        room = await chat.room()
        waiting = 0
        async with asyncio.timeout(4 * PATIENCE_S):  # the buffers of the system come first: megabytes
            while len(chat.sockets) > 1:
                await asyncio.gather(*(room.send(Say("🎤" * 400)) for _ in range(20)))
                await healthy.until(lambda m: m.get("seq") == room.tail.head)
                waiting = max(waiting, *(connection.waiting_bytes for connection in chat.sockets.connections))
        assert WRITE_LIMIT_BYTES / 2 < waiting < WRITE_LIMIT_BYTES + 100_000
        for before, event in pairwise(healthy.events()):
            assert event["prev"] == before["seq"]
        for raw in stalled:
            assert await raw.close_code() in (1013, None)


async def test_what_was_made_of_the_state_goes_when_the_room_falls_asleep(stand: Stand) -> None:
    stand.join(1, greeting=stand.fanout.greeting(stand.room.state, voice(1)))
    assert stand.fanout._described is not None
    assert stand.fanout._opening is not None
    await local(stand.room).close()
    assert not [kept for kept in (stand.fanout._described, stand.fanout._opening) if kept]
    transport = stand.join(2, after=stand.room.tail.head)
    await stand.say("good morning")
    await stand.told()
    assert seqs(transport) == [2]


async def test_members_of_a_room_that_moved_to_another_process_are_told_to_come_back(stand: Stand) -> None:
    transport = stand.join(1)
    local(stand.room).deposed([])
    assert transport.written[-1][2:4] == (1013).to_bytes(2)
    assert stand.emptied == 1
    stand.fanout.let_out()
    assert stand.emptied == 1


def test_a_put_that_changes_who_is_connected_ends() -> None:
    writes: dict[Any, Any] = {"gone": Mock(side_effect=RuntimeError)}
    writes["one"] = lambda _: writes.update({"new": Mock()})
    assert [*map(str, Fanout._put(b"x", writes))] == ["gone"]
    assert not writes["new"].called
