"""The bot as a whole: gets updates by polling or by webhook, each once, in order for each chat, bounded.

An update is confirmed when it has been answered, so one that was under way in a kill comes again; a stop
waits for those under way.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections import OrderedDict, deque
from contextlib import suppress
from typing import Any

from aiogram.types import Update
from msgspec import Struct, field

from server.readers.runner import Readers
from server.telegram.api import POLL_S, Api, Away, ChatGone, again_after_s
from server.telegram.conversation import Conversation
from server.telegram.listening import Listening
from server.telegram.pauses import pause_s

# Ids of updates that are known as seen, the newest; Telegram sends again what is a day old at most.
SEEN_UPDATES = 10_000
# Updates of one chat that wait; what is more is dropped, and told once until the chat is calm again.
WAITING_OF_CHAT = 8
# Chats that are answered at once; what is more waits at Telegram's.
CHATS_AT_ONCE = 64
# Updates under way in all that came by webhook; polling has a hundred at most.
PENDING_UPDATES = 1_000
# A webhook is answered within this; an update that was not is sent again, and then waited for once more.
ANSWERED_WITHIN_S = 20.0
# While updates are under way, more are asked for this often: Telegram sends those under way along.
ASKED_AGAIN_S = 1.0
# A stop: for what is under way, and then to confirm it.
CLOSING_S, CONFIRMING_S = 3.0, 1.0
LONGEST_AWAY_S = 60.0
SECRET_CHARACTERS = 43

log = logging.getLogger(__name__)


class _Waiting(Struct, eq=False):
    """An update that waits for its turn, and what is done when it is answered; too many get one word."""

    update: Update
    answered: asyncio.Future[None]
    is_too_many: bool = False


class _Line(Struct, eq=False):
    """The updates of one chat, which are answered one after the other."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    was_told: bool = False
    task: asyncio.Task[None] | None = None


