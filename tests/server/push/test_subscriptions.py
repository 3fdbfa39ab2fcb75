"""Who wants to be woken: kept through restarts, once for each voice, not for ever, and within bounds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from server.log.base import Conflict, Projected
from server.log.memory import MemoryLog
from server.push import subscriptions
from server.push.subscriptions import (
    DUE,
    KEPT_MS,
    READER,
    REFRESHED_AFTER_MS,
    SPOKEN,
    SUBSCRIPTIONS,
    Subscription,
    Subscriptions,
    due_row,
)
from server.room.commands import Refused
from server.room.events import Language, RoomOpened
from tests.support.media import Clock, registry
from tests.support.push_service import Device


def new(voice: str, endpoint: str = "", language: Language = "en") -> Subscription:
    device = Device(endpoint or f"https://push.test/{voice}")
    return Subscription(voice, device.endpoint, **device.json()["keys"], language=language)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def log(clock: Clock) -> MemoryLog:
    registry_, log = await registry(clock)
    await registry_.open(RoomOpened("wonder", "Kitchen", public=True), None, id="kitchen")
    await registry_.close()
    return log


async def rows(log: MemoryLog, part: str = SUBSCRIPTIONS) -> list[Projected]:
    return await log.projection(READER, part)


async def reopened(log: MemoryLog, clock: Clock) -> Subscriptions:
    made = Subscriptions(log, clock)
    await made.load()
    return made


async def test_what_was_given_is_there_after_a_restart_and_not_what_was_taken_back(
    log: MemoryLog, clock: Clock
) -> None:
    found = Subscriptions(log, clock)
    anna, bela = await found.add("wonder", new("anna", language="de")), await found.add("wonder", new("bela"))
    again = await reopened(log, clock)
    assert (again.of("wonder"), len(again)) == ([anna, bela], 2)
    assert again.spoken == {"wonder": clock.ms}, "silence begins with whoever asks first"
    assert await again.remove("wonder", "anna")
    assert not await again.remove("wonder", "anna")
    assert not await again.remove("kitchen", "anna")
    assert (await reopened(log, clock)).of("wonder") == [bela]
    assert await again.remove("wonder", "bela")
    assert [await rows(log, part) for part in await log.parts(READER)] == []


async def test_a_row_that_nobody_can_read_is_no_subscription(log: MemoryLog, clock: Clock) -> None:
    await Subscriptions(log, clock).add("wonder", new("anna"))
    odd = [Projected("wonder", item, SUBSCRIPTIONS, 1) for item in ("WyJhIl0", "WzFd", "!", "e30")]
    await log.advance(READER, 0, expect=0, effects=odd)
    assert [one.voice for one in (await reopened(log, clock)).of("wonder")] == ["anna"]


async def test_a_voice_has_one_subscription_the_newest(log: MemoryLog, clock: Clock) -> None:
    found = Subscriptions(log, clock)
    await found.add("wonder", new("anna"))
    second = await found.add("wonder", new("anna", "https://push.test/other"))
    assert (await reopened(log, clock)).of("wonder") == [second]
    assert len(await rows(log)) == 1


async def test_who_comes_again_was_not_woken_in_vain_and_is_noted_seldom(
    log: MemoryLog, clock: Clock
) -> None:
    found = Subscriptions(log, clock)
    asked = new("anna")
    known = await found.add("wonder", asked)
    await log.advance(READER, 0, expect=0, effects=[due_row("wonder", "anna", clock.ms)])
    found.due["wonder", "anna"] = clock.ms
    await found.woken("wonder", known, clock.ms)
    await found.woken("wonder", known, clock.ms)  # of one that is no more: not counted
    (counted,) = (await reopened(log, clock)).of("wonder")
    assert (counted.unanswered, counted.woken_ms) == (1, clock.ms)
    assert (found.due, await rows(log, DUE)) == ({}, [])

    back = await found.add("wonder", asked)
    assert (back.unanswered, back.woken_ms) == (0, clock.ms)
    assert (await reopened(log, clock)).of("wonder") == [back]
    (row,) = await rows(log)
    clock.ms += REFRESHED_AFTER_MS - 1
    assert await found.add("wonder", asked) == back
    assert await rows(log) == [row]
    clock.ms += 1
    assert (await found.add("wonder", asked)).seen_ms == clock.ms
    assert [each.number for each in await rows(log)] == [clock.ms]


async def test_who_was_not_here_for_the_longest_goes_first(
    log: MemoryLog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "OF_ROOM", 3)
    monkeypatch.setattr(subscriptions, "OF_ALL", 5)
    found = Subscriptions(log, clock)

    async def add(room: str, *voices: str) -> None:
        for voice in voices:
            clock.ms += 1
            await found.add(room, new(voice))

    await add("wonder", "a", "b", "c", "d", "b")
    assert {one.voice for one in found.of("wonder")} == {"b", "c", "d"}
    await add("kitchen", "a", "b")
    clock.ms += REFRESHED_AFTER_MS
    await add("wonder", "c")
    await add("kitchen", "c")
    assert {one.voice for one in found.of("wonder")} == {"b", "c"}, "a subscription that is new is a new one"
    assert [len(await rows(log)), len(found)] == [5, 5]


async def test_whoever_goes_as_the_last_of_a_room_takes_its_silence_along(
    log: MemoryLog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "OF_ALL", 1)
    found = Subscriptions(log, clock)
    await found.add("kitchen", new("a"))
    await found.add("wonder", new("b"))
    assert [row.room for part in await log.parts(READER) for row in await rows(log, part)] == ["wonder"] * 2
    assert found.spoken == {"wonder": clock.ms}


async def test_rooms_that_were_spoken_in_at_once_are_all_known_after_a_restart(
    log: MemoryLog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "PAGE_ROWS", 1)
    found = Subscriptions(log, clock)
    for room in ("kitchen", "wonder"):
        await found.add(room, new("a"))
    assert (await reopened(log, clock)).spoken == {"kitchen": clock.ms, "wonder": clock.ms}


class SlowWrites:
    """A storage that lets a write wait until it may go on."""

    def __init__(self, log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_writing, self.may_write = asyncio.Event(), asyncio.Event()
        self._advance = log.advance
        monkeypatch.setattr(log, "advance", self.advance)

    async def advance(self, *told: Any, **more: Any) -> None:
        self.is_writing.set()
        await self.may_write.wait()
        await self._advance(*told, **more)


@pytest.mark.parametrize("endpoint", ["", "https://push.test/other"])
async def test_a_room_that_is_closed_while_somebody_is_stored_leaves_no_row(
    log: MemoryLog, clock: Clock, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    found = Subscriptions(log, clock)
    asked = new("anna")
    known = await found.add("wonder", asked)
    with monkeypatch.context() as held:
        place = SlowWrites(log, held)
        again = replace(asked, language="de") if not endpoint else new("anna", endpoint)
        adding = asyncio.create_task(found.add("wonder", again))
        waking = asyncio.create_task(found.woken("wonder", known, clock.ms))
        await place.is_writing.wait()
        closing = asyncio.create_task(found.closed("wonder"))
        place.may_write.set()
        effects = (await asyncio.gather(adding, waking, closing))[2]
    await log.advance(READER, 0, expect=0, effects=effects)
    assert (len(found), await log.parts(READER)) == (0, [])


async def test_who_spoke_while_somebody_is_stored_ended_the_silence(
    log: MemoryLog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Subscriptions(log, clock)
    await found.add("wonder", new("anna"))
    place = SlowWrites(log, monkeypatch)
    adding = asyncio.create_task(found.add("wonder", new("bela")))
    await place.is_writing.wait()
    found.spoken["wonder"] = clock.ms + 5
    place.may_write.set()
    await adding
    assert found.spoken == {"wonder": clock.ms + 5}


async def test_a_month_without_a_visit_ends_it(log: MemoryLog, clock: Clock) -> None:
    found = Subscriptions(log, clock)
    await found.add("wonder", new("anna"))
    clock.ms += KEPT_MS
    bela = await found.add("wonder", new("bela"))
    assert await found.old() == []
    clock.ms += 1
    await log.advance(READER, 0, expect=0, effects=await found.old())
    assert (found.of("wonder"), len(await rows(log))) == ([bela], 1)
    assert len(await rows(log, SPOKEN)) == 1
    await log.advance(READER, 0, expect=0, effects=await found.closed("wonder"))
    assert (len(found), await log.parts(READER)) == (0, [])


async def test_a_reader_that_goes_on_meanwhile_is_no_hindrance(
    log: MemoryLog, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, real, races = Subscriptions(log, clock), log.cursor, 2

    async def cursor(reader: str) -> int:
        nonlocal races
        position = await real(reader)
        if races:
            races -= 1
            await log.advance(reader, position + 1, expect=position)
        return position

    monkeypatch.setattr(log, "cursor", cursor)
    await asyncio.gather(*[found.add("wonder", new(voice)) for voice in "abc"])
    assert len(await rows(log)) == 3

    async def lost(*_: object, **__: object) -> None:
        raise Conflict

    monkeypatch.setattr(log, "advance", lost)
    with pytest.raises(Refused) as refused:
        await found.add("wonder", new("d"))
    assert (refused.value.code, len(found)) == ("busy", 3)
    with pytest.raises(Refused):
        await found.remove("wonder", "a")
    assert len(found) == 3, "what is not stored is not told"
