"""What was written in a room, as far as it may still be taken back: folds of it, bounded. Pure."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from games.round import AnswerGiven, RoundJoined, RoundRevealed
from server.room.events import (
    ClipReported,
    Erased,
    Event,
    Fact,
    TextReported,
    TextSaid,
    TopicSuggested,
)

# How many texts a visitor may still take back.
TEXTS_KEPT = 500

K = TypeVar("K")
V = TypeVar("V")


class Written(Struct, frozen=True):
    """Something written that is no chat: its id (none for a role), whose it is, and where it is repeated."""

    id: str
    voice: str
    repeats: tuple[int, ...] = ()


def is_text(fact: Fact | Erased) -> bool:
    """Tell whether an event has words in it that a visitor wrote: it is kept no longer than a clip."""
    match fact:
        case AnswerGiven():
            return True
        case RoundJoined(role=role):
            return bool(role)
        case RoundRevealed(takes=takes):
            return any(take.written for take in takes)
        case ClipReported(text=text) | TextReported(text=text):
            return bool(text)
        case _:
            return isinstance(fact, TextSaid | TopicSuggested)


def newest(kept: dict[K, V], limit: int) -> dict[K, V]:
    """Return a copy with room for one more.

    It is cut to the limit when a quarter too long: a plain copy costs a tenth of a cut.
    """
    if len(kept) < limit + limit // 4:
        return kept.copy()
    return dict(islice(kept.items(), len(kept) + 1 - limit, None))


def with_text(texts: dict[int, str], event: Event) -> dict[int, str]:
    """Remember whose a text is, by the seq of its event."""
    kept = newest(texts, TEXTS_KEPT)
    kept[event.seq] = event.by.id if event.by else ""
    return kept


def with_written(kept: dict[int, Written], event: Event, id: str) -> dict[int, Written]:  # noqa: A002
    """Remember what somebody wrote that is no chat, by the seq of its event."""
    kept = newest(kept, TEXTS_KEPT)
    kept[event.seq] = Written(id, event.by.id if event.by else "")
    return kept


def with_repeats(kept: dict[int, Written], ids: Collection[str], seq: int) -> dict[int, Written]:
    """Note that an event says again what was written under some ids."""
    noted = {at: replace(it, repeats=(*it.repeats, seq)) for at, it in kept.items() if it.id in ids}
    return {**kept, **noted} if noted else kept
