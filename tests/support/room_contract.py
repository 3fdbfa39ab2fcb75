"""What every form of a living room must hold for those who know it as `Room`: one suite of tests."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from server.log.base import Log
from server.room.commands import Refused, Say
from server.room.events import Draft, TextSaid
from server.rooms.base import Asleep, Room
from server.rooms.presence import PRESENT, SPEAKER, PresenceState
from server.rooms.tail import Batch
from tests.support.actors import ANNA, BELA, now_ms, texts, until


class Reader:
    """A socket's place in a room: what it read, and how often it was told that the room rests."""

    def __init__(self, room: Room) -> None:
        self.batches: list[Batch] = []
        self.rests = 0
        self.after = room.tail.head
        self.close = room.tail.subscribe(self.batches.append, rested=self._rest)

    def _rest(self) -> None:
        self.rests += 1

    @property
    def events(self) -> list[Any]:
        return [encoded.event for batch in self.batches for encoded in batch.events]

    def signals(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(body) for batch in self.batches for _, body in batch.signals]

    def has_no_gap(self) -> bool:
        """Tell whether what was read goes on from where it began, without gap or repeat."""
        seqs = [self.after, *(event.seq for event in self.events)]
        return all(after == before + 1 for before, after in pairwise(seqs))


class World(Struct):
    """A toy room (`tests.support.actors`) as an edge has it, awake, and the log beneath it."""

    room: Room
    log: Log

    async def rest(self) -> None:
        """Wait until the room sleeps, which it does soon when nobody needs it."""
        await until(lambda: not is_awake(self.room))


def is_awake(room: Room) -> bool:
    """Tell whether a room has its state."""
    try:
        _ = room.state
    except Asleep:
        return False
    return True


async def say(room: Room, *words: str) -> list[Any]:
    """Say words at once; returns what came of each."""
    return await asyncio.gather(*(room.send(Say(w), by=ANNA) for w in words), return_exceptions=True)


