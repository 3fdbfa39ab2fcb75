"""How updates come: by polling and by webhook, each once, bounded, through restarts and away times."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiogram.types import Update

from server.room.events import ClipLanded, TextSaid
from server.telegram import bot as bots
from server.telegram import pauses
from server.telegram.bot import WAITING_OF_CHAT
from server.telegram.conversation import Conversation
from tests.support.actors import until
from tests.support.bot_api import NAME, BotApi, Fault, Person, flood, send_to_webhook
from tests.support.telegram_bot import running_bot
from tests.support.web_app import Site, running_site

SPEECH = b"OggS speech"


async def kinds(site: Site, kind: type) -> int:
    return len([1 for event in await site.log.read("wonder", 0, 1_000) if isinstance(event.data, kind)])


async def test_its_link_is_told_with_the_rooms_once_it_is_ready(site: Site) -> None:
    async def linked() -> bool:
        return bool((await site.json("GET", "/api/rooms"))["telegram"] == f"https://t.me/{NAME}")

    async with asyncio.timeout(20):
        while not await linked():
            await asyncio.sleep(0.01)


async def test_without_a_bot_there_is_no_link_and_no_webhook() -> None:
    async with running_site() as site:
        assert (await site.json("GET", "/api/rooms"))["telegram"] == ""
        assert await site.status("POST", f"/api/telegram/{'a' * 43}", json={}) == 404


async def test_an_update_that_comes_twice_is_answered_once(site: Site, telegram: BotApi, zoe: Person) -> None:
    update = zoe.write("only once")
    telegram.deliver(update)
    await zoe.hears("Written")
    telegram.deliver({**update, "update_id": update["update_id"]})
    zoe.write("/stop")
    await zoe.hears("You left")
    assert await kinds(site, TextSaid) == 1


async def test_a_hundred_messages_at_once_are_bounded_and_told_once(
    site: Site, telegram: BotApi, zoe: Person
) -> None:
    for number in range(100):
        zoe.write(f"line {number}")
    other = Person(telegram, 8)
    other.write("/stop")
    await other.hears("You left")
    await zoe.hears("a lot at once")
    zoe.write("/stop")
    await zoe.hears("You left")
    assert WAITING_OF_CHAT <= await kinds(site, TextSaid) < 100
    assert sum("a lot at once" in said for said in zoe.heard) == 1


async def test_a_restart_hears_what_was_sent_meanwhile_and_nothing_twice(telegram: BotApi) -> None:
    zoe = Person(telegram, 7)
    async with running_site() as site:
        async with running_bot(site, telegram):
            zoe.write("/start wonder")
            await zoe.hears("You are in")
            zoe.speak(SPEECH)
            await zoe.hears("Your voice")
        zoe.write("/start wonder")
        zoe.speak(SPEECH)
        async with running_bot(site, telegram):
            await zoe.hears("Your voice", times=2)
        assert not [update for update in telegram.updates if "voice" in update["message"]]
        assert await kinds(site, ClipLanded) == 2


async def test_what_is_under_way_when_it_stops_is_answered_and_confirmed(
    telegram: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots, "CLOSING_S", 50.0)
    zoe = Person(telegram, 7)
    async with running_site() as site:
        async with running_bot(site, telegram):
            zoe.write("/start wonder")
            await zoe.hears("You are in")
            telegram.faults["sendMessage"] = [flood(1)]
            zoe.write("the last words")
            await until(lambda: not telegram.faults["sendMessage"])
        assert await kinds(site, TextSaid) == 1
        assert not telegram.updates


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let what begins with "hold" wait for an event before it is answered."""
    may_go, answer = asyncio.Event(), Conversation.answer

    async def held_answer(self: Conversation, update: Update) -> None:
        if update.message is not None and (update.message.text or "").startswith("hold"):
            await may_go.wait()
        await answer(self, update)

    monkeypatch.setattr(Conversation, "answer", held_answer)
    monkeypatch.setattr(bots, "ASKED_AGAIN_S", 0.02)
    return may_go


async def test_who_is_answered_slowly_keeps_nobody_waiting_and_is_not_confirmed(
    site: Site, telegram: BotApi, zoe: Person, held: asyncio.Event
) -> None:
    slow = zoe.write("hold this")
    for number in range(3):
        other = Person(telegram, 100 + number)
        other.write("/stop")
        await other.hears("You left")
    assert telegram.updates[0] == slow
    held.set()
    await zoe.hears("Written")
    await until(lambda: not telegram.updates)
    assert await kinds(site, TextSaid) == 1


