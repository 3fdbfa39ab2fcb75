"""Draw prompts: by language, pack, tempo and kind of room, never one of the recent ones."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from pathlib import Path
from random import Random

from msgspec import Struct, convert
from msgspec.structs import replace

from games.round import Prompt, Tempo

FOLDER = Path(__file__).parent / "prompts"
LANGUAGES = ("en", "de")
THEME_LIMIT_CHARACTERS = 48


class Card(Struct, frozen=True):
    """A prompt in its pack; `kinds` empty means that it fits every kind of room."""

    id: str
    text: str
    tempo: Tempo = "snap"
    kinds: tuple[str, ...] = ()


@cache
def pack(language: str, name: str) -> tuple[Card, ...]:
    """Return the cards of a pack. Raises `FileNotFoundError` if the pack does not exist."""
    text = (FOLDER / language / f"{name}.toml").read_text(encoding="utf-8")
    return tuple(convert(tomllib.loads(text)["prompt"], list[Card]))


def about(language: str, theme: str) -> tuple[Card, ...]:
    """Return cards that name a theme; none without one, or when it is too long to stand in a prompt."""
    theme = theme.strip(" .:!?…")
    if not 0 < len(theme) <= THEME_LIMIT_CHARACTERS:
        return ()
    return tuple(replace(card, text=card.text.format(theme=theme)) for card in pack(language, "themed"))


def draw(
    cards: Collection[Card], *, tempo: Tempo, kind: str, recent: Collection[str], random: Random
) -> Prompt:
    """Return a card at random that fits tempo and kind and is not among the recent ids.

    When all that fit are recent, tempo is forgotten first, then recency (but never the last one).
    """
    fitting = [card for card in cards if not card.kinds or kind in card.kinds]
    seen = set(recent)
    fresh = [card for card in fitting if card.id not in seen]
    last = next(reversed(tuple(recent)), None)
    chosen = random.choice(
        [card for card in fresh if card.tempo == tempo]
        or fresh
        or [card for card in fitting if card.id != last]
        or list(cards)
    )
    return Prompt(chosen.id, chosen.text)
