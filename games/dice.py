"""Dice: `2d6+1` and the like, within bounds, so that nobody can roll a million dice."""

from __future__ import annotations

import re
from random import Random

from msgspec import Struct

TERMS_LIMIT = 8
DICE_LIMIT = 20
SIDES_LIMIT = 1_000
NUMBER_LIMIT = 10_000
LENGTH_LIMIT_CHARACTERS = 40
_TERM = re.compile(r"([+-])(?:([0-9]{0,4})d([0-9]{1,4}|%)|([0-9]{1,5}))")


class Roll(Struct, frozen=True):
    """What was rolled: the cleaned expression, each die in order, and the sum."""

    expression: str
    dice: tuple[int, ...]
    total: int


def roll(expression: str, random: Random) -> Roll:
    """Roll an expression of terms like `3d6`, `d20`, `d%` and numbers. Raises `ValueError`."""
    cleaned = "".join(expression.split()).lower()
    signed = cleaned if cleaned[:1] in {"+", "-"} else f"+{cleaned}"
    terms = list(_TERM.finditer(signed))
    if len(cleaned) > LENGTH_LIMIT_CHARACTERS or not 1 <= len(terms) <= TERMS_LIMIT:
        raise ValueError("not dice")
    if "".join(term[0] for term in terms) != signed:
        raise ValueError("not dice")
    dice: list[int] = []
    total = 0
    for term in terms:
        rolled = _term(term, random, DICE_LIMIT - len(dice))
        dice += rolled if term[3] else []
        total += sum(rolled) * (1 if term[1] == "+" else -1)
    return Roll(cleaned, tuple(dice), total)


def _term(term: re.Match[str], random: Random, dice_left: int) -> list[int]:
    if not term[3]:
        if int(term[4]) > NUMBER_LIMIT:
            raise ValueError("number too big")
        return [int(term[4])]
    count, sides = int(term[2] or 1), 100 if term[3] == "%" else int(term[3])
    if not 1 <= count <= dice_left or not 2 <= sides <= SIDES_LIMIT:
        raise ValueError("too many dice or sides")
    return [random.randint(1, sides) for _ in range(count)]
