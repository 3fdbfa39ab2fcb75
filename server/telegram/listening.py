"""`/listen`: what happens in a room, sent to chats: each new clip as it is stored, and prompts for all.

A durable reader whose rows are the chats that listen, each with how far it was told. A row moves when
Telegram has acknowledged; so a kill misses nothing, and what was acknowledged just before it is told once
more. What is old by the time it could be sent is left out: nobody wants a night at once. In its quiet hours a
chat is told nothing, and afterwards how many clips it missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from server.log.base import Change, Conflict, Log, StorageFull, Unusable
from server.readers.base import Reader, Rest
from server.room.events import Event, Language
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry
from server.rota import Rota
from server.telegram import rows, telling
from server.telegram.api import Away, Buttons, ChatGone, again_after_s
from server.telegram.listeners import Seal, Sealed
from server.telegram.quiet import Quiet
from server.telegram.rows import Progress, Rows
from server.telegram.telling import Message, Telling
from server.telegram.texts import text

LISTENERS_KEPT = 2_000
# What is older than this when it could be sent is not sent any more.
LATE_MS = 10 * 60_000
# Telegram takes about one message a second in a chat, and 30 of a bot.
PACE_S = 1.0
SENT_A_S = 25
TOLD_AT_ONCE = 8
LOOKED_AT_EVERY_MS = 1_000
PAGE_EVENTS = 100
EMOJI = ("😂", "❤️", "😮", "👏")

log = logging.getLogger(__name__)


class Sends(Protocol):
    """What is asked of the Bot API; with one try a failure is told at once."""

    async def say(self, chat_id: int, text: str, buttons: Buttons = (), *, tries: int = ...) -> None:
        """Send a text."""

    async def play(
        self, chat_id: int, ogg: bytes, caption: str, buttons: Buttons = (), *, tries: int = ...
    ) -> None:
        """Send a clip."""


class Listener(Struct, eq=False):
    """A chat that listens to a room: how far it was told, and how often in a row that failed."""

    sealed: Sealed
    room: str
    item: str
    told: Progress
    failures: int = 0

    @property
    def chat_id(self) -> int:
        """Return the chat's id at Telegram's."""
        return self.sealed.chat_id

    @property
    def language(self) -> Language:
        """Return the language in which it is told."""
        return self.sealed.language

    def is_quiet(self, at_ms: int) -> bool:
        """Tell whether a time is in its quiet hours."""
        return self.sealed.quiet is not None and self.sealed.quiet.is_at(at_ms)


class Listening(Reader):
    """Tells each listener what it has not been told, a few at once, one message after the other."""

    name = "telegram"
    urgent = telling.TOLD

    def __init__(
        self,
        api: Sends,
        registry: RoomRegistry,
        log_: Log,
        telling_: Telling,
        *,
        token: str,
        own: Callable[[int, str], str | None],
        pace_s: float = PACE_S,
    ) -> None:
        """`own` tells the id of the voice that a chat has in a room, None when it is not known."""
        self._api, self._registry, self._log, self._telling = api, registry, log_, telling_
        self._seal, self._own, self._pace_s = Seal(token), own, pace_s
        self._listeners: dict[int, Listener] = {}
        self._of_room: dict[str, dict[int, Listener]] = {}
        self._rota: Rota[Listener] = Rota(self._serve, at_once=TOLD_AT_ONCE, name="telegram_tells")
        self._rows = Rows()
        self._free_at_s = 0.0  # from when on the bot may send again
        self._loading = asyncio.Lock()
        self._is_loaded = self._is_closed = False

    # --- who listens

    async def load(self) -> None:
        """Take up who listened before the start; what is asked before that would be lost."""
        async with self._loading:
            if not self._is_loaded:
                await self._load()
                self._is_loaded = True

    async def _load(self) -> None:
        for part in (rows.FIRST_FORM, rows.TOLD):
            for row in await self._log.projection(self.name, part, limit=LISTENERS_KEPT):
                self._rows.found(row.room, row.item)
                sealed = self._seal.open(row.item)
                if sealed is None or sealed.chat_id in self._listeners:
                    self._rows.withdraw(row.room, row.item)
                    continue
                listener = Listener(sealed, row.room, row.item, rows.told(row))
                self._add(listener)
                self._rota.wake(listener)

    async def begin(self, chat_id: int, language: Language, room: str, quiet: Quiet | None = None) -> None:
        """Tell a chat what happens in a room from now on, and of no other room."""
        head = await self._log.head(room)
        self.end(chat_id)
        while len(self._listeners) >= LISTENERS_KEPT:
            self.end(next(iter(self._listeners)))
        sealed = Sealed(chat_id, language, quiet)
        listener = Listener(sealed, room, self._seal.close(sealed), Progress(head))
        self._add(listener)
        self._move(listener, listener.told)
        self._rota.wake(listener)

    def end(self, chat_id: int) -> bool:
        """Tell a chat no more; False when it did not listen."""
        listener = self._listeners.pop(chat_id, None)
        if listener is None:
            return False
        beside = self._of_room[listener.room]
        del beside[chat_id]
        if not beside:
            del self._of_room[listener.room]
        self._rota.drop(listener)
        self._rows.withdraw(listener.room, listener.item)
        return True

    def room_of(self, chat_id: int) -> str:
        """Return the room that a chat listens to, "" when it listens to none."""
        listener = self._listeners.get(chat_id)
        return listener.room if listener else ""

    def quiet_of(self, chat_id: int) -> Quiet | None:
        """Return the quiet hours of a chat that listens."""
        listener = self._listeners.get(chat_id)
        return listener.sealed.quiet if listener else None

    def set_quiet(self, chat_id: int, quiet: Quiet | None) -> None:
        """Give a chat that listens other quiet hours, or none; what is being sent to it is sent once."""
        listener = self._listeners.get(chat_id)
        if listener is not None and listener.sealed.quiet != quiet:
            self._rows.withdraw(listener.room, listener.item)
            listener.sealed = Sealed(chat_id, listener.language, quiet)
            listener.item = self._seal.close(listener.sealed)
            self._move(listener, listener.told)
            self._rota.wake(listener)

    def _add(self, listener: Listener) -> None:
        self._listeners[listener.chat_id] = listener
        self._of_room.setdefault(listener.room, {})[listener.chat_id] = listener

    def _move(self, listener: Listener, told: Progress) -> None:
        """Note how far a listener was told, unless it listens no more."""
        listener.told = told
        if self._listens(listener):
            self._rows.put(listener.room, listener.item, told)

    def _listens(self, listener: Listener) -> bool:
        return self._listeners.get(listener.chat_id) is listener

    # --- the reader

    async def read(self, change: Change) -> None:
        """Wake those who listen to the room of a change."""
        if change.event.kind in telling.TOLD:
            for listener in self._of_room.get(change.room, {}).values():
                self._rota.wake(listener)

    async def idle(self) -> Rest:
        """Wake those whose quiet hours are over; store how far everyone is."""
        await self.load()
        now_ms = self._registry.clock()
        for listener in self._listeners.values():
            if listener.told.missed and not listener.is_quiet(now_ms):
                self._rota.wake(listener)
        if self._rota.is_idle:
            self._telling.rest()
        return Rest(self._rows.give(), LOOKED_AT_EVERY_MS)

    def stored(self) -> None:
        """Let go of what is stored."""
        self._rows.stored()

    async def close(self, within_s: float) -> None:
        """Begin to tell nothing more, and see what is being sent acknowledged; may be called again."""
        self._is_closed = True
        await self._rota.close(within_s)

    async def store(self) -> None:
        """Store how far everyone is, when nobody runs this reader any more."""
        if effects := self._rows.give():
            try:
                position = await self._log.cursor(self.name)
                await self._log.advance(self.name, position, expect=position, effects=effects)
            except (Conflict, StorageFull, OSError, Unusable) as error:
                log.warning("telegram.listeners_not_stored for=%s", type(error).__name__)
            else:
                self._rows.stored()

    # --- telling

    async def _serve(self, listener: Listener) -> float | None:
        """Tell a listener one thing; return the pause after which there may be more, else None."""
        try:
            is_told = await self._tell(listener)
        except (ChatGone, NoSuchRoom):
            if self._listens(listener):
                self.end(listener.chat_id)
            return None
        except (Away, OSError) as away:
            listener.failures += 1
            log.warning("telegram.clip_waits for=%s", away)
            return again_after_s(away, listener.failures)
        listener.failures = 0
        return self._pace_s if is_told else None

    async def _tell(self, listener: Listener) -> bool:
        """Tell a listener the next thing there is; False when there is nothing."""
        while self._goes_on(listener):
            page = await self._log.read(listener.room, listener.told.seq, PAGE_EVENTS)
            for event in page:
                if await self._tell_event(listener, event):
                    return True
            if not page:
                return await self._tell_missed(listener)
        return False

    def _goes_on(self, listener: Listener) -> bool:
        return self._listens(listener) and not self._is_closed

    async def _tell_event(self, listener: Listener, event: Event) -> bool:
        """Tell a listener the next part of an event; False when nothing of it is left to tell."""
        now_ms, parts = self._registry.clock(), telling.parts(event)
        if parts and (listener.is_quiet(now_ms) or listener.is_quiet(event.at_ms)):
            missed = listener.told.missed + await self._clips(listener, parts[listener.told.parts :])
            self._move(listener, Progress(event.seq, missed=missed))
            return False
        is_late = event.at_ms <= now_ms - LATE_MS
        if parts and not is_late and await self._tell_missed(listener):
            return True
        for part in () if is_late else parts[listener.told.parts :]:
            if not self._goes_on(listener):
                return False
            message = await self._message(listener, part)
            if message is not None:
                await self._send(listener, message)
            self._told_part(listener, event, len(parts))
            if message is not None:
                return True
        if listener.told.seq < event.seq:
            listener.told = Progress(event.seq, missed=listener.told.missed)
        return False

    def _told_part(self, listener: Listener, event: Event, of: int) -> None:
        told = listener.told
        at = (event.seq, 0) if told.parts + 1 >= of else (told.seq, told.parts + 1)
        self._move(listener, Progress(*at, told.missed))

    async def _message(self, listener: Listener, part: telling.Part) -> Message | None:
        """Return what is sent of a part: nothing of one's own."""
        if isinstance(part, telling.Heard) and part.voice == self._own(listener.chat_id, listener.room):
            return None
        state = await self._registry.look(listener.room)
        return await self._telling.message(part, state, listener.language, self._registry.clock())

    async def _clips(self, listener: Listener, parts: Sequence[telling.Part]) -> int:
        """Return how many of these are clips that a listener would hear."""
        own = self._own(listener.chat_id, listener.room)
        clips = [part.clip for part in parts if isinstance(part, telling.Heard) and part.voice != own]
        state = await self._registry.look(listener.room)
        return sum(telling.may_be_heard(state, clip) for clip in clips)

    async def _tell_missed(self, listener: Listener) -> bool:
        """Say how many clips came in the quiet hours, once these are over; False when there is none."""
        missed = listener.told.missed
        if not missed or listener.is_quiet(self._registry.clock()):
            return False
        key = "missed_one" if missed == 1 else "missed"
        await self._send(listener, Message(text(listener.language, key, count=missed)))
        self._move(listener, Progress(listener.told.seq, listener.told.parts))
        return True

    async def _send(self, listener: Listener, message: Message) -> None:
        await self._may_send()
        if message.ogg is None:
            await self._api.say(listener.chat_id, message.text, tries=1)
            return
        buttons = [[(emoji, f"react {message.clip} {emoji}") for emoji in EMOJI]] if message.clip else ()
        await self._api.play(listener.chat_id, message.ogg, message.text, buttons, tries=1)

    async def _may_send(self) -> None:
        """Wait until the bot may send once more: it has to share its rate among all who listen."""
        now_s = asyncio.get_running_loop().time()
        free_at_s = max(now_s, self._free_at_s)
        self._free_at_s = free_at_s + min(self._pace_s, 1 / SENT_A_S)
        await asyncio.sleep(free_at_s - now_s)