class RoomContract(ABC):
    """Subclass it and give `world`, whose room falls asleep within a second."""

    @pytest.fixture
    @abstractmethod
    def world(self) -> AsyncIterator[World]: ...

    async def test_what_is_answered_is_durable_and_was_shown(self, world: World) -> None:
        reader = Reader(world.room)
        (event,) = await world.room.send(Say("a"), by=ANNA)
        assert [each.seq for each in reader.events] == [event.seq]
        assert texts(await world.log.read(world.room.id)) == ["a"]

    async def test_commands_sent_one_after_another_are_decided_in_order(self, world: World) -> None:
        await say(world.room, *(str(i) for i in range(40)))
        assert texts(await world.log.read(world.room.id)) == [str(i) for i in range(40)]

    async def test_so_are_those_that_find_the_room_asleep_and_those_that_come_while_it_wakes(
        self, world: World
    ) -> None:
        reader = Reader(world.room)
        await world.rest()
        sending = []
        for number in range(40):
            sending.append(asyncio.ensure_future(say(world.room, str(number))))
            await asyncio.sleep(0)
        await asyncio.gather(*sending)
        assert texts(await world.log.read(world.room.id)) == [str(i) for i in range(40)]
        assert texts(reader.events) == [str(i) for i in range(40)]
        assert reader.has_no_gap()

    async def test_a_reader_sleeps_with_the_room_and_misses_nothing(self, world: World) -> None:
        reader = Reader(world.room)
        for word in ("a", "b"):
            await world.rest()
            await say(world.room, word)
        assert reader.rests == 2
        assert texts(reader.events) == ["a", "b"]
        assert reader.has_no_gap()

    async def test_what_another_wrote_meanwhile_is_shown_when_the_room_wakes(self, world: World) -> None:
        reader = Reader(world.room)
        await world.rest()
        await world.log.append(world.room.id, [Draft(TextSaid(f"other {i}"), 1) for i in range(700)])
        state: Any = await world.room.awake()
        others = [f"other {i}" for i in range(700)]
        assert texts(reader.events) == others
        await say(world.room, "mine")
        assert texts(reader.events) == [*others, "mine"]
        assert list(state.said[-700:]) == others, "folded once"
        assert reader.has_no_gap()

    async def test_a_key_gets_its_first_answer_also_after_a_sleep(self, world: World) -> None:
        reader = Reader(world.room)
        first = await world.room.send(Say("a"), by=ANNA, key="k", salt=b"s")
        await world.rest()
        again = [world.room.send(Say("a"), by=ANNA, key="k", salt=b"s") for _ in range(3)]
        assert await asyncio.gather(*again) == [first, first, first]
        with pytest.raises(Refused, match="fresh id"):
            await world.room.send(Say("b"), by=ANNA, key="k", salt=b"s")
        assert texts(reader.events) == ["a"]

    async def test_a_key_used_twice_while_the_room_wakes_is_decided_once(self, world: World) -> None:
        reader = Reader(world.room)
        await world.rest()
        sends = [world.room.send(Say("a"), by=ANNA, key="k") for _ in range(5)]
        first, *others = await asyncio.gather(*sends)
        assert texts(first) == ["a"]
        assert others == [first] * 4
        assert texts(reader.events) == ["a"]

    async def test_the_state_is_there_only_while_the_room_is_awake(self, world: World) -> None:
        Reader(world.room)
        before = world.room.state
        await world.rest()
        with pytest.raises(Asleep):
            _ = world.room.state
        assert await world.room.awake() == before == world.room.state

    async def test_asleep_the_tail_keeps_its_head_and_no_events(self, world: World) -> None:
        Reader(world.room)
        await say(world.room, "a")
        head = world.room.tail.head
        await world.rest()
        assert world.room.tail.head == head
        assert world.room.tail.since(head) == []
        assert world.room.tail.since(head - 1) is None
        assert world.room.tail.newest(1) is None

    async def test_a_hold_keeps_the_room_awake_and_its_end_lets_it_sleep(self, world: World) -> None:
        reader = Reader(world.room)
        world.room.hold()
        await asyncio.sleep(0.2)  # several times what it stays awake for
        assert is_awake(world.room)
        assert not reader.rests
        world.room.release()
        await world.rest()

    async def test_an_open_take_keeps_the_room_awake(self, world: World) -> None:
        Reader(world.room)
        world.room.begin_speaking(ANNA.id, "take", until_ms=now_ms() + 60_000)
        await asyncio.sleep(0.2)
        assert is_awake(world.room)
        assert world.room.has_take(ANNA.id, "take")
        world.room.end_speaking(ANNA.id, "take")
        await world.rest()

    async def test_who_is_here_stays_known_through_a_sleep(self, world: World) -> None:
        Reader(world.room)
        slow = PresenceState(speaker=True, pace=1.5)
        world.room.set_presence(ANNA.id, None, PRESENT)
        world.room.set_presence(BELA.id, None, slow)
        world.room.consent(ANNA.id)
        await world.rest()
        world.room.set_presence(ANNA.id, PRESENT, None)
        world.room.set_presence(ANNA.id, None, PRESENT)
        context = world.room.context()
        assert set(context.here) == {ANNA.id, BELA.id}
        assert set(context.speakers) == set(world.room.speakers) == {BELA.id}
        assert dict(context.paces) == dict(world.room.paces) == {BELA.id: 1.5}
        assert ANNA.id in context.consented
        world.room.set_presence(BELA.id, slow, None)
        assert set(world.room.context().here) == {ANNA.id}

    async def test_a_voice_that_may_speak_now_wakes_the_room_and_one_that_left_does_not(
        self, world: World
    ) -> None:
        Reader(world.room)
        await world.rest()
        world.room.set_presence(ANNA.id, None, PRESENT)
        await asyncio.sleep(0.02)
        assert not is_awake(world.room)
        world.room.set_presence(ANNA.id, PRESENT, SPEAKER)
        await until(lambda: is_awake(world.room))
        await world.rest()
        world.room.set_presence(ANNA.id, SPEAKER, None)
        await asyncio.sleep(0.02)
        assert not is_awake(world.room)

    async def test_signals_go_out_while_the_room_sleeps(self, world: World) -> None:
        reader = Reader(world.room)
        await world.rest()
        world.room.tail.signal("cue", {"clip": "c"})
        await until(reader.signals)
        assert [signal["kind"] for signal in reader.signals()] == ["cue"]
        assert not is_awake(world.room)

    async def test_who_speaks_is_told_once_and_when_it_ends(self, world: World) -> None:
        reader = Reader(world.room)
        world.room.begin_speaking(ANNA.id, "take", until_ms=now_ms() + 60_000)
        for on in (True, True, False, True):
            world.room.hear(ANNA.id, on=on)
        world.room.end_speaking(ANNA.id, "take")
        await until(lambda: len(reader.signals()) >= 4)
        told = [signal["data"]["on"] for signal in reader.signals()]
        assert told == [True, False, True, False]

    async def test_what_is_due_in_a_long_time_wakes_the_room_in_time(self, world: World) -> None:
        """A toy room is due when somebody says so; what is due soon would keep it awake."""
        reader = Reader(world.room)
        await say(world.room, f"due {now_ms() + 11_000}")
        await world.rest()
        assert not texts(reader.events)[1:]
        self.pass_time(world, 11_000)
        await until(lambda: len(reader.events) == 2)
        assert texts(reader.events)[1].startswith("tick")
        assert reader.has_no_gap()

    @abstractmethod
    def pass_time(self, world: World, ms: int) -> None:
        """Let the room's clock go on at once."""