class TelegramBot:
    """One bot; `link` is where people find it, "" until Telegram was reached."""

    def __init__(
        self,
        api: Api,
        conversation: Conversation,
        listening: Listening,
        readers: Readers,
        token: str,
        *,
        webhook: str = "",
    ) -> None:
        """`readers` runs `listening`."""
        self._listening, self._readers = listening, readers
        self._api, self._conversation, self._webhook = api, conversation, webhook.rstrip("/")
        self._path, self._header = (secret_of(token, use) for use in ("path", "header"))
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._lines: dict[int, _Line] = {}
        self._places = asyncio.Semaphore(CHATS_AT_ONCE)
        self._task: asyncio.Task[None] | None = None
        self._pending: dict[int, asyncio.Future[None]] = {}  # updates under way, by id
        self._newest = 0  # the update after the newest one that came
        self._is_loaded = False
        self._is_closing = False
        self._closing: asyncio.Task[None] | None = None
        self.link = ""

    def start(self) -> None:
        """Begin to get updates; once."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="telegram")

    # --- the webhook

    def is_path(self, secret: str) -> bool:
        """Tell whether an address is that of the webhook, in a time that tells nothing of it."""
        return bool(self._webhook) and hmac.compare_digest(secret.encode(), self._path.encode())

    def is_telegram(self, secret: str) -> bool:
        """Tell whether the secret of a request is the one that Telegram was given."""
        return hmac.compare_digest(secret.encode(errors="replace"), self._header.encode())

    async def receive(self, told: Any) -> bool:
        """Answer an update that was sent to the webhook; False for one that is to be sent again.

        What is no update is as good as answered: it would be no better the next time.
        """
        if self._is_closing or not self._is_loaded or len(self._pending) >= PENDING_UPDATES:
            return False
        update = self._api.read(told)
        answered = self._take_in(update) if update is not None else None
        if answered is not None:
            await asyncio.wait([answered], timeout=ANSWERED_WITHIN_S)
        return answered is None or (answered.done() and not answered.cancelled())

    # --- getting updates

    async def _run(self) -> None:
        """Get updates for as long as there is the bot; the root of its task."""
        failures = 0
        is_ready = False
        while True:
            try:
                if not is_ready:
                    await self._get_ready()
                    is_ready = True
                if self._webhook:
                    return
                await self._poll()
                failures = 0
            except (Away, ChatGone) as away:
                failures += 1
                again_in_s = again_after_s(away, failures, LONGEST_AWAY_S)
                log.warning("telegram.away for=%s again_in_s=%g", away, again_in_s)
                await asyncio.sleep(again_in_s)
            except Exception:
                failures += 1
                log.exception("telegram.broke")
                await asyncio.sleep(pause_s(failures, LONGEST_AWAY_S))

    async def _get_ready(self) -> None:
        """Learn who listens and the bot's name, say which commands there are and how updates are to come."""
        if not self._is_loaded:
            await self._listening.load()
            self._is_loaded = True
            self._readers.start()
        name = await self._api.name()
        await self._api.offer_commands()
        if self._webhook:
            await self._api.send_updates_to(f"{self._webhook}/api/telegram/{self._path}", self._header)
        else:
            await self._api.poll_from_now_on()
        self.link = f"https://t.me/{name}"
        log.info("telegram.ready by=%s", "webhook" if self._webhook else "polling")

    async def _poll(self) -> None:
        """Take one answer of updates; what is asked for confirms those before the oldest under way."""
        if self._pending:
            await asyncio.wait(list(self._pending.values()), timeout=ASKED_AGAIN_S)
        updates = await self._api.updates(self._unconfirmed, wait_s=0 if self._pending else POLL_S)
        for id_, update in updates:
            self._newest = max(self._newest, id_ + 1)
            if update is not None:
                self._take_in(update)
            elif self._is_new(id_):
                log.warning("telegram.unreadable_update")

    @property
    def _unconfirmed(self) -> int:
        """Return the id of the oldest update that is not answered."""
        return min(self._pending, default=self._newest)

    # --- answering them

    def _take_in(self, update: Update) -> asyncio.Future[None] | None:
        """Let an update wait for its turn; return what is done when it is answered, None when it was."""
        if not self._is_new(update.update_id):
            return self._pending.get(update.update_id)
        chat = _chat(update)
        line = self._lines.setdefault(chat, _Line())
        next_ = _Waiting(update, asyncio.get_running_loop().create_future())
        if len(line.waiting) >= WAITING_OF_CHAT:
            if line.was_told:
                return None
            line.was_told = next_.is_too_many = True
        line.waiting.append(next_)
        self._pending[update.update_id] = next_.answered
        if line.task is None:
            line.task = asyncio.get_running_loop().create_task(self._serve(chat, line), name="telegram chat")
        return next_.answered

    def _is_new(self, update_id: int) -> bool:
        """Tell whether an update comes for the first time."""
        if update_id in self._seen:
            return False
        self._seen[update_id] = None
        while len(self._seen) > SEEN_UPDATES:
            self._seen.popitem(last=False)
        return True

    async def _serve(self, chat: int, line: _Line) -> None:
        """Answer the updates of a chat until none waits; the root of its task."""
        try:
            async with self._places:
                while line.waiting:
                    await self._answer(line.waiting[0])
                    answered = line.waiting.popleft()
                    del self._pending[answered.update.update_id]
                    answered.answered.set_result(None)
        finally:
            for waiting in line.waiting:  # cancelled: none of these was answered
                self._pending.pop(waiting.update.update_id, None)
                waiting.answered.cancel()
            del self._lines[chat]

    async def _answer(self, waiting: _Waiting) -> None:
        try:
            if waiting.is_too_many:
                await self._conversation.too_fast(waiting.update)
            else:
                await self._conversation.answer(waiting.update)
        except Exception:
            log.exception("telegram.update_failed")

    # --- the end

    async def close(self) -> None:
        """Take no more, see what is under way answered, and confirm it; all who call it wait for that."""
        self._is_closing = True
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(), name="telegram closing")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        unanswered = await self._see_answered()
        if self._newest and not self._webhook:
            await self._confirm(min(unanswered, default=self._newest))
        await self._readers.close()
        await self._listening.store()
        await self._api.close()

    async def _see_answered(self) -> list[int]:
        """See answered what is under way, and sent what is being sent; return the updates that were not."""
        tasks = [line.task for line in self._lines.values() if line.task is not None]
        telling = asyncio.get_running_loop().create_task(self._listening.close(CLOSING_S))
        await asyncio.wait([telling, *tasks], timeout=CLOSING_S)
        unanswered = list(self._pending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(telling, *tasks, return_exceptions=True)
        return unanswered

    async def _confirm(self, before: int) -> None:
        """Let Telegram know what was answered, so that the next start does not see it again."""
        with suppress(Away, ChatGone, TimeoutError):
            async with asyncio.timeout(CONFIRMING_S):
                await self._api.updates(before, wait_s=0)


def _chat(update: Update) -> int:
    """Return the chat that an update is of; 0 for those of none, which nobody answers."""
    if update.message is not None:
        return update.message.chat.id
    return update.callback_query.from_user.id if update.callback_query is not None else 0


def secret_of(token: str, use: str) -> str:
    """Return a secret of the webhook: known to whoever has the token, and telling nothing of it."""
    return hmac.new(token.encode(), f"webhook {use}".encode(), hashlib.sha256).hexdigest()[:SECRET_CHARACTERS]
