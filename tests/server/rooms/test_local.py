"""A room keeps time, says who speaks, falls asleep and wakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from random import Random

import pytest
from msgspec.structs import replace

from server.room.commands import Command, Say
from server.room.context import Context
from server.room.events import Draft, Event, TextSaid, Voice
from server.rooms import timer
from server.rooms.base import Room
from server.rooms.local import LocalRoom
from server.rooms.registry import RoomRegistry
from server.rooms.timer import SHORTEST_SLEEP_MS, Timer
from tests.support.actors import (
    ANNA,
    BELA,
    RULES,
    GatedLog,
    Toy,
    arrive,
    leave,
    local,
    now_ms,
    shown,
    texts,
    toy_registry,
    toy_room,
    until,
)
from tests.support.room_contract import RoomContract, World

pytestmark = pytest.mark.virtual_time


async def said(room: LocalRoom, *words: str) -> list[object]:
    """Say words at once; returns what came of each."""
    return await asyncio.gather(*[room.send(Say(w), by=ANNA) for w in words], return_exceptions=True)


class TestLocalRoom(RoomContract):
    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        log, self.ahead_ms = GatedLog(), 0
        self.registry = toy_registry(log, idle_ms=40, clock=lambda: now_ms() + self.ahead_ms)
        yield World(await toy_room(self.registry), log)
        await self.registry.close()

    def pass_time(self, world: World, ms: int) -> None:
        self.ahead_ms += ms
        self.registry._alarms.ring()  # the loop's timers do not know


# The timer


async def test_a_tick_comes_when_it_is_due_and_knows_who_speaks(room: LocalRoom) -> None:
    arrive(room, ANNA)
    arrive(room, BELA)
    room.begin_speaking(BELA.id, until_ms=now_ms() + 60_000)
    await said(room, f"due {now_ms() + 30}")
    await until(lambda: len(shown(room)) > 1)
    assert shown(room)[1] == "tick ['voice-bela'] ['voice-anna', 'voice-bela']"


async def test_what_was_due_while_the_room_slept_comes_at_once(log: GatedLog, room: LocalRoom) -> None:
    await room.close()
    await log.append("room", [Draft(TextSaid("due 5"), 1)])
    again = local(await toy_registry(log).wake("room"))
    await until(lambda: shown(again)[-1:] == ["tick [] []"])
    await again.close()


async def test_a_tick_that_finds_nothing_to_do_does_not_come_again_at_once(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timer, "IDLE_TICK_EVERY_MS", 40)
    ticks = []

    def decide(*args: object) -> list[Draft]:
        ticks.append(now_ms())
        return []

    await toy_room(toy_registry(log))
    registry = toy_registry(log, rules=replace(RULES, decide=decide, due=lambda *_: 0))
    (await registry.wake("room")).hold()
    await until(lambda: len(ticks) >= 3)
    assert ticks[2] - ticks[0] >= 70
    await registry.close()


async def test_a_tick_that_fails_is_tried_again(
    room: LocalRoom, log: GatedLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(timer, "IDLE_TICK_EVERY_MS", 10)
    await said(room, f"due {now_ms() + 20}")
    log.error = OSError("broken")
    await until(lambda: "room.tick_failed" in caplog.text)
    log.error = None
    await until(lambda: shown(room)[-1] == "tick [] []")


async def test_a_take_that_nobody_ends_ends_by_itself_and_says_so(room: LocalRoom) -> None:
    signals: list[bytes] = []
    room.tail.subscribe(lambda batch: signals.extend(body for _, body in batch.signals))
    room.begin_speaking("v1", until_ms=now_ms() + 20)
    room.hear("v1", on=True)
    room.begin_speaking("v2", until_ms=now_ms() + 60_000)
    assert room.speaking == {"v1", "v2"}
    await until(lambda: room.speaking == {"v2"})
    await until(lambda: len(signals) == 2)
    assert signals == [
        b'{"kind":"speaking","data":{"voice":"v1","on":true},"type":"signal"}',
        b'{"kind":"speaking","data":{"voice":"v1","on":false},"type":"signal"}',
    ]
    room.end_speaking("v2")
    room.end_speaking("v2")
    assert not room.speaking


async def test_speakers_are_counted_by_their_leases(room: LocalRoom) -> None:
    arrive(room, ANNA)
    arrive(room, ANNA)
    arrive(room, BELA)
    leave(room, ANNA)
    assert room.speakers == {ANNA.id: 1, BELA.id: 1}
    leave(room, ANNA)
    leave(room, ANNA)
    assert room.speakers == {BELA.id: 1}


# Sleep


@pytest.mark.parametrize("reason", ["hold", "speak", "due"])
async def test_a_room_sleeps_when_nothing_keeps_it_awake(log: GatedLog, reason: str) -> None:
    registry = toy_registry(log, idle_ms=30)
    room = await toy_room(registry)
    room.hold()
    other = await registry.open((await log.read("room"))[0].data, ANNA, id="other")  # type: ignore[arg-type]
    let_go: Callable[[], object] = room.release
    match reason:
        case "speak":
            room.begin_speaking("v", until_ms=now_ms() + 60_000)
            let_go = lambda: room.end_speaking("v")  # noqa: E731
        case "due":
            await said(room, f"due {now_ms() + SHORTEST_SLEEP_MS - 1}")
            let_go = lambda: asyncio.ensure_future(said(room, f"due {now_ms()}"))  # noqa: E731
    if reason != "hold":
        room.release()
    await until(lambda: registry.awake("other") is None)
    assert registry.awake("room") is room
    let_go()
    await until(lambda: registry.awake("room") is None)
    assert other is not await registry.wake("other")
    await registry.close()


async def test_a_room_that_is_held_for_long_looks_at_its_timer_now_and_then_only(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    ring = Timer.ring

    def counted(timer: Timer) -> None:
        rings.append(now_ms())
        ring(timer)

    monkeypatch.setattr(Timer, "ring", counted)
    registry = toy_registry(log, idle_ms=20)
    room = await toy_room(registry)
    room.hold()
    await until(lambda: len(rings) >= 4)
    assert rings[3] - rings[0] >= 50
    await registry.close()


async def test_waking_a_room_gives_time_to_hold_it(log: GatedLog) -> None:
    now = [now_ms()]
    registry = toy_registry(log, idle_ms=60_000, clock=lambda: now[0])
    room = await toy_room(registry)
    now[0] += 59_999
    assert await registry.wake("room") is room
    now[0] += 59_999
    assert room._timer is not None
    room._timer.ring()
    assert registry.awake("room") is room
    now[0] += 1
    room._timer.ring()
    assert registry.awake("room") is None


async def test_a_passive_reader_does_not_keep_a_room_awake(log: GatedLog) -> None:
    registry = toy_registry(log, idle_ms=10)
    room = await toy_room(registry)
    room.tail.subscribe(lambda _: None, passive=True)
    await until(lambda: len(registry) == 0)


async def test_who_still_holds_a_room_that_slept_reaches_the_one_that_woke(log: GatedLog) -> None:
    registry = toy_registry(log, idle_ms=10)
    old = await toy_room(registry)
    await until(lambda: len(registry) == 0)
    new = await registry.wake("room")
    new.hold()
    while registry.awake("room") is not new:  # it may have slept before it was held
        new = await registry.wake("room")
        new.hold()
    events = await old.send(Say("a"), by=ANNA)
    assert shown(new) == texts(events) == ["a"]
    assert shown(old) == []
    await registry.close()


async def test_closing_finishes_what_waits(room: LocalRoom, log: GatedLog) -> None:
    log.gate.clear()
    sends = asyncio.ensure_future(said(room, "a", "b", "c"))
    await until(lambda: log.chains)
    closes = [asyncio.ensure_future(room.close()) for _ in range(2)]
    await asyncio.sleep(0)
    log.gate.set()
    await asyncio.gather(*closes)
    assert all(isinstance(result, list) for result in await sends)
    assert texts(await log.read("room")) == ["a", "b", "c"]


async def test_who_sends_to_a_closed_room_wakes_it(room: LocalRoom, registry: RoomRegistry) -> None:
    await room.close()
    assert registry.awake("room") is None
    await said(room, "a")
    assert registry.awake("room") is room


async def test_an_awake_room_at_rest_holds_no_task(room: LocalRoom) -> None:
    await said(room, "a", "b")
    await asyncio.sleep(0)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


# Asleep under readers


async def test_a_sleeping_room_under_a_reader_holds_no_task_no_timer_and_no_state(
    log: GatedLog, caplog: pytest.LogCaptureFixture
) -> None:
    registry = toy_registry(log, idle_ms=10)
    room = await toy_room(registry)
    close = room.tail.subscribe(lambda _: None)
    await until(lambda: len(registry) == 0)
    assert (room._writer, room._timer) == (None, None)
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert list(registry.rooms()) == [room]
    close()
    assert list(registry.rooms()) == []
    await registry.close()


async def test_a_room_that_cannot_be_woken_tells_all_who_wait_and_wakes_when_it_can(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    registry = toy_registry(log, idle_ms=10)
    room = await toy_room(registry)
    room.tail.subscribe(lambda _: None)
    await until(lambda: len(registry) == 0)
    reading = log.newest

    async def broken(room: str, limit: int = 100) -> list[Event]:
        await asyncio.sleep(0)
        raise OSError("broken")

    monkeypatch.setattr(log, "newest", broken)
    arrive(room, ANNA)
    assert [type(result) for result in await said(room, "a", "b")] == [OSError, OSError]
    assert "room.not_woken" in caplog.text
    monkeypatch.setattr(log, "newest", reading)
    await said(room, "c")
    assert texts(await log.read("room")) == ["c"]
    await registry.close()


class Woken:
    """A reader that notes which rooms woke."""

    def __init__(self) -> None:
        self.rooms: list[Room] = []

    def attach(self, room: Room) -> None:
        self.rooms.append(room)

    def detach(self, room: Room) -> None:
        """Take no note."""


async def test_who_takes_part_in_a_room_that_was_let_go_takes_part_in_the_one_that_lives(
    log: GatedLog,
) -> None:
    registry = toy_registry(log, idle_ms=10)
    old = await toy_room(registry)
    await until(lambda: not list(registry.rooms()))
    woken = Woken()
    registry.register(woken)
    arrive(old, ANNA)
    await until(lambda: woken.rooms)  # it is awake for 10 ms, which is too short to look for
    assert woken.rooms == [old]
    await registry.close()


async def test_a_closed_house_wakes_no_room_for_who_leaves(log: GatedLog) -> None:
    registry = toy_registry(log)
    room = await toy_room(registry)
    room.tail.subscribe(lambda _: None)
    arrive(room, ANNA)
    arrive(room, ANNA)
    await registry.close()
    leave(room, ANNA)
    assert not registry._waking


async def test_a_room_at_work_does_not_fall_asleep(log: GatedLog) -> None:
    registry = toy_registry(log, idle_ms=10)
    room = await toy_room(registry)
    log.gate.clear()
    sending = asyncio.ensure_future(said(room, "a"))
    await until(lambda: log.chains)
    other = await toy_room(registry, "other")
    await until(lambda: registry.awake("other") is not other)  # it may do what the room may not
    assert registry.awake("room") is room
    log.gate.set()
    await sending
    await until(lambda: len(registry) == 0)
    await registry.close()


async def test_a_room_whose_last_reader_leaves_while_it_wakes_is_not_let_go(log: GatedLog) -> None:
    registry = toy_registry(log, idle_ms=60_000)
    room = await toy_room(registry)
    close = room.tail.subscribe(lambda _: None)
    await room.close()
    sending = asyncio.ensure_future(room.send(Say("a"), by=ANNA))
    await asyncio.sleep(0)
    assert registry.is_waking("room")
    close()
    await sending
    assert registry.awake("room") is registry.known("room") is room
    await registry.close()


async def test_a_repeat_that_waits_for_its_first_is_decided_where_the_room_went_meanwhile(
    log: GatedLog,
) -> None:
    registry = toy_registry(log)
    room = await toy_room(registry)
    log.gate.clear()
    first = asyncio.ensure_future(room.send(Say("a"), by=ANNA, key="k"))
    await until(lambda: log.chains)
    second = asyncio.ensure_future(room.send(Say("a"), by=ANNA, key="k"))
    await asyncio.sleep(0)
    first.cancel()
    writer = room._writer
    assert writer is not None
    log.gate.set()
    await writer.settled()
    room.fall_asleep()
    assert texts(await second) == ["a"]
    assert texts(await log.read("room")) == ["a"]
    await registry.close()


@pytest.mark.parametrize("captions", [False, True])
async def test_what_is_decided_on_says_whether_words_are_expected(log: GatedLog, captions: bool) -> None:
    seen: list[bool] = []

    def decides(state: Toy, command: Command, by: Voice | None, context: Context) -> list[Draft]:
        seen.append(context.captions)
        return [Draft(TextSaid("a"), context.now_ms, by)]

    registry = RoomRegistry(
        log,
        clock=now_ms,
        random=Random(1),
        secret=b"s" * 32,
        rules=replace(RULES, decide=decides),
        view=lambda event, _: event,
        captions=captions,
    )
    room = await toy_room(registry)
    await room.close()
    seen.clear()
    await room.send(Say("a"), by=ANNA)
    assert seen == [captions]
    await registry.close()
