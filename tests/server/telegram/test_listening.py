"""What a chat hears of a room: each clip as it is stored, once, also after a restart."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from games.round import RevealedTake, RoundClosed, RoundOpened, RoundRevealed, TurnGiven
from server.log.base import Effect, Projected
from server.room.commands import RoundStart
from server.room.events import ReactionGiven, Voice
from server.rooms.presence import SPEAKER
from server.telegram import pauses
from server.telegram.api import Away, ChatGone, Flooded
from server.telegram.listeners import Seal, Sealed
from server.telegram.listening import EMOJI, LATE_MS, SENT_A_S, TOLD_AT_ONCE, Listening
from server.telegram.quiet import Quiet
from server.telegram.rows import FIRST_FORM, TOLD, told
from tests.support.actors import until
from tests.support.bot_api import BotApi, Fault, Person
from tests.support.listening_chats import ANNA, BELA, ROBOT, ROOM, TOKEN, Party, landed, party
from tests.support.telegram_bot import running_bot
from tests.support.web_app import KEY, OGG, Site, running_site

virtual = pytest.mark.virtual_time
HOUR_MS = 3_600_000


async def rows(site: Site) -> list[Projected]:
    return await site.log.projection(Listening.name, TOLD)


async def stored(site: Site, wanted: int, seq: int = 0) -> list[Projected]:
    """Wait until so many chats are stored as listening, all told up to an event."""
    async with asyncio.timeout(20):
        while len(found := await rows(site)) != wanted or any(told(row).seq < seq for row in found):
            await asyncio.sleep(0.02)
    return found


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
    assert telegram.voices == [OGG]
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
    assert len(telegram.voices) == 1
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
        assert told(row).seq == first["seq"]
        assert "7654321" not in repr(row)
        missed = await site.clip(key="m" * 43)
        async with running_bot(site, telegram):
            await zoe.hears(missed["by"]["name"])
        async with running_bot(site, telegram):
            last = await site.clip(key="n" * 43)
            await zoe.hears(last["by"]["name"])
        assert len(telegram.voices) == 3


async def test_what_telegram_does_not_take_waits_and_is_sent_once(
    site: Site, telegram: BotApi, zoe: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE_S", 0.01)
    telegram.faults["sendVoice"] = [Fault(400, "Bad Request: something"), Fault(404, "Not Found")]
    clip = await site.clip()
    await zoe.hears(clip["by"]["name"])
    assert telegram.voices == [OGG]
    assert not telegram.faults["sendVoice"]


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


# --- without a network


async def kept(place: Party) -> list[Projected]:
    return await place.log.projection(Listening.name, TOLD)


def revealed(*clips: str, last: Voice = ANNA) -> RoundRevealed:
    by = [ANNA] * (len(clips) - 1) + [last]
    return RoundRevealed("r", tuple(map(lambda clip, voice: RevealedTake(clip, voice.id, 1), clips, by)))


@virtual
async def test_takes_that_were_hidden_come_when_they_are_revealed_and_then_all_as_one_piece() -> None:
    place = await party()
    place.mine = BELA.id
    async with place.listening() as listens:
        await listens.begin(1, "en", ROOM)
        await place.happens(RoundOpened("r", "two_second_sound", "snap", hidden=True), by=None)
        await place.happens(landed("c1", hidden=True, round_="r"), landed("c2", hidden=True, round_="r"))
        await place.happens(landed("c3", hidden=True, round_="r"), by=BELA)
        await place.happens(TurnGiven("r", 2, "Next!", 0, place.clock.ms + 9_000), by=None)
        await until(lambda: place.phones.said)
        assert not place.heard()
        await place.happens(revealed("c1", "c2", "c3", last=BELA), by=None)
        takes = ("c1", "c2", "c3")
        await place.happens(RoundClosed("r", "done", takes, replay=takes), by=None)
        whole = "Two-second sound, all of it in one piece: Zany Kettle, Soft Cactus"
        await place.plays("Zany Kettle", "Zany Kettle", whole)
    buttons = [[(emoji, f"react c1 {emoji}") for emoji in EMOJI]]
    assert [list(map(list, each[3])) for each in place.phones.played] == [
        buttons,
        [[(emoji, f"react c2 {emoji}") for emoji in EMOJI]],
        [],
    ]


@virtual
async def test_of_a_reveal_nothing_comes_twice_whatever_happens_in_its_middle() -> None:
    place = await party()
    async with place.listening() as listens:
        await listens.begin(1, "en", ROOM)
        await place.happens(*(landed(f"c{each}", hidden=True, round_="r") for each in range(4)))
        await place.happens(landed("c0"), by=ROBOT)
        await place.plays("🤖 The Kiosk (a machine)")
        await place.happens(revealed("c1", "c2", "c3"), by=None)
        await until(lambda: len(place.heard()) == 2)
        place.phones.faults = [Away("away"), Flooded(1)]
    (row,) = await kept(place)
    assert told(row).parts == 1
    async with place.listening():
        await until(lambda: len(place.heard()) == 4)
    assert [buttons[0][0][1].split()[1] for *_, buttons in place.phones.played] == ["c0", "c1", "c2", "c3"]


@virtual
async def test_in_quiet_hours_nothing_comes_and_then_one_line_with_the_count() -> None:
    place = await party()
    hour = place.clock.ms // HOUR_MS % 24
    quiet = Quiet(hour, (hour + 2) % 24)
    async with place.listening() as listens:
        await listens.begin(1, "en", ROOM, quiet)
        await listens.begin(2, "de", ROOM)
        await place.happens(landed("c1"), landed("c2"))
        await place.happens(TurnGiven("r", 2, "Next!", 0, place.clock.ms + 9_000), by=None)
        await place.plays("Zany Kettle", "Zany Kettle", chat=2)
    assert sorted(told(row).missed for row in await kept(place)) == [0, 2]
    place.clock.ms += HOUR_MS
    await place.happens(landed("c3"))  # while the server is away
    place.clock.ms += HOUR_MS
    async with place.listening():
        await until(
            lambda: (
                (1, "While it was quiet, 3 clips came. From here on they come again.") in place.phones.said
            )
        )
        await place.happens(landed("c4"))
        await place.plays("Zany Kettle")
    assert len([1 for chat, _ in place.phones.said if chat == 1]) == 1
    assert [told(row).missed for row in await kept(place)] == [0, 0]


@virtual
async def test_who_changes_quiet_hours_while_a_clip_is_sent_hears_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = await party()
    play, is_sending, may_send = place.phones.play, asyncio.Event(), asyncio.Event()

    async def slowly(*told: Any, tries: int) -> None:
        is_sending.set()
        await may_send.wait()
        await play(*told, tries=tries)

    monkeypatch.setattr(place.phones, "play", slowly)
    later = Quiet((place.clock.ms // HOUR_MS + 3) % 24, (place.clock.ms // HOUR_MS + 5) % 24)
    async with place.listening() as listens:
        await listens.begin(1, "en", ROOM)
        await place.happens(landed("c1"))
        await is_sending.wait()
        listens.set_quiet(1, later)
        await asyncio.sleep(5)
        may_send.set()
        await asyncio.sleep(5)
        await place.happens(landed("c2"), by=BELA)
        await place.plays("Zany Kettle", "Soft Cactus")
    (row,) = await kept(place)
    assert Seal(TOKEN).open(row.item) == Sealed(1, "en", later)


@virtual
async def test_one_clip_that_was_missed_is_told_in_the_singular_before_what_comes_then() -> None:
    place = await party()
    hour = place.clock.ms // HOUR_MS % 24
    async with place.listening() as listens:
        await listens.begin(1, "de", ROOM)
        listens.set_quiet(1, Quiet(hour, (hour + 1) % 24))
        assert listens.quiet_of(1) == Quiet(hour, (hour + 1) % 24)
        await place.happens(landed("c1"))
        await until(lambda: listens._listeners[1].told.missed == 1)
        listens.set_quiet(1, None)
        await place.happens(landed("c2"))
        await place.plays("Zany Kettle")
    assert place.phones.said == [(1, "Während der Ruhe kam ein Clip. Ab hier kommen sie wieder.")]
    (row,) = await kept(place)
    assert Seal(TOKEN).open(row.item) == Sealed(1, "de")


@virtual
async def test_what_could_not_be_stored_is_stored_later(monkeypatch: pytest.MonkeyPatch) -> None:
    place = await party()
    advance, failures = place.log.advance, [OSError("broken"), OSError("broken")]

    async def failing(reader: str, position: int, *, expect: int, effects: list[Effect]) -> None:
        if effects and failures:
            raise failures.pop()
        await advance(reader, position, expect=expect, effects=effects)

    monkeypatch.setattr(place.log, "advance", failing)
    async with place.listening() as listens:
        await listens.begin(1, "en", ROOM)
        async with asyncio.timeout(60):
            while not await kept(place):
                await asyncio.sleep(0.1)
        assert not failures


@virtual
async def test_who_listened_before_can_end_it_as_soon_as_there_is_a_server() -> None:
    place = await party()
    async with place.listening() as listens:
        await listens.begin(1, "en", ROOM)
    async with place.listening() as listens:
        assert listens.end(1)
    assert not await kept(place)


@virtual
async def test_rows_of_the_first_form_go_on() -> None:
    place = await party()
    seq = await place.happens(landed("c1"))
    await place.happens(landed("c2"))
    item = Seal(TOKEN).close(Sealed(1, "en"))
    rows_ = [Projected(ROOM, item, FIRST_FORM, seq), Projected(ROOM, "A" * 22, FIRST_FORM, seq)]
    await place.log.advance(Listening.name, 0, expect=0, effects=rows_)
    async with place.listening():
        await place.plays("Zany Kettle")
    (row,) = await kept(place)
    assert told(row).seq == seq + 1
    assert not await place.log.projection(Listening.name, FIRST_FORM)


@virtual
async def test_many_are_told_by_few_tasks_in_the_rate_that_telegram_takes() -> None:
    place = await party()
    chats, most = range(1, 101), 0
    async with place.listening() as listens:
        for chat in chats:
            await listens.begin(chat, "en", ROOM)
        began_s = asyncio.get_running_loop().time()
        await place.happens(landed("c1"))
        while len(place.phones.played) < len(chats):
            telling = [task for task in asyncio.all_tasks() if task.get_name() == "telegram_tells"]
            most = max(most, len(telling))
            await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() - began_s > (len(chats) - 2) / SENT_A_S
    assert most == TOLD_AT_ONCE
    assert sorted(chat for chat, *_ in place.phones.played) == list(chats)


@virtual
async def test_what_is_old_is_left_out() -> None:
    place = await party()
    async with place.listening() as listens:
        await listens.begin(1, "en", ROOM)
    await place.happens(landed("c1"))
    place.clock.ms += LATE_MS
    await place.happens(landed("c2"), by=BELA)
    async with place.listening():
        await place.plays("Soft Cactus")


@virtual
async def test_a_chat_that_is_gone_hears_no_more() -> None:
    place = await party()
    place.phones.faults = [ChatGone()]
    async with place.listening() as listens:
        await listens.begin(1, "en", ROOM)
        await place.happens(landed("c1"))
        await until(lambda: not listens.room_of(1))
    assert not await kept(place)
