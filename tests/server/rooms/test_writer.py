"""The writer decides in batches and shows only what is durable; it loses and repeats nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import pytest
from msgspec.structs import replace

from server.blobs.base import Blob
from server.log.base import Conflict, Entry, Outcome
from server.log.memory import MemoryLog
from server.room.commands import Refused, Say
from server.room.events import Draft, TextSaid
from server.rooms import settlement, writer
from server.rooms.local import LocalRoom
from server.rooms.tail import Batch
from tests.support.actors import (
    ANNA,
    BELA,
    GatedLog,
    local,
    shown,
    texts,
    toy_registry,
    toy_room,
    until,
)

pytestmark = pytest.mark.virtual_time


async def said(room: LocalRoom, *words: str) -> list[object]:
    """Say words at once; returns what came of each."""
    return await asyncio.gather(*[room.send(Say(w), by=ANNA) for w in words], return_exceptions=True)


# Deciding and appending


async def test_nothing_is_shown_or_answered_before_it_is_durable(room: LocalRoom, log: GatedLog) -> None:
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


async def test_events_are_shown_before_their_sender_is_answered(room: LocalRoom) -> None:
    order: list[str] = []
    room.tail.subscribe(lambda batch: order.append("shown"))
    await room.send(Say("a"), by=ANNA)
    order.append("answered")
    assert order == ["shown", "answered"]


async def test_what_waits_is_decided_and_shown_as_one_batch(room: LocalRoom, log: GatedLog) -> None:
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


async def test_a_command_is_decided_on_what_the_one_before_it_will_do(room: LocalRoom) -> None:
    first, second = await said(room, "once", "once")
    assert isinstance(first, list)
    assert isinstance(second, Refused)
    assert second.code == "said_already"


async def test_a_command_may_become_several_events_or_none(room: LocalRoom) -> None:
    several, none = await said(room, "a|b|c", "nothing")
    assert isinstance(several, list)
    assert [event.seq for event in several] == [2, 3, 4]
    assert none == []


async def test_a_refusal_stands_in_nobodys_way(room: LocalRoom) -> None:
    _, no, _ = await said(room, "a", "no", "b")
    assert isinstance(no, Refused)
    assert shown(room) == ["a", "b"]


async def test_a_mistake_of_ours_reaches_its_caller_and_the_room_lives(
    room: LocalRoom, caplog: pytest.LogCaptureFixture
) -> None:
    _, boom, _ = await said(room, "a", "boom", "b")
    assert isinstance(boom, ZeroDivisionError)
    assert "room.decide_failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert shown(room) == ["a", "b"]


async def test_who_left_before_it_was_decided_says_nothing(room: LocalRoom, log: GatedLog) -> None:
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
    room: LocalRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BATCH_COMMANDS", 7)
    await said(room, *[str(i) for i in range(50)])
    assert shown(room) == [str(i) for i in range(50)]


# Races


async def test_who_lost_a_race_decides_again_on_what_happened(room: LocalRoom, log: GatedLog) -> None:
    await log.append("room", [Draft(TextSaid("once"), 1, BELA)])
    once, other = await said(room, "once", "other")
    assert isinstance(once, Refused)
    assert isinstance(other, list)
    assert shown(room) == texts(await log.read("room")) == ["once", "other"]


async def test_a_race_that_is_always_lost_is_told(room: LocalRoom, log: GatedLog) -> None:
    async def race(*args: object, **kwargs: object) -> list[object]:
        await log.append("room", [Draft(TextSaid("faster"), 1, BELA)])
        return [Conflict()]

    log.extend = race  # type: ignore[method-assign, assignment]
    with pytest.raises(Conflict):
        await room.send(Say("a"), by=ANNA)
    await until(lambda: len(shown(room)) == settlement.RACES_TRIED + 1)


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
    registry = toy_registry(SkippingLog())
    room = await toy_room(registry)

    with pytest.raises(Conflict):
        await room.send(Say("a"), by=ANNA)
    await registry.close()


async def test_two_registries_over_one_log_lose_and_repeat_nothing() -> None:
    log = GatedLog()
    rooms = [await toy_room(toy_registry(log))]
    rooms.append(local(await toy_registry(log).wake("room")))
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


async def _say_slowly(room: LocalRoom, text: str, wait_s: float) -> None:
    await asyncio.sleep(wait_s)
    await room.send(Say(text), by=ANNA)


# A storage that is full or broken


async def test_a_full_storage_refuses_what_does_not_fit_and_takes_the_rest() -> None:
    registry = toy_registry(MemoryLog(max_bytes=5_000))
    room = await toy_room(registry)
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
    await registry.close()


async def test_a_broken_storage_is_told_and_the_room_recovers_when_it_works_again(
    room: LocalRoom, log: GatedLog, caplog: pytest.LogCaptureFixture
) -> None:
    log.error = OSError("broken")
    assert [type(result) for result in await said(room, "a", "b")] == [OSError, OSError]
    assert "room.batch_failed" in caplog.text
    log.error = None
    await log.append("room", [Draft(TextSaid("stored after all"), 1)])
    await said(room, "c")
    assert shown(room) == ["stored after all", "c"]
