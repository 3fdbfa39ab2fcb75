"""`/listen`: what happens in a room, sent to chats: each new clip as it is stored, and prompts for all.

A durable reader whose rows are the chats that listen, each with the seq of the last event it was told. A row
moves when Telegram has acknowledged; so a kill misses nothing, and what was acknowledged just before it is
told once more. What is old by the time it could be sent is left out: nobody wants a night at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from games.round import TurnGiven
from server.blobs.base import Away as StorageAway
from server.blobs.base import Blobs
from server.log.base import Change, Conflict, Effect, Log, Projected, StorageFull, Unusable, Withdrawn
from server.readers.base import Reader, Rest
from server.room.clips import ClipRef
from server.room.events import ClipLanded, Event, Language
from server.room.view import is_clip_hidden, view
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry
from server.telegram.api import Away, Buttons, ChatGone, Flooded
from server.telegram.listeners import Seal
from server.telegram.texts import text

LISTENS = "listens"
LISTENERS_KEPT = 2_000
# A clip that is older than this when it could be sent is not sent any more.
LATE_MS = 10 * 60_000
# Telegram takes about one message a second in a chat.
PACE_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0
LOOKED_AT_EVERY_MS = 1_000
PAGE_EVENTS = 100
CAPTION_CHARACTERS = 1_024  # Telegram takes no more under a voice message
CLOSING_S = 5.0
EMOJI = ("😂", "❤️", "😮", "👏")

log = logging.getLogger(__name__)


class Sends(Protocol):
    """What is asked of the Bot API."""

    async def say(self, chat_id: int, text: str, buttons: Buttons = ()) -> None:
        """Send a text."""

    async def play(self, chat_id: int, ogg: bytes, caption: str, buttons: Buttons = ()) -> None:
        """Send a clip."""


class Listener(Struct, eq=False):
    """A chat that listens to a room, and the seq of the last event of it that it need not be told."""

    chat_id: int
    language: Language
    room: str
    item: str
    seq: int
    task: asyncio.Task[None] | None = None
    is_behind: bool = True

    def row(self) -> Projected:
        """Return what is kept of it."""
        return Projected(self.room, self.item, LISTENS, self.seq)


class Listening(Reader):
    """Tells each listener what it has not been told, one after the other, in a task of its own."""

    name = "telegram"
    urgent = (ClipLanded.kind, TurnGiven.kind)

    def __init__(
        self,
        api: Sends,
        registry: RoomRegistry,
        log_: Log,
        blobs: Blobs,
        *,
        token: str,
        own: Callable[[int, str], str | None],
        pace_s: float = PACE_S,
    ) -> None:
        """`own` tells the id of the voice that a chat has in a room, None when it is not known."""
        self._api, self._registry, self._log, self._blobs = api, registry, log_, blobs
        self._seal, self._own, self._pace_s = Seal(token), own, pace_s
        self._listeners: dict[int, Listener] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._effects: list[Effect] = []
        self._given: Sequence[Effect] = ()  # by `idle` the last time: stored when it is called again
        self._is_loaded = self._is_closed = False

    # --- who listens

    async def begin(self, chat_id: int, language: Language, room: str) -> None:
        """Tell a chat what happens in a room from now on, and of no other room."""
        self.end(chat_id)
        while len(self._listeners) >= LISTENERS_KEPT:
            self.end(next(iter(self._listeners)))
        item = self._seal.close(chat_id, language)
        listener = Listener(chat_id, language, room, item, await self._log.head(room))
        self._listeners[chat_id] = listener
        self._effects.append(listener.row())

    def end(self, chat_id: int) -> bool:
        """Tell a chat no more; False when it did not listen."""
        listener = self._listeners.pop(chat_id, None)
        if listener is None:
            return False
        if listener.task is not None:
            listener.task.cancel()
        self._effects.append(Withdrawn(listener.room, listener.item))
        return True

    def room_of(self, chat_id: int) -> str:
        """Return the room that a chat listens to, "" when it listens to none."""
        listener = self._listeners.get(chat_id)
        return listener.room if listener else ""

    # --- the reader

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Wake those who listen to the room of a change."""
        if isinstance(change.event.data, ClipLanded | TurnGiven):
            for listener in self._listeners.values():
                if listener.room == change.room:
                    self._wake(listener)
        return None

    async def idle(self) -> Rest:
        """Take up who listened before the start; store how far everyone is."""
        if not self._is_loaded:
            await self._load()
            self._is_loaded = True
        self._given, self._effects = self._effects, []
        return Rest(self._given, LOOKED_AT_EVERY_MS)

    async def _load(self) -> None:
        for row in await self._log.projection(self.name, LISTENS, limit=LISTENERS_KEPT):
            found = self._seal.open(row.item)
            known = self._listeners.get(found[0]) if found else None
            if known is not None and (known.room, known.item) == (row.room, row.item):
                continue
            if found is None or known is not None:
                self._effects.append(Withdrawn(row.room, row.item))
                continue
            listener = Listener(found[0], found[1], row.room, row.item, row.number)
            self._listeners[listener.chat_id] = listener
            self._wake(listener)

    async def close(self) -> None:
        """Begin to tell nothing more, and see what is being sent acknowledged; may be called again."""
        self._is_closed = True
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSING_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def store(self) -> None:
        """Store how far everyone is, when nobody runs this reader any more."""
        effects, self._given, self._effects = [*self._given, *self._effects], (), []
        if effects:
            try:
                position = await self._log.cursor(self.name)
                await self._log.advance(self.name, position, expect=position, effects=effects)
            except (Conflict, StorageFull, OSError, Unusable) as error:
                log.warning("telegram.listeners_not_stored for=%s", type(error).__name__)

    # --- telling

    def _wake(self, listener: Listener) -> None:
        listener.is_behind = True
        if listener.task is None and not self._is_closed:
            listener.task = asyncio.get_running_loop().create_task(
                self._tell(listener), name="telegram tells"
            )
            self._tasks.add(listener.task)
            listener.task.add_done_callback(self._tasks.discard)

    async def _tell(self, listener: Listener) -> None:
        """Tell a listener what is new until nothing is; the root of its task."""
        failures = 0
        try:
            while listener.is_behind and not self._is_closed:
                listener.is_behind = False
                try:
                    await self._tell_new(listener)
                    failures = 0
                except (Away, StorageAway) as away:
                    failures += 1
                    listener.is_behind = True
                    pause_s = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE_S)
                    log.warning("telegram.clip_waits for=%s", away)
                    await asyncio.sleep(away.pause_s if isinstance(away, Flooded) else pause_s)
        except (ChatGone, NoSuchRoom):
            listener.task = None
            self._drop(listener)
        except Exception:
            log.exception("telegram.telling_failed")
        finally:
            listener.task = None

    def _drop(self, listener: Listener) -> None:
        if self._listeners.get(listener.chat_id) is listener:
            self.end(listener.chat_id)

    async def _tell_new(self, listener: Listener) -> None:
        seq = listener.seq
        while page := await self._log.read(listener.room, seq, PAGE_EVENTS):
            for event in page:
                if self._is_closed:
                    return
                is_told = await self._told(listener, view(event, None))
                listener.seq = seq = event.seq
                if is_told:
                    self._effects.append(listener.row())
                    await asyncio.sleep(self._pace_s)

    async def _told(self, listener: Listener, event: Event) -> bool:
        """Tell a listener an event; False when it is nothing to tell."""
        now_ms = self._registry.clock()
        match event.data:
            case ClipLanded(clip=clip) if event.at_ms > now_ms - LATE_MS and event.by is not None:
                if event.by.id == self._own(listener.chat_id, listener.room):
                    return False
                return await self._play(listener, clip, event.by.name)
            case TurnGiven(voice=None, act="speak", voices=(), prompt=prompt, closes_at_ms=closes_at_ms):
                if not prompt or closes_at_ms <= now_ms:
                    return False
                seconds = max(1, (closes_at_ms - now_ms) // 1000)
                await self._api.say(
                    listener.chat_id, text(listener.language, "turn", prompt=prompt, seconds=seconds)
                )
                return True
            case _:
                return False

    async def _play(self, listener: Listener, clip: str, name: str) -> bool:
        """Send a clip that everybody may hear now."""
        state = await self._registry.look(listener.room)
        known, blob = state.clips.get(clip), await self._blobs.get(clip)
        if known is None or blob is None or is_clip_hidden(state, known, None):
            return False
        buttons = [[(emoji, f"react {clip} {emoji}") for emoji in EMOJI]]
        caption = known.caption if isinstance(known, ClipRef) else None
        told = f"{name}: {caption}" if caption else name
        await self._api.play(listener.chat_id, blob.body, told[:CAPTION_CHARACTERS], buttons)
        return True
