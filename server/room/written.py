"""What was written in a room, as far as it may still be taken back: folds of it, bounded. Pure."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from server.room.events import Event

# How many texts a visitor may still take back.
TEXTS_KEPT = 500

K = TypeVar("K")
V = TypeVar("V")


class Written(Struct, frozen=True):
    """Something written that is no chat: its id (none for a role), whose it is, and where it is repeated."""

    id: str
    voice: str
    repeats: tuple[int, ...] = ()


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
