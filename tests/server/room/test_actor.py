"""A room decides in batches, shows only what is durable, keeps time, and falls asleep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

import pytest
from msgspec.structs import replace

from server.log.base import Blob, Conflict, Entry, Outcome
from server.log.memory import MemoryLog
from server.room import actor
from server.room.actor import Room
from server.room.commands import Refused, Say
from server.room.events import Draft, TextSaid
from server.room.house import House
from server.room.tail import Batch
from tests.support.actors import ANNA, BELA, GatedLog, now_ms, shown, texts, toy_house, toy_room, until


async def said(room: Room, *words: str) -> list[object]:
    """Say words at once; returns what came of each."""
    return await asyncio.gather(*[room.send(Say(w), by=ANNA) for w in words], return_exceptions=True)


# Deciding and appending


async def test_nothing_is_shown_or_answered_before_it_is_durable(room: Room, log: GatedLog) -> None:
    log.gate.clear()
    sending = asyncio.ensure_future(room.send(Say("a"), by=ANNA))
    await until(lambda: log.chains)
    assert not sending.done()
    assert shown(room) == []
    assert texts(await log.read("room")) == []
    log.gate.set()
    (event,) = await sending
    assert (event.seq, event.prev, event.by) == (2, 1, ANNA)
    assert shown(room) == texts(await log.read("room")) == ["a"]
    assert room.state.said[-1] == "a"  # type: ignore[attr-defined]


async def test_events_are_shown_before_their_sender_is_answered(room: Room) -> None:
    order: list[str] = []
    room.tail.subscribe(lambda batch: order.append("shown"))
    await room.send(Say("a"), by=ANNA)
    order.append("answered")
    assert order == ["shown", "answered"]


async def test_what_waits_is_decided_and_shown_as_one_batch(room: Room, log: GatedLog) -> None:
    batches: list[Batch] = []
    room.tail.subscribe(batches.append)
    log.gate.clear()
    first = asyncio.ensure_future(room.send(Say("first"), by=ANNA))
    await until(lambda: log.chains)
    rest = asyncio.ensure_future(said(room, *[str(i) for i in range(100)]))
    await asyncio.sleep(0.01)
    assert log.chains == [1]
    log.gate.set()
    await first
    await rest
    assert log.chains == [1, 100]
    assert [len(batch.events) for batch in batches] == [1, 100]
    assert shown(room) == ["first", *[str(i) for i in range(100)]]


async def test_a_command_is_decided_on_what_the_one_before_it_will_do(room: Room) -> None:
    first, second = await said(room, "once", "once")
    assert isinstance(first, list)
    assert isinstance(second, Refused)
    assert second.code == "said_already"


async def test_a_command_may_become_several_events_or_none(room: Room) -> None:
    several, none = await said(room, "a|b|c", "nothing")
    assert isinstance(several, list)
    assert [event.seq for event in several] == [2, 3, 4]
    assert none == []


async def test_a_refusal_stands_in_nobodys_way(room: Room) -> None:
    _, no, _ = await said(room, "a", "no", "b")
    assert isinstance(no, Refused)
    assert shown(room) == ["a", "b"]


async def test_a_mistake_of_ours_reaches_its_caller_and_the_room_lives(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    _, boom, _ = await said(room, "a", "boom", "b")
    assert isinstance(boom, ZeroDivisionError)
    assert "room.decide_failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert shown(room) == ["a", "b"]


async def test_who_left_before_it_was_decided_says_nothing(room: Room, log: GatedLog) -> None:
    log.gate.clear()
    first = asyncio.ensure_future(room.send(Say("a"), by=ANNA))
    await until(lambda: log.chains)
    second = asyncio.ensure_future(room.send(Say("b"), by=ANNA))
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    log.gate.set()
    await said(room, "c")
    assert shown(room) == ["a", "c"]


async def test_more_than_one_batch_full_is_served_in_order(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "BATCH_COMMANDS", 7)
    await said(room, *[str(i) for i in range(50)])
    assert shown(room) == [str(i) for i in range(50)]


# Races


async def test_who_lost_a_race_decides_again_on_what_happened(room: Room, log: GatedLog) -> None:
    await log.append("room", [Draft(TextSaid("once"), 1, BELA)])
    once, other = await said(room, "once", "other")
    assert isinstance(once, Refused)
    assert isinstance(other, list)
    assert shown(room) == texts(await log.read("room")) == ["once", "other"]


async def test_a_race_that_is_always_lost_is_told(room: Room, log: GatedLog) -> None:
    async def race(*args: object, **kwargs: object) -> list[object]:
        await log.append("room", [Draft(TextSaid("faster"), 1, BELA)])
        return [Conflict()]

    log.extend = race  # type: ignore[method-assign, assignment]
    with pytest.raises(Conflict):
        await room.send(Say("a"), by=ANNA)
    await until(lambda: len(shown(room)) == actor.RACES_TRIED + 1)


class SkippingLog(GatedLog):
    """A log with holes: it numbers events otherwise than their writer did."""

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        outcomes = await super().extend(room, entries, expect=expect)
        return [
            [replace(event, seq=event.seq + 1) for event in each] if isinstance(each, list) else each
            for each in outcomes
        ]


async def test_nothing_is_acknowledged_under_a_number_that_its_writer_did_not_give() -> None:
    """What was taken back with it would be planned by numbers of other events, and stay."""
    house = toy_house(SkippingLog())
    room = await toy_room(house)

    with pytest.raises(Conflict):
        await room.send(Say("a"), by=ANNA)
    await house.close()


async def test_two_houses_over_one_log_lose_and_repeat_nothing() -> None:
    log = GatedLog()
    rooms = [await toy_room(toy_house(log))]
    rooms.append(await toy_house(log).wake("room"))
    random = Random(5)
    await asyncio.gather(
        *[_say_slowly(random.choice(rooms), f"{i}", random.random() / 50) for i in range(120)],
        *[_say_slowly(random.choice(rooms), f"{i}a|{i}b", random.random() / 50) for i in range(40)],
    )
    stored = texts(await log.read("room"))
    assert sorted(stored) == sorted(
        [f"{i}" for i in range(120)] + [f"{i}{x}" for i in range(40) for x in "ab"]
    )
    await asyncio.gather(*[room.send(Say("end"), by=ANNA) for room in rooms])
    await rooms[0].send(Say("last"), by=ANNA)
    assert shown(rooms[0])[:160] == stored[:160]
    assert [e.event.prev + 1 for e in rooms[0].tail.since(0) or []] == list(range(1, len(stored) + 5))
    for room in rooms:
        await room.close()


async def _say_slowly(room: Room, text: str, wait_s: float) -> None:
    await asyncio.sleep(wait_s)
    await room.send(Say(text), by=ANNA)


# A storage that is full or broken


async def test_a_full_storage_refuses_what_does_not_fit_and_takes_the_rest() -> None:
    house = toy_house(MemoryLog(max_bytes=5_000))
    room = await toy_room(house)
    big = [Blob("b", "room", bytes(9_000))]
    _, clip, _ = await asyncio.gather(
        room.send(Say("a"), by=ANNA),
        room.send(Say("clip"), by=ANNA, blobs=big),
        room.send(Say("b"), by=ANNA),
        return_exceptions=True,
    )
    assert isinstance(clip, Refused)
    assert clip.code == "storage_full"
    assert clip.retry_after_ms
    assert shown(room) == ["a", "b"]
    await house.close()


async def test_a_broken_storage_is_told_and_the_room_recovers_when_it_works_again(
    room: Room, log: GatedLog, caplog: pytest.LogCaptureFixture
) -> None:
    log.error = OSError("broken")
    assert [type(result) for result in await said(room, "a", "b")] == [OSError, OSError]
    assert "room.batch_failed" in caplog.text
    log.error = None
    await log.append("room", [Draft(TextSaid("stored after all"), 1)])
    await said(room, "c")
    assert shown(room) == ["stored after all", "c"]


# The timer


async def test_a_tick_comes_when_it_is_due_and_knows_who_speaks(room: Room) -> None:
    room.arrive(ANNA)
    room.arrive(BELA)
    room.begin_speaking(BELA.id, until_ms=now_ms() + 60_000)
    await said(room, f"due {now_ms() + 30}")
    await until(lambda: len(shown(room)) > 1)
    assert shown(room)[1] == "tick ['voice-bela'] ['voice-anna', 'voice-bela']"


async def test_what_was_due_while_the_room_slept_comes_at_once(log: GatedLog, room: Room) -> None:
    await room.close()
    await log.append("room", [Draft(TextSaid("due 5"), 1)])
    again = await toy_house(log).wake("room")
    await until(lambda: shown(again)[-1:] == ["tick [] []"])
    await again.close()


async def test_a_tick_that_finds_nothing_to_do_does_not_come_again_at_once(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "IDLE_TICK_EVERY_MS", 40)
    ticks = []

    def decide(*args: object) -> list[Draft]:
        ticks.append(now_ms())
        return []

    house = toy_house(log)
    room = await toy_room(house)
    room._rules = replace(house._rules, decide=decide, due=lambda *_: 0)
    room.hold()
    await until(lambda: len(ticks) >= 3)
    assert ticks[2] - ticks[0] >= 70
    await house.close()


async def test_a_tick_that_fails_is_tried_again(
    room: Room, log: GatedLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(actor, "IDLE_TICK_EVERY_MS", 10)
    await said(room, f"due {now_ms() + 20}")
    log.error = OSError("broken")
    await until(lambda: "room.tick_failed" in caplog.text)
    log.error = None
    await until(lambda: shown(room)[-1] == "tick [] []")


async def test_a_take_that_nobody_ends_ends_by_itself_and_says_so(room: Room) -> None:
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


async def test_speakers_are_counted_by_their_leases(room: Room) -> None:
    room.arrive(ANNA)
    room.arrive(ANNA)
    room.arrive(BELA)
    room.leave(ANNA)
    assert room.speakers == {ANNA.id: 1, BELA.id: 1}
    room.leave(ANNA)
    room.leave(ANNA)
    assert room.speakers == {BELA.id: 1}


# Sleep


@pytest.mark.parametrize("reason", ["hold", "arrive", "speak", "read", "due"])
async def test_a_room_sleeps_when_nothing_keeps_it_awake(log: GatedLog, reason: str) -> None:
    house = toy_house(log, idle_ms=30)
    room = await toy_room(house)
    room.hold()
    other = await house.open((await log.read("room"))[0].data, ANNA, id="other")  # type: ignore[arg-type]
    let_go: Callable[[], object] = room.release
    match reason:
        case "arrive":
            room.arrive(ANNA)
            let_go = lambda: room.leave(ANNA)  # noqa: E731
        case "speak":
            room.begin_speaking("v", until_ms=now_ms() + 60_000)
            let_go = lambda: room.end_speaking("v")  # noqa: E731
        case "read":
            let_go = room.tail.subscribe(lambda _: None)
        case "due":
            await said(room, f"due {now_ms() + 60_000}")
            let_go = lambda: asyncio.ensure_future(said(room, f"due {now_ms()}"))  # noqa: E731
    if reason != "hold":
        room.release()
    await until(lambda: house.awake("other") is None)
    assert house.awake("room") is room
    let_go()
    await until(lambda: house.awake("room") is None)
    assert other is not await house.wake("other")
    await house.close()


async def test_a_room_that_is_held_for_long_looks_at_its_timer_now_and_then_only(
    log: GatedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    ring = Room._ring

    def counted(room: Room) -> None:
        rings.append(now_ms())
        ring(room)

    monkeypatch.setattr(Room, "_ring", counted)
    house = toy_house(log, idle_ms=20)
    room = await toy_room(house)
    room.hold()
    await until(lambda: len(rings) >= 4)
    assert rings[3] - rings[0] >= 50
    await house.close()


async def test_waking_a_room_gives_time_to_hold_it(log: GatedLog) -> None:
    now = [now_ms()]
    house = toy_house(log, idle_ms=60_000, clock=lambda: now[0])
    room = await toy_room(house)
    now[0] += 59_999
    assert await house.wake("room") is room
    now[0] += 59_999
    room._ring()
    assert house.awake("room") is room
    now[0] += 1
    room._ring()
    assert house.awake("room") is None


async def test_a_passive_reader_does_not_keep_a_room_awake(log: GatedLog) -> None:
    house = toy_house(log, idle_ms=10)
    room = await toy_room(house)
    room.tail.subscribe(lambda _: None, passive=True)
    await until(lambda: len(house) == 0)


async def test_who_still_holds_a_room_that_slept_reaches_the_one_that_woke(log: GatedLog) -> None:
    house = toy_house(log, idle_ms=10)
    old = await toy_room(house)
    await until(lambda: len(house) == 0)
    new = await house.wake("room")
    new.hold()
    while house.awake("room") is not new:  # it may have slept before it was held
        new = await house.wake("room")
        new.hold()
    events = await old.send(Say("a"), by=ANNA)
    assert shown(new) == texts(events) == ["a"]
    assert shown(old) == []
    await house.close()


async def test_closing_finishes_what_waits(room: Room, log: GatedLog) -> None:
    log.gate.clear()
    sends = asyncio.ensure_future(said(room, "a", "b", "c"))
    await until(lambda: log.chains)
    closes = [asyncio.ensure_future(room.close()) for _ in range(2)]
    await asyncio.sleep(0)
    log.gate.set()
    await asyncio.gather(*closes)
    assert all(isinstance(result, list) for result in await sends)
    assert texts(await log.read("room")) == ["a", "b", "c"]


async def test_who_sends_to_a_closed_room_wakes_it(room: Room, house: House) -> None:
    await room.close()
    assert house.awake("room") is None
    await said(room, "a")
    assert house.awake("room") not in (None, room)


async def test_an_awake_room_at_rest_holds_no_task(room: Room) -> None:
    await said(room, "a", "b")
    await asyncio.sleep(0)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
