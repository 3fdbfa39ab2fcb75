"""The registry opens rooms, wakes each once, and lets them sleep at no cost."""

from __future__ import annotations

import asyncio
import gc
from random import Random
from typing import Any

import pytest

from server.log.base import Log
from server.log.memory import MemoryLog
from server.room.commands import EXPIRED, Refused, Remove, Say
from server.room.events import Draft, Event, RoomOpened, TextSaid
from server.rooms import registry as registry_module
from server.rooms.base import NoSuchRoom, Room
from server.rooms.local import LocalRoom
from server.rooms.registry import FIRST_RETRY_MS, LONGEST_RETRY_MS, RoomRegistry
from server.rooms.snapshots import WAKE_PAGE_EVENTS, WOKEN_TAIL_EVENTS, missed_since
from server.rooms.tail import Tail
from server.rooms.timer import QUIET_MS
from server.rooms.writer import Writer
from tests.support.actors import ANNA, GatedLog, local, now_ms, texts, toy_registry, toy_room, until
from tests.support.media import Clock
from tests.support.media import registry as wonder_registry

pytestmark = pytest.mark.virtual_time

PUBLIC = RoomOpened("wonder", "Große Bühne", public=True)
SLEEPERS = 10_000


async def test_a_public_room_gets_a_readable_id_and_the_next_of_its_name_another(
    registry: RoomRegistry,
) -> None:
    rooms = await asyncio.gather(*[registry.open(PUBLIC, ANNA) for _ in range(3)])
    assert sorted(room.id for room in rooms) == ["grosse-buehne", "grosse-buehne-2", "grosse-buehne-3"]
    assert {listing.room for listing in await registry.listings()} == {room.id for room in rooms}


async def test_readable_ids_never_run_out(registry: RoomRegistry) -> None:
    ids = {(await registry.open(PUBLIC, ANNA)).id for _ in range(25)}
    assert len(ids) == 25


async def test_a_private_room_cannot_be_guessed_and_is_not_listed(registry: RoomRegistry) -> None:
    rooms = [await registry.open(RoomOpened("wonder", "Secret"), ANNA) for _ in range(2)]
    assert {len(room.id) for room in rooms} == {22}
    assert rooms[0].id != rooms[1].id
    assert await registry.listings() == []


async def test_an_id_that_is_taken_is_refused(registry: RoomRegistry) -> None:
    await registry.open(PUBLIC, ANNA, id="wonder")
    with pytest.raises(Refused) as refusal:
        await registry.open(PUBLIC, ANNA, id="wonder")
    assert refusal.value.code == "room_taken"


async def test_no_visitors_room_takes_the_address_of_the_houses(registry: RoomRegistry) -> None:
    assert (await registry.open(RoomOpened("wonder", "Wonder", public=True), ANNA)).id == "wonder-2"


async def test_an_opened_room_is_awake_and_durable(registry: RoomRegistry, log: GatedLog) -> None:
    room = await registry.open(PUBLIC, ANNA)
    assert registry.awake(room.id) is room
    assert [event.data for event in await log.read(room.id)] == [PUBLIC]


@pytest.mark.parametrize("id_", ["none", "", "../etc", "a" * 65, "ro\x00om", "\ud800", "r oom", "räume"])
async def test_a_room_that_is_not_cannot_be_woken(registry: RoomRegistry, id_: str) -> None:
    for _ in range(2):
        with pytest.raises(NoSuchRoom):
            await registry.wake(id_)
    with pytest.raises(NoSuchRoom):
        await registry.send(id_, Say("a"), by=ANNA)
    assert len(registry) == 0


