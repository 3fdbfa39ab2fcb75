"""Who a Telegram chat is in the rooms: in memory, under a keyed hash, and for a while only.

Nothing that names a chat outlives its last message by a day, or the process: the key of the hash is drawn
anew at each start.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct, field

from server.room.ids import unguessable
from server.telegram.quiet import Quiet

V = TypeVar("V")

# What a chat was is forgotten so long after its last message, and earlier when there are so many others.
CHAT_KEPT_MS = 24 * 3_600_000
CHATS_KEPT = 10_000
# Rooms that a chat remembers, and takes that it hears first; the oldest go first.
ROOMS_KEPT = 50
HASH_CHARACTERS = 24


class Chat(Struct, eq=False):
    """What is known of a chat: its key in the rooms, where it is, and how it sounds.

    `left_in` are the rooms in which something of it may be; `agreed_in` those at whose door it said yes;
    `previews` are takes that it was played first, and the rooms in which they were made.
    """

    tag: str
    key: str
    used_at_ms: int
    room: str = ""
    mask: str | None = None
    left_in: dict[str, None] = field(default_factory=dict)
    agreed_in: dict[str, None] = field(default_factory=dict)
    previews: dict[str, str] = field(default_factory=dict)
    quiet: Quiet | None = None

    def leaves_something(self, room: str) -> None:
        """Note that something of this chat may be in a room from now on."""
        _remember(self.left_in, room, None)

    def agrees(self, room: str) -> None:
        """Note that this chat said yes to what a room asks at its door."""
        _remember(self.agreed_in, room, None)

    def hears_first(self, preview: str, room: str) -> None:
        """Note where a take was made that its speaker is played first."""
        _remember(self.previews, preview, room)


class Chats:
    """The chats that wrote lately."""

    def __init__(self, clock: Callable[[], int], *, size: int = CHATS_KEPT) -> None:
        self._clock, self._size = clock, size
        self._secret = secrets.token_bytes(32)
        self._chats: OrderedDict[str, Chat] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are known."""
        return len(self._chats)

    def tag(self, chat_id: int) -> str:
        """Return what stands for a chat: without this process's key nobody finds the chat by it."""
        return hmac.new(self._secret, str(chat_id).encode(), hashlib.sha256).hexdigest()[:HASH_CHARACTERS]

    def of(self, chat_id: int) -> Chat:
        """Return what is known of a chat that writes now, a new one when that is nothing."""
        now_ms, tag = self._clock(), self.tag(chat_id)
        self._forget_old(now_ms)
        chat = self._chats.get(tag)
        if chat is None:
            chat = self._chats[tag] = Chat(tag, unguessable(), now_ms)
        chat.used_at_ms = now_ms
        self._chats.move_to_end(tag)
        while len(self._chats) > self._size:
            self._chats.popitem(last=False)
        return chat

    def find(self, chat_id: int) -> Chat | None:
        """Return what is known of a chat that did not write just now."""
        return self._chats.get(self.tag(chat_id))

    def forget(self, chat: Chat) -> None:
        """Forget a chat; may be called again."""
        if self._chats.get(chat.tag) is chat:
            del self._chats[chat.tag]

    def _forget_old(self, now_ms: int) -> None:
        while self._chats:
            oldest = next(iter(self._chats.values()))
            if oldest.used_at_ms > now_ms - CHAT_KEPT_MS:
                return
            self.forget(oldest)


def _remember(table: dict[str, V], key: str, value: V) -> None:
    table.pop(key, None)
    table[key] = value
    while len(table) > ROOMS_KEPT:
        del table[next(iter(table))]
