"""Who wants to be woken: kept through restarts, once for each voice, not for ever, and within bounds."""

from __future__ import annotations

import asyncio

import pytest

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


async def test_a_month_without_a_visit_ends_it(log: MemoryLog, clock: Clock) -> None:
    found = Subscriptions(log, clock)
    await found.add("wonder", new("anna"))
    clock.ms += KEPT_MS
    bela = await found.add("wonder", new("bela"))
    assert found.old() == []
    clock.ms += 1
    await log.advance(READER, 0, expect=0, effects=found.old())
    assert (found.of("wonder"), len(await rows(log))) == ([bela], 1)
    assert len(await rows(log, SPOKEN)) == 1
    await log.advance(READER, 0, expect=0, effects=found.closed("wonder"))
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
