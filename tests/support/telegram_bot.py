"""The Telegram bot beside a site of `web_app`, at an in-test Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.http.app_keys import LIMITS
from server.telegram.bot import TelegramBot
from server.telegram.opening import open_bot
from server.web.app_keys import BLOBS, TAKES, UPLOAD_BUDGET
from server.web.telegram import TELEGRAM
from tests.support.bot_api import TOKEN, BotApi
from tests.support.web_app import Site


@asynccontextmanager
async def running_bot(site: Site, telegram: BotApi | str, *, webhook: str = "") -> AsyncIterator[TelegramBot]:
    """Run the bot at a Bot API, or at the address of one; it ends before its site."""
    bot = open_bot(
        TOKEN,
        api_url=telegram if isinstance(telegram, str) else telegram.url,
        webhook=webhook,
        registry=site.registry,
        takes=site.app[TAKES],
        log=site.log,
        blobs=site.app[BLOBS],
        limits=site.app[LIMITS],
        budget=site.app[UPLOAD_BUDGET],
        longest_clip_ms=30_000,
        pace_s=0.0,
    )
    site.app[TELEGRAM].bot = bot
    bot.start()
    try:
        yield bot
    finally:
        await bot.close()
