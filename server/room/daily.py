"""The prompt of the day: one for each language, the same in every room; each voice answers it once. Pure.

Its id tells the day, so what others answered is found where every prompt is remembered (`answered.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b

from games import prompts
from games.prompts import Card
from games.round import Prompt
from server.room import round_lifecycle
from server.room.answered import DAILY, Answered, Memory
from server.room.commands import Refused
from server.room.context import Context
from server.room.events import Voice
from server.room.kinds import DAY_MS
from server.room.proposals import Proposed
from server.room.state import RoomState

# Where it is asked: anything goes there, and the rooms of the house are of this kind.
KINDS = ("wonder",)
PACK = "first_thing"


def day_of(now_ms: int) -> str:
    """Return the day of a moment in UTC, as 2026-11-28."""
    return datetime.fromtimestamp(now_ms // 1000, UTC).date().isoformat()


def prompt(language: str, now_ms: int) -> Prompt:
    """Return the prompt of the day: all cards in an order of chance, then all in another order."""
    number = now_ms // DAY_MS
    cards = _cards(language)
    turn, at = divmod(number, len(cards))
    return Prompt(f"{DAILY}{day_of(now_ms)}", _order(language, turn)[at].text)


@cache
def _cards(language: str) -> tuple[Card, ...]:
    return tuple(
        card for card in prompts.pack(language, PACK) if not card.kinds or set(KINDS) & {*card.kinds}
    )


@cache
def _order(language: str, turn: int) -> tuple[Card, ...]:
    return tuple(sorted(_cards(language), key=lambda card: blake2b(f"{turn} {card.id}".encode()).digest()))


def wished(state: RoomState, by: Voice | None, context: Context) -> Proposed:
    """Return the round of the day. Raises `Refused`."""
    if state.kind not in KINDS:
        raise Refused("no_such_game", "This room has no prompt of the day.")
    thrown = prompt(state.language, context.now_ms)
    known = answers(state.answered, thrown)
    if by is not None and known is not None and known.is_by(by.id):
        raise Refused("answered_already", "You have answered the prompt of today. Tomorrow there is another.")
    return Proposed(round_lifecycle.plain(state).id, prompt=thrown)


def answers(memory: Memory, thrown: Prompt) -> Answered | None:
    """Return what was answered to a prompt of the day, None for nothing yet."""
    return next((each for each in memory if each.prompt.id == thrown.id), None)
