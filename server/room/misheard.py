"""Take out of heard words what only looks like something: a recogniser misspells the harmless as well. Pure.

For captions alone: who types chooses their letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from server.room import slurs
from server.room.text import folded

# How much alike a harmless phrase and what was heard must be, in letters that both have.
ALIKE = 0.75
# A date that lost a digit, got a space or was joined: no number to call.
_DATE = re.compile(
    r"\b(?:0 )?\d{1,2}\. ?(?:0?[1-9]|1[0-2])\. ?\d{2,4}\b|\b\d{2,4}[. ] ?(?:19|20)\d\d\b(?![ .-]?\d)"
)
_WORD = re.compile(r"\w+")


def without(text: str) -> str:
    """Return the words of a clip without what is only misheard."""
    text = _DATE.sub(" ; ", text)
    for phrase in slurs.harmless():
        while (span := _heard(text, phrase)) is not None:
            text = f"{text[: span[0]]} ; {text[span[1] :]}"
    return text


def _heard(text: str, phrase: str) -> tuple[int, int] | None:
    """Return where a text sounds like a phrase, beginning with its first letters."""
    wanted = phrase.replace(" ", "")
    begin = wanted[:4]
    for at in (word for word in _WORD.finditer(text) if folded(word[0]).startswith(begin)):
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
