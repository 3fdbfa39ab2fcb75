"""What a chat hears of a room: each clip as it is stored, once, also after a restart."""

from __future__ import annotations

import asyncio

import pytest

from server.log.base import Projected
from server.room.commands import RoundStart
from server.room.events import ReactionGiven
from server.rooms.presence import SPEAKER
from server.telegram import listening
from server.telegram.listening import LISTENS, Listening
from tests.support.bot_api import BotApi, Fault, Person, blocked
from tests.support.telegram_bot import running_bot
from tests.support.web_app import KEY, OGG, Site, running_site


async def rows(site: Site) -> list[Projected]:
    return await site.log.projection(Listening.name, LISTENS)


async def stored(site: Site, wanted: int, seq: int = 0) -> list[Projected]:
    """Wait until so many chats are stored as listening, all told up to an event."""
    async with asyncio.timeout(20):
        while len(found := await rows(site)) != wanted or any(row.number < seq for row in found):
            await asyncio.sleep(0.02)
    return found


def voices(telegram: BotApi) -> list[bytes]:
    return [asked["voice"] for method, asked in telegram.sent if method == "sendVoice"]


@pytest.fixture
async def zoe(site: Site, telegram: BotApi, zoe: Person) -> Person:
    zoe.write("/listen")
    await zoe.hears("From now on you hear")
    return zoe


async def test_a_new_clip_comes_as_it_is_stored_and_can_be_reacted_to(
    site: Site, telegram: BotApi, zoe: Person
) -> None:
    clip = await site.clip()
    await zoe.hears(clip["by"]["name"])
    assert voices(telegram) == [OGG]
    zoe.press("😂")
    async with asyncio.timeout(20):
        while not (found := await reactions(site)):
            await asyncio.sleep(0.02)
    assert (found[0].target, found[0].emoji) == (clip["id"], "😂")


async def reactions(site: Site) -> list[ReactionGiven]:
    events = await site.log.read("wonder", 0, 100)
    return [event.data for event in events if isinstance(event.data, ReactionGiven)]


async def test_ones_own_clip_does_not_come_back_and_stop_ends_it(
    site: Site, telegram: BotApi, zoe: Person
) -> None:
    zoe.speak(b"OggS speech")
    await zoe.hears("Your voice")
    clip = await site.clip()
    await zoe.hears(clip["by"]["name"])
    assert len(voices(telegram)) == 1
    await stored(site, 1)
    zoe.write("/stop")
    await zoe.hears("You left")
    await stored(site, 0)


async def test_a_restart_repeats_nothing_and_misses_nothing(telegram: BotApi) -> None:
    zoe = Person(telegram, 7_654_321)
    async with running_site() as site:
        async with running_bot(site, telegram):
            zoe.write("/start wonder")
            zoe.write("/listen")
            await zoe.hears("From now on you hear")
            first = await site.clip()
            await zoe.hears(first["by"]["name"])
        (row,) = await rows(site)
        assert row.number == first["seq"]
        assert "7654321" not in repr(row)
        missed = await site.clip(key="m" * 43)
        async with running_bot(site, telegram):
            await zoe.hears(missed["by"]["name"])
        async with running_bot(site, telegram):
            last = await site.clip(key="n" * 43)
            await zoe.hears(last["by"]["name"])
        assert len(voices(telegram)) == 3


async def test_what_telegram_does_not_take_waits_and_is_sent_once(
    site: Site, telegram: BotApi, zoe: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "FIRST_PAUSE_S", 0.01)
    telegram.faults["sendVoice"] = [Fault(400, "Bad Request: something"), Fault(404, "Not Found")]
    clip = await site.clip()
    await zoe.hears(clip["by"]["name"])
    assert voices(telegram) == [OGG]
    assert not telegram.faults["sendVoice"]


async def test_who_blocked_the_bot_hears_no_more(site: Site, telegram: BotApi, zoe: Person) -> None:
    await stored(site, 1)
    telegram.gone[zoe.id] = blocked
    await site.clip()
    await stored(site, 0)


async def test_what_is_old_is_left_out(
    site: Site, telegram: BotApi, zoe: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "LATE_MS", -60_000)
    await site.clip(key="m" * 43)
    await zoe.hears(await begun(site))
    assert not voices(telegram)


async def test_a_prompt_for_all_is_pushed(site: Site, telegram: BotApi, zoe: Person) -> None:
    told = await zoe.hears(await begun(site))
    assert "Send a voice message within" in told


async def begun(site: Site) -> str:
    """Let a round for all begin, and return its prompt."""
    visitor = site.registry.voice(KEY, "wonder")
    room = await site.registry.wake("wonder")
    room.set_presence(visitor.id, None, SPEAKER)
    await room.send(RoundStart("first_thing", tempo="slow"), by=visitor)
    assert room.state.round is not None
    assert room.state.round.prompt is not None
    return room.state.round.prompt.text
