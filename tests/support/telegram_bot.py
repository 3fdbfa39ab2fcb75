"""The Telegram bot beside a site of `web_app`, at an in-test Bot API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.http.app_keys import LIMITS
from server.telegram.api import Api
from server.telegram.bot import TelegramBot
from server.telegram.chats import Chats
from server.telegram.conversation import Conversation
from server.web.app_keys import TAKES, UPLOAD_BUDGET
from server.web.telegram import TELEGRAM
from tests.support.bot_api import TOKEN, BotApi
from tests.support.web_app import Site


@asynccontextmanager
async def running_bot(
    site: Site, telegram: BotApi, *, webhook: str = "", chats: Chats | None = None
) -> AsyncIterator[TelegramBot]:
    """Run the bot; it ends before its site."""
    api = Api(TOKEN, telegram.url)
    conversation = Conversation(
        api,
        chats or Chats(site.registry.clock),
        site.registry,
        site.app[TAKES],
        limits=site.app[LIMITS],
        budget=site.app[UPLOAD_BUDGET],
        longest_clip_ms=30_000,
    )
    bot = TelegramBot(api, conversation, TOKEN, webhook=webhook)
    site.app[TELEGRAM].bot = bot
    bot.start()
    try:
        yield bot
    finally:
        await bot.close()
