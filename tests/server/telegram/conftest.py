"""The bot at a site whose finish makes no sound, spoken to by people of the in-test Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from server.telegram import bot
from server.telegram.texts import TEXTS
from tests.support.bot_api import BotApi, Person, bot_api
from tests.support.telegram_bot import running_bot
from tests.support.web_app import Site, running_site


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a stop of a slow machine see all answered, and confirm it."""
    monkeypatch.setattr(bot, "CLOSING_S", 30.0)
    monkeypatch.setattr(bot, "CONFIRMING_S", 30.0)


@pytest.fixture
async def telegram() -> AsyncIterator[BotApi]:
    async with bot_api() as made:
        yield made


@pytest.fixture
async def site(telegram: BotApi) -> AsyncIterator[Site]:
    """A site with a bot that polls."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(running_site())
        await stack.enter_async_context(running_bot(made, telegram))
        yield made


@pytest.fixture
async def zoe(site: Site, telegram: BotApi) -> Person:
    """Somebody who is in the room already."""
    person = Person(telegram, 7_001)
    person.write("/start wonder")
    await person.hears("You are in")
    return person


@pytest.fixture
def english() -> dict[str, str]:
    return TEXTS["en"]