async def test_a_stop_confirms_no_more_than_was_answered(
    telegram: BotApi, held: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots, "CLOSING_S", 0.05)
    zoe = Person(telegram, 7)
    async with running_site() as site:
        async with running_bot(site, telegram):
            zoe.write("/start wonder")
            await zoe.hears("You are in")
            unanswered = zoe.write("hold this")
            other = Person(telegram, 8)
            later = other.write("/stop")
            await other.hears("You left")
        assert telegram.updates == [unanswered, later]


async def test_an_update_that_cannot_be_read_keeps_nobody_waiting(
    site: Site, telegram: BotApi, zoe: Person, held: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    other = Person(telegram, 8)
    other.write("hold this")
    telegram.deliver(telegram.update(message={"what": "is this"}))
    zoe.write("/stop")
    await zoe.hears("You left")
    polls = telegram.polls
    await until(lambda: telegram.polls > polls + 2)
    held.set()
    await until(lambda: not telegram.updates)
    assert caplog.text.count("telegram.unreadable_update") == 1


async def test_a_webhook_is_not_told_that_an_update_was_answered_before_it_was(
    telegram: BotApi, held: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots, "ANSWERED_WITHIN_S", 0.05)
    zoe = Person(telegram, 7)
    async with running_site() as site, running_bot(site, telegram, webhook="https://wonder.example"):
        await until(lambda: telegram.webhook is not None)
        start = zoe.write("/start wonder")
        while await send_to_webhook(telegram, start, to=site.url) == 503:
            pass
        slow = zoe.write("hold this")
        for _ in range(3):
            assert await send_to_webhook(telegram, slow, to=site.url) == 503
        held.set()
        while await send_to_webhook(telegram, slow, to=site.url) == 503:
            pass
        await zoe.hears("Written")
        assert await kinds(site, TextSaid) == 1


async def test_before_it_knows_who_listens_nothing_is_taken(
    telegram: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE_S", 0.01)
    zoe = Person(telegram, 7)
    async with running_site() as site:
        projection, broken = site.log.projection, True

        async def failing(*asked: Any, **more: Any) -> Any:
            if broken:
                raise OSError("broken")
            return await projection(*asked, **more)

        monkeypatch.setattr(site.log, "projection", failing)
        async with running_bot(site, telegram, webhook="https://wonder.example") as bot:
            assert not await bot.receive(zoe.write("/stop"))
            broken = False
            await until(lambda: telegram.webhook is not None)
            assert await bot.receive(zoe.write("/stop"))
            await zoe.hears("You left")


async def test_while_telegram_is_away_it_tries_again(
    telegram: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE_S", 0.01)
    telegram.is_down = True
    telegram.faults["getMe"] = [Fault(401, "Unauthorized")]
    async with running_site() as site, running_bot(site, telegram) as bot:
        await until(lambda: telegram.refused > 0)
        assert bot.link == ""
        telegram.is_down = False
        zoe = Person(telegram, 7)
        zoe.write("/stop")
        await zoe.hears("You left")
        assert not telegram.faults["getMe"]


async def test_an_answer_that_breaks_is_no_end(
    site: Site, telegram: BotApi, zoe: Person, caplog: pytest.LogCaptureFixture
) -> None:
    zoe.speak(b"crash")
    zoe.write("/stop")
    await zoe.hears("You left")
    assert "telegram.update_failed" in caplog.text


async def test_by_webhook_it_takes_updates_from_telegram_alone(telegram: BotApi) -> None:
    zoe = Person(telegram, 7)
    async with running_site() as site, running_bot(site, telegram, webhook="https://wonder.example") as bot:
        await until(lambda: telegram.webhook is not None)
        assert telegram.webhook is not None
        assert telegram.webhook["url"].startswith("https://wonder.example/api/telegram/")
        hello = zoe.write("/start wonder")
        assert await send_to_webhook(telegram, hello, to=site.url) == 200
        spoken = zoe.spoken(SPEECH)
        for secret in ("", "wrong", "ü"):
            assert await send_to_webhook(telegram, spoken, to=site.url, secret=secret) == 401
        assert await site.status("POST", f"/api/telegram/{'a' * 43}", json=spoken) == 404
        later = zoe.spoken(SPEECH)
        assert await send_to_webhook(telegram, later, to=site.url) == 200
        for _ in range(20):  # a replay, and one that was late
            assert await send_to_webhook(telegram, spoken, to=site.url) == 200
        assert await kinds(site, ClipLanded) == 2
        assert await send_to_webhook(telegram, {"update_id": "what"}, to=site.url) == 200
        await bot.close()
        assert await send_to_webhook(telegram, zoe.spoken(SPEECH), to=site.url) == 503
    assert telegram.polls == 0
