"""Make a bot of its parts."""

from __future__ import annotations

from server.blobs.base import Blobs
from server.http.limits import Limits, UploadBudget
from server.log.base import Log
from server.readers.runner import Readers
from server.rooms.registry import RoomRegistry
from server.takes.takes import Takes
from server.telegram.api import Api
from server.telegram.bot import TelegramBot
from server.telegram.chats import Chats
from server.telegram.conversation import Conversation
from server.telegram.listening import PACE_S, Listening
from server.telegram.telling import Telling


def open_bot(
    token: str,
    *,
    api_url: str,
    webhook: str,
    registry: RoomRegistry,
    takes: Takes,
    log: Log,
    blobs: Blobs,
    limits: Limits,
    budget: UploadBudget,
    longest_clip_ms: int,
    pace_s: float = PACE_S,
) -> TelegramBot:
    """Return a bot that is not started yet."""
    api, chats = Api(token, api_url), Chats(registry.clock)

    def own(chat_id: int, room: str) -> str | None:
        chat = chats.find(chat_id)
        return registry.voice(chat.key, room).id if chat else None

    listening = Listening(api, registry, log, Telling(blobs), token=token, own=own, pace_s=pace_s)
    conversation = Conversation(
        api,
        chats,
        registry,
        takes,
        limits=limits,
        budget=budget,
        longest_clip_ms=longest_clip_ms,
        listening=listening,
    )
    readers = Readers(log, [listening], clock=registry.clock)
    return TelegramBot(api, conversation, listening, readers, token, webhook=webhook)
