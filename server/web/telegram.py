"""The webhook of the Telegram bot, where it has one: updates come here, each with a secret."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from aiohttp import web

from server.http import body
from server.http.problems import Problem
from server.room.commands import restarting
from server.web.operations import JSON_ERRORS, OBJECT, Operation, json_body

# A text of 4,096 characters with all that is marked in it, escaped.
UPDATE_BYTES = 128_000
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105


class Telegram(Protocol):
    """The bot, as the web side knows it."""

    link: str

    def is_path(self, secret: str) -> bool:
        """Tell whether an address is that of the webhook."""

    def is_telegram(self, secret: str) -> bool:
        """Tell whether a secret is the one that Telegram was given."""

    async def receive(self, told: Any) -> bool:
        """Answer an update; False for one that is to be sent again."""


class Slot:
    """Where the bot is found, when there is one."""

    def __init__(self) -> None:
        self.bot: Telegram | None = None

    @property
    def link(self) -> str:
        """Return where people find the bot, "" where there is none."""
        return self.bot.link if self.bot else ""


TELEGRAM: web.AppKey[Slot] = web.AppKey("telegram")


async def receive(request: web.Request) -> web.Response:
    """Take an update from Telegram, and from nobody else."""
    bot = request.app[TELEGRAM].bot
    if bot is None or not bot.is_path(request.match_info["secret"]):
        raise Problem("no_such_page", "There is nothing at this address.")
    if not bot.is_telegram(request.headers.get(SECRET_HEADER, "")):
        raise Problem("bad_key", "This is not Telegram's secret.")
    body.check_type(request, "application/json")
    try:
        told = msgspec.json.decode(await body.read(request, UPDATE_BYTES))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Problem("bad_json", "The body is not JSON.") from None
    if not await bot.receive(told):
        raise restarting()
    return web.Response(status=200)


OPERATIONS = (
    Operation(
        "POST",
        "/api/telegram/{secret:[A-Za-z0-9]{16,64}}",
        receive,
        "Take an update of the Telegram bot, with the secret in its header; where the bot has a webhook.",
        {200: {}},
        ("no_such_page", "bad_key", "restarting", *JSON_ERRORS),
        takes=json_body(OBJECT),
    ),
)
