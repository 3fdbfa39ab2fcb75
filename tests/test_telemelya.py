"""The bot at a Bot API that somebody else wrote: webhook, texts, commands, buttons and edits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from server.room.events import TextSaid
from server.telegram.bot import secret_of
from server.telegram.texts import TEXTS
from server.web.telegram import SECRET_HEADER
from tests.support import telemelya_program
from tests.support.actors import until
from tests.support.language_models import address
from tests.support.spoken import need_package
from tests.support.telegram_bot import running_bot
from tests.support.web_app import Site, running_site

LIMIT_S = 30.0
CHAT, TOKEN = 7_001, "42:TEST-token-of-a-bot"


@pytest.fixture(scope="module")
def telemelya() -> Iterator[str]:
    """Run it; return its address."""
    need_package("telemelya")
    command = [sys.executable, "-m", telemelya_program.__name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield address(process)
        finally:
            process.kill()


@asynccontextmanager
async def with_secret(to: str) -> AsyncIterator[str]:
    """Pass webhooks on to a server with the secret that telemelya leaves out; yield where they are taken."""
    secret = secret_of(TOKEN, "header")

    async def passed(request: web.Request) -> web.Response:
        headers = {SECRET_HEADER: secret}
        async with (
            ClientSession() as http,
            http.post(to + request.path, json=await request.json(), headers=headers) as answer,
        ):
            return web.Response(status=answer.status)

    app = web.Application()
    app.router.add_post("/{path:.*}", passed)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


class Phone:
    """Somebody with the app, as telemelya has them."""

    def __init__(self, url: str, http: ClientSession) -> None:
        self._url, self._http = f"{url}/api/v1/test", http
        self._headers = {
            "X-Api-Key": telemelya_program.KEY,
            "Authorization": f"Bearer {telemelya_program.KEY}",
        }

    async def sends(self, **update: Any) -> None:
        """Send an update; it is answered when this returns."""
        asked = self._http.post(
            f"{self._url}/send_update",
            params={"bot_token": TOKEN},
            json={"chat_id": CHAT, **update},
            headers=self._headers,
        )
        async with asked as answer:
            told = await answer.json()
            assert told["delivery"]["status_code"] == 200, told

    async def sent(self) -> list[dict[str, Any]]:
        """Return all that the bot asked for so far."""
        async with self._http.get(f"{self._url}/responses", headers=self._headers) as answer:
            return list((await answer.json())["responses"])


@pytest.fixture
async def both(telemelya: str) -> AsyncIterator[tuple[Site, Phone]]:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(running_site())
        webhook = await stack.enter_async_context(with_secret(site.url))
        bot = await stack.enter_async_context(running_bot(site, telemelya, webhook=webhook))
        await until(lambda: bot.link, LIMIT_S)
        yield site, Phone(telemelya, await stack.enter_async_context(ClientSession()))


async def test_texts_commands_buttons_and_edits(both: tuple[Site, Phone]) -> None:
    site, phone = both
    await phone.sends(command="/start")
    rooms = (await phone.sent())[-1]
    ((wonder,),) = rooms["reply_markup"]["inline_keyboard"]
    await phone.sends(callback_data=wonder["callback_data"], callback_message_id=rooms["message_id"])
    await phone.sends(text="hello from elsewhere")
    await phone.sends(command="/mask")
    masks = (await phone.sent())[-1]
    await phone.sends(callback_data="mask robot", callback_message_id=masks["message_id"])
    await phone.sends(callback_data="mask none", callback_message_id=9_999)  # no message has this id
    said = [event.data for event in await site.log.read("wonder", 0, 100)]
    assert [fact.text for fact in said if isinstance(fact, TextSaid)] == ["hello from elsewhere"]
    await phone.sends(command="/forget")
    told = [(each["method"], (each.get("text") or "").splitlines()[:1]) for each in await phone.sent()]
    assert [each for each in told if each[0] != "answerCallbackQuery"] == [
        ("sendMessage", [TEXTS["en"]["start"].splitlines()[0]]),
        ("sendMessage", [TEXTS["en"]["rooms"]]),
        ("sendMessage", [each for each in told[3][1] if each.startswith("You are in “Wonder” as ")]),
        ("sendMessage", ["Written in “Wonder”."]),
        ("sendMessage", ["How do you want to sound? Now: yourself."]),
        ("editMessageText", ["From now on you sound like this: robot."]),
        ("sendMessage", [TEXTS["en"]["mask_off"]]),
        ("sendMessage", [TEXTS["en"]["forgot"]]),
    ]
    assert sum(method == "answerCallbackQuery" for method, _ in told) == 3
