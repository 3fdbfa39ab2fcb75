"""Telegram's Bot API through aiogram: patient where it asks for patience, bounded in time and bytes.

Only this package imports aiogram, and it is imported only where a token is set: it is an optional part.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import GetUpdates
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    Update,
)
from aiohttp import ClientError
from pydantic import ValidationError

from server.telegram.pauses import LONGEST_PAUSE_S, pause_s
from server.telegram.recordings import check_size
from server.telegram.texts import COMMANDS

T = TypeVar("T")
# Rows of buttons, each a label and what its press says (64 bytes at most).
Buttons = Sequence[Sequence[tuple[str, str]]]

REQUEST_LIMIT_S = 30.0
# A request is tried so often in all; a pause that Telegram wants is waited for when it is no longer.
TRIES = 3
LONGEST_FLOOD_S = 60
# Telegram holds a question for updates so long, and answers it with so many.
POLL_S = 25
POLL_UPDATES = 100
PIECE_BYTES = 65_536
WANTED = ["message", "callback_query"]

log = logging.getLogger(__name__)


class Away(Exception):
    """Telegram cannot be reached, refuses, or answers what cannot be read: perhaps later."""


class ChatGone(Exception):
    """The chat was deleted, or its owner blocked the bot."""


class _RawUpdates(GetUpdates):
    """Ask for updates as they are: one that cannot be read must not keep the others back."""

    __returning__ = list[dict[str, Any]]


class Api:
    """One bot at the Bot API. Every failure is `Away` or `ChatGone`; its logs name no chat and no token."""

    def __init__(self, token: str, base_url: str = "") -> None:
        """Speak for the bot of a token, which the settings have looked at."""
        server = TelegramAPIServer.from_base(base_url) if base_url else PRODUCTION
        self._bot = Bot(token, session=AiohttpSession(api=server, timeout=REQUEST_LIMIT_S))

    async def name(self) -> str:
        """Return the name of the bot, as in t.me/NAME."""
        return (await _told(self._bot.get_me())).username or ""

    async def updates(self, offset: int, *, wait_s: int = POLL_S) -> list[tuple[int, Update | None]]:
        """Return what came from an update id on, as soon as there is something; confirm what was before.

        An update that cannot be read is None.
        """
        asked = _RawUpdates(offset=offset, limit=POLL_UPDATES, timeout=wait_s, allowed_updates=WANTED)
        came: Any = await _told(self._bot(asked, request_timeout=int(wait_s + REQUEST_LIMIT_S)))
        return [(told["update_id"], self.read(told)) for told in came if type(told.get("update_id")) is int]

    async def poll_from_now_on(self) -> None:
        """Let updates wait until they are asked for."""
        await _told(self._bot.delete_webhook())

    async def send_updates_to(self, url: str, secret: str) -> None:
        """Let updates be sent to an address, with a secret in a header."""
        await _told(self._bot.set_webhook(url, secret_token=secret, allowed_updates=WANTED))

    async def offer_commands(self) -> None:
        """Tell Telegram which commands there are."""
        for language, commands in COMMANDS.items():
            listed = [BotCommand(command=name, description=said) for name, said in commands.items()]
            code = None if language == "en" else language  # English is for everybody else
            await _told(self._bot.set_my_commands(listed, language_code=code))

    def read(self, told: Any) -> Update | None:
        """Return an update out of its JSON, None when it is none."""
        try:
            return Update.model_validate(told, context={"bot": self._bot})
        except ValidationError:
            return None

    async def say(self, chat_id: int, text: str, buttons: Buttons = (), *, tries: int = TRIES) -> None:
        """Send a text, perhaps with buttons."""
        await _patiently(
            lambda: self._bot.send_message(
                chat_id,
                text,
                reply_markup=_keyboard(buttons),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            ),
            tries,
        )

    async def play(
        self, chat_id: int, ogg: bytes, caption: str, buttons: Buttons = (), *, tries: int = TRIES
    ) -> None:
        """Send a clip, the bytes as they are, as a voice message."""
        await _patiently(
            lambda: self._bot.send_voice(
                chat_id,
                BufferedInputFile(ogg, "voice.ogg"),
                caption=caption,
                reply_markup=_keyboard(buttons),
            ),
            tries,
        )

    async def replace(self, message: Message, text: str) -> None:
        """Put a text in the place of a message and its buttons; if that cannot be, say it below."""
        try:
            await _told(
                self._bot.edit_message_text(text, chat_id=message.chat.id, message_id=message.message_id)
            )
        except (Away, ChatGone):
            await self.say(message.chat.id, text)

    async def remove_buttons(self, message: Message) -> None:
        """Take the buttons off a message; what cannot be changed is left as it is."""
        try:
            await _told(
                self._bot.edit_message_reply_markup(chat_id=message.chat.id, message_id=message.message_id)
            )
        except (Away, ChatGone):
            log.info("telegram.buttons_stay")

    async def pressed(self, callback_id: str) -> None:
        """Let a button stop waiting; too late is no matter."""
        try:
            await _told(self._bot.answer_callback_query(callback_id))
        except (Away, ChatGone):
            log.info("telegram.press_too_old")

    async def is_busy(self, chat_id: int) -> None:
        """Show that a recording is being worked on; nothing hangs on it."""
        try:
            await _told(self._bot.send_chat_action(chat_id, "record_voice"))
        except (Away, ChatGone):
            log.info("telegram.action_failed")

    async def fetch(self, file_id: str) -> bytes:
        """Return a file. Raises `TooLarge` as soon as it is too big, `Away` when it is not there."""
        file = await _told(self._bot.get_file(file_id))
        check_size(file.file_size or 0)
        if not file.file_path:
            raise Away("no path")
        url = self._bot.session.api.file_url(self._bot.token, file.file_path)
        found = bytearray()
        try:
            async with asyncio.timeout(REQUEST_LIMIT_S):
                async with aclosing(self._bot.session.stream_content(url, chunk_size=PIECE_BYTES)) as pieces:
                    async for piece in pieces:
                        found += piece
                        check_size(len(found))
        except (ClientError, TimeoutError, OSError) as error:
            raise Away(type(error).__name__) from None  # its sentence has the token in it
        return bytes(found)

    async def close(self) -> None:
        """Let go of the connections; may be called again."""
        await self._bot.session.close()


async def _told(request: Awaitable[T]) -> T:
    """Return the answer to one request. Raises `ChatGone`, or `Away` in one of its forms."""
    try:
        return await request
    except TelegramForbiddenError:
        raise ChatGone from None
    except (TelegramBadRequest, TelegramNotFound) as bad:
        if "chat not found" in bad.message.lower():
            raise ChatGone from None
        raise Away(type(bad).__name__) from None
    except TelegramRetryAfter as flood:
        raise Flooded(flood.retry_after) from None
    except (TelegramNetworkError, TelegramServerError) as away:
        raise Unreached(type(away).__name__) from None
    except (AiogramError, OSError) as error:
        raise Away(type(error).__name__) from None


class Flooded(Away):
    """Telegram wants a pause, in seconds."""

    def __init__(self, pause_s: int) -> None:
        super().__init__(f"pause of {pause_s} s")
        self.pause_s = pause_s


class Unreached(Away):
    """The request did not get through, or broke on Telegram's side: it may be sent again."""


def again_after_s(why: Exception, failures: int, longest_s: float = LONGEST_PAUSE_S) -> float:
    """Return when to try again after so many failures: when Telegram says, else later each time."""
    return float(why.pause_s) if isinstance(why, Flooded) else pause_s(failures, longest_s)


async def _patiently(request: Callable[[], Awaitable[object]], tries: int) -> None:
    """Send something; wait and try again where Telegram asks for it, or cannot be reached."""
    for failures in range(1, tries + 1):
        try:
            await _told(request())
        except Flooded as flood:
            if failures == tries or flood.pause_s > LONGEST_FLOOD_S:
                raise
            await asyncio.sleep(flood.pause_s)
        except Unreached:
            if failures == tries:
                raise
            await asyncio.sleep(pause_s(failures))
        else:
            return


def _keyboard(buttons: Buttons) -> InlineKeyboardMarkup | None:
    if not buttons:
        return None
    rows = [[InlineKeyboardButton(text=label, callback_data=says) for label, says in row] for row in buttons]
    return InlineKeyboardMarkup(inline_keyboard=rows)
