"""Take out of heard words what only looks like something: a recogniser misspells the harmless as well. Pure.

For captions alone: who types chooses their letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import islice

from server.room import slurs
from server.room.text import folded

# How much alike a harmless phrase and what was heard must be, in letters that both have.
ALIKE = 0.75
# A text has no more places than this at which a phrase is looked for.
STARTS_LOOKED_AT = 8
# A date that lost a digit, got a space or was joined: no number to call.
_DATE = re.compile(
    r"\b(?:0 )?\d{1,2}\. ?(?:0?[1-9]|1[0-2])\. ?\d{2,4}\b|\b\d{2,4}[. ] ?(?:19|20)\d\d\b(?![ .-]?\d)"
    r"|\b(?:am|born on) \d{1,3}[.,]\d[\d.,]{2,10}(?= )"
)
# Years in a row, the last one cut short.
_YEARS = re.compile(r"\b(?:(?:19|20)\d\d[ ,]+){2,}\d{1,4}\b")
# Many small numbers are a list, as of a lottery.
_LIST = re.compile(r"(?<![\d/+()-])(?<![\d/+()-] )[1-9]\d{0,2}(?: \d{1,2}){5,}\b")
# Counting up to twenty, or down, with a number that was not heard.
_DIGITS = re.compile(r"(?<![\d/+()-])\d(?:[ ,.]{0,2}\d){6,}")
_COUNTED = 0.9
_UP = tuple("".join(map(str, range(1, last + 1))) for last in range(6, 21))
_DOWN = tuple("".join(map(str, range(last, 0, -1))) for last in range(6, 21))
_WORD = re.compile(r"\w+")


def without(text: str) -> str:
    """Return the words of a clip without what is only misheard."""
    for several in (_YEARS, _DATE, _LIST):
        text = several.sub(" ; ", text)
    text = _DIGITS.sub(lambda run: " ; " if _is_counted(run[0]) else run[0], text)
    for phrase in slurs.harmless():
        if (span := _heard(text, phrase)) is not None:  # once: who says it twice means it
            text = f"{text[: span[0]]} ; {text[span[1] :]}"
    return text


def _is_counted(run: str) -> bool:
    digits = re.sub(r"\D", "", run)
    counts = (_UP if digits.startswith("1") else ()) + (_DOWN if digits.endswith("21") else ())
    return any(SequenceMatcher(None, count, digits, autojunk=False).ratio() >= _COUNTED for count in counts)


def _heard(text: str, phrase: str) -> tuple[int, int] | None:
    """Return where a text sounds like a phrase, beginning with its first letters."""
    wanted = phrase.replace(" ", "")
    begin = wanted[:4]
    starts = (word for word in _WORD.finditer(text) if folded(word[0]).startswith(begin))
    for at in islice(starts, STARTS_LOOKED_AT):
        for end, letters in _longer(text, at.start(), 2 * len(wanted)):
            if SequenceMatcher(None, wanted, letters, autojunk=False).ratio() >= ALIKE:
                return at.start(), end
    return None


def _longer(text: str, start: int, most: int) -> Iterator[tuple[int, str]]:
    """Yield the first two words from a place on, the first three, and so on, as one."""
    letters = ""
    for number, word in enumerate(_WORD.finditer(text, start)):
        letters += folded(word[0])
        if len(letters) > most:
            return
        if number:
            yield word.end(), letters