async def test_many_wakes_at_once_fold_the_log_once(log: GatedLog) -> None:
    await log.append("r", [Draft(TextSaid(f"{i}"), 1) for i in range(2_500)])
    registry = toy_registry(log)
    rooms = await asyncio.gather(*[registry.wake("r") for _ in range(50)])
    assert len(set(map(id, rooms))) == 1
    assert log.reads == -(-(2_500 - WOKEN_TAIL_EVENTS) // WAKE_PAGE_EVENTS)
    assert rooms[0].state.said == tuple(f"{i}" for i in range(2_500))  # type: ignore[attr-defined]
    assert rooms[0].tail.head == 2_500
    assert len(rooms[0].tail.newest(WOKEN_TAIL_EVENTS) or []) == WOKEN_TAIL_EVENTS
    await registry.close()


async def test_a_room_that_goes_while_its_readers_are_told_what_they_missed_is_no_room(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = toy_registry(log)
    room = await toy_room(registry, "r")
    room.tail.subscribe(lambda _: None)
    await room.close()
    await log.append("r", [Draft(TextSaid(f"{i}"), 1) for i in range(2 * WOKEN_TAIL_EVENTS)])
    read = log.read

    async def reads_once(room: str, after: int = 0, limit: int = 500) -> list[Event]:
        return await read(room, after, 5) if after == 1 else []

    async def goes(log: Log, room: str, after: int, newest: list[Event]) -> list[Event]:
        monkeypatch.setattr(log, "read", reads_once)
        return await missed_since(log, room, after, newest)

    monkeypatch.setattr(registry_module, "missed_since", goes)
    async with asyncio.timeout(5):
        with pytest.raises(NoSuchRoom):
            await registry.wake("r")
    await registry.close()


async def test_who_gives_up_waking_spoils_it_for_nobody(log: GatedLog) -> None:
    await log.append("r", [Draft(TextSaid("a"), 1)])
    registry = toy_registry(log)
    first, second = (asyncio.ensure_future(registry.wake("r")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).id == "r"
    await registry.close()


async def test_a_command_wakes_its_room(log: GatedLog) -> None:
    await log.append("r", [Draft(TextSaid("a"), 1)])
    registry = toy_registry(log)
    assert texts(await registry.send("r", Say("b"), by=ANNA, key="k")) == ["b"]
    assert texts(await registry.send("r", Say("b"), by=ANNA, key="k")) == ["b"]
    await registry.close()


class Diary:
    """A reader that notes which rooms woke and slept, and breaks over those it is told to."""

    def __init__(self, *broken: str) -> None:
        self.told: list[str] = []
        self.broken = broken

    def attach(self, room: Room) -> None:
        self._note(f"woke {room.id}")

    def detach(self, room: Room) -> None:
        self._note(f"slept {room.id}")

    def _note(self, what: str) -> None:
        self.told.append(what)
        if what in self.broken:
            raise ZeroDivisionError


async def test_readers_come_and_go_with_the_rooms_that_are_awake(log: GatedLog) -> None:
    registry, first, second = toy_registry(log, idle_ms=10), Diary(), Diary()
    registry.register(first)
    room = await toy_room(registry, "a")
    registry.register(second)
    room.tail.subscribe(lambda _: None)
    await until(lambda: len(registry) == 0)
    late = Diary()
    registry.register(late)
    await registry.wake("a")
    await registry.close()
    assert first.told == second.told == ["woke a", "slept a", "woke a", "slept a"]
    assert late.told == ["woke a", "slept a"]


async def test_a_reader_that_breaks_harms_neither_the_room_nor_the_others(
    log: GatedLog, caplog: pytest.LogCaptureFixture
) -> None:
    registry, sound = toy_registry(log), Diary()
    for reader in (Diary("woke a", "slept a"), sound):
        registry.register(reader)
    await toy_room(registry, "a")
    assert texts(await registry.send("a", Say("said"), by=ANNA)) == ["said"]
    await registry.close()
    assert sound.told == ["woke a", "slept a"]
    assert caplog.text.count("room.reader_failed") == 2


async def visit(registry: RoomRegistry, id_: str) -> None:
    """Wake a room and keep nothing of it."""
    await registry.wake(id_)


def rooms_in_memory() -> int:
    """Return how many rooms and tails there are, those of other tests as well."""
    gc.collect()
    return sum(isinstance(thing, LocalRoom | Writer | Tail) for thing in gc.get_objects())


async def test_ten_thousand_sleeping_rooms_cost_nothing() -> None:
    log = MemoryLog()
    registry = toy_registry(log, idle_ms=0)
    for i in range(SLEEPERS):
        await log.append(f"r{i}", [Draft(RoomOpened("wonder", "A"), 1)])
    tasks, things = len(asyncio.all_tasks()), rooms_in_memory()
    for first in range(0, SLEEPERS, 2_000):
        await asyncio.gather(*[visit(registry, f"r{i}") for i in range(first, first + 500)])
        await until(lambda: len(registry) == 0)
    assert rooms_in_memory() <= things
    assert len(asyncio.all_tasks()) == tasks
    assert not registry._waking


async def test_rooms_that_fall_asleep_and_wake_under_load_lose_nothing(log: GatedLog) -> None:
    registry = toy_registry(log, idle_ms=0)
    await toy_room(registry)
    random = Random(3)
    numbers = iter(range(300))

    async def chat() -> None:
        for i in numbers:
            await registry.send("room", Say(f"{i}"), by=ANNA)
            await asyncio.sleep(random.random() / 500)

    await asyncio.gather(*[chat() for _ in range(5)])
    assert sorted(texts(await log.read("room")), key=int) == [f"{i}" for i in range(300)]
    await registry.close()


async def test_a_voice_is_the_same_by_room_and_by_id_of_an_awake_room(registry: RoomRegistry) -> None:
    room = await toy_room(registry)
    assert registry.voice("key", room) == registry.voice("key", room.id) != registry.voice("other", room)
    assert registry.voice("key", "elsewhere").id != registry.voice("key", room).id


async def test_a_closed_house_refuses_and_has_finished(log: GatedLog) -> None:
    registry = toy_registry(log)
    room = await toy_room(registry)
    sends = [asyncio.ensure_future(room.send(Say(f"{i}"), by=ANNA)) for i in range(5)]
    await asyncio.sleep(0)
    await asyncio.gather(registry.close(), registry.close())
    assert sorted(texts([event for sent in sends for event in await sent])) == [f"{i}" for i in range(5)]
    for late in (
        registry.wake("room"),
        registry.wake("none"),
        room.send(Say("x"), by=ANNA),
        registry.open(PUBLIC, ANNA),
    ):
        with pytest.raises(Refused) as refusal:
            await late
        assert refusal.value.code == "restarting"


async def test_closing_waits_for_a_room_that_is_waking(log: GatedLog) -> None:
    await log.append("r", [Draft(TextSaid(f"due {now_ms()}"), 1)])
    registry = toy_registry(log)
    waking = asyncio.ensure_future(registry.wake("r"))
    await asyncio.sleep(0)
    await registry.close()
    assert (await waking).id == "r"
    assert len(registry) == 0
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_a_room_that_is_being_stored_when_the_registry_closes_is_opened(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, stored, gate = toy_registry(log), asyncio.Event(), asyncio.Event()
    appending = log.append

    async def append(*args: Any, **more: Any) -> list[Event]:
        events = await appending(*args, **more)
        stored.set()
        await gate.wait()
        return events

    monkeypatch.setattr(log, "append", append)
    heads = []

    async def opens() -> None:
        room = await registry.open(PUBLIC, ANNA)
        heads.append((room.state, room.tail.head))

    opening = asyncio.ensure_future(opens())
    await stored.wait()
    closing = asyncio.ensure_future(registry.close())
    await asyncio.sleep(0)
    gate.set()
    await opening
    await closing
    assert [head for _, head in heads] == [1]
    assert len(registry) == 0
    with pytest.raises(Refused):
        await registry.open(PUBLIC, ANNA)


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


async def test_a_room_that_is_due_and_cannot_be_woken_is_tried_again(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Hands()
    registry = toy_registry(log, clock=clock)
    room = await toy_room(registry)
    await room.send(Say(f"due {clock.ms + 60_000}"), by=ANNA)
    room.fall_asleep(clock.ms + 60_000)
    tries: list[int] = []
    newest = log.newest

    async def fails(room: str, limit: int = 100) -> list[Event]:
        tries.append(clock.ms)
        raise OSError("the storage cannot be read")

    monkeypatch.setattr(log, "newest", fails)
    pauses_ms = [60_000, FIRST_RETRY_MS, 2 * FIRST_RETRY_MS, 4 * FIRST_RETRY_MS]
    for nth, pause_ms in enumerate(pauses_ms):
        clock.ms += pause_ms - 1
        registry._alarms.ring()
        assert not registry.is_waking("room")
        clock.ms += 1
        registry._alarms.ring()
        await until(lambda: not registry.is_waking("room"))
        await until(lambda: len(registry._alarms) == 1)
        assert len(tries) == nth + 1
    monkeypatch.setattr(log, "newest", newest)
    clock.ms += LONGEST_RETRY_MS
    registry._alarms.ring()
    await until(lambda: texts(log_events(log))[-1].startswith("tick"))
    assert not registry._failed_wakes
    await registry.close()


async def test_a_quiet_command_lets_a_room_that_it_woke_sleep_again(log: GatedLog) -> None:
    registry = toy_registry(log)
    await (await toy_room(registry)).close()
    await registry.send("room", Say("hush"), by=ANNA, quiet=True)
    await until(lambda: not registry.ids())
    assert texts(await log.read("room")) == ["hush"]
    await registry.close()


async def test_what_is_looked_up_while_its_room_falls_asleep_is_decided_where_the_room_woke(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry, log = await wonder_registry(Clock())
    await local(await registry.wake("wonder")).close()
    read, asked, gate = log.read, asyncio.Event(), asyncio.Event()

    async def gated(room: str, after: int = 0, limit: int = 500) -> list[Event]:
        if limit == 1:
            asked.set()
            await gate.wait()
        return await read(room, after, limit)

    monkeypatch.setattr(log, "read", gated)
    removal = asyncio.ensure_future(registry.send("wonder", Remove("", EXPIRED, 1), by=None, quiet=True))
    await asked.wait()
    await until(lambda: not registry.ids())
    room = await registry.wake("wonder")
    room.hold()
    gate.set()
    async with asyncio.timeout(10):
        with pytest.raises(Refused, match="not here"):
            await removal
    room.release()
    await registry.close()


async def test_who_uses_a_room_that_a_quiet_command_wakes_keeps_it_awake(log: GatedLog) -> None:
    registry = toy_registry(log)
    await (await toy_room(registry)).close()
    await asyncio.gather(
        registry.send("room", Say("hush"), by=ANNA, quiet=True),
        registry.send("room", Say("hello"), by=ANNA),
        registry.send("room", Say("hush again"), by=ANNA, quiet=True),
    )
    await asyncio.sleep(3 * QUIET_MS / 1000)
    assert registry.ids() == ["room"]
    await registry.close()


def log_events(log: GatedLog) -> list[Event]:
    """Return what the log has of the toy room now."""
    return log._events("room")
