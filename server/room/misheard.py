"""Take out of heard words what only looks like something: a recogniser misspells the harmless as well. Pure.

For captions alone: who types chooses their letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from itertools import islice

from server.room import slurs
from server.room.contacts import COUNTED_WORDS, NUMBER_WORDS
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
# Digits, also as words, in any groups: where one number ends a recogniser guesses.
_WORDS = (*NUMBER_WORDS, *COUNTED_WORDS, "fünf", "zwölf", "fünfzehn")
_DIGIT = rf"(?:\d|\b(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b)"
_DIGITS = re.compile(rf"(?<![\d/+()-])(?<![\d/+()-] ){_DIGIT}(?:[ ,.;:-]{{0,4}}{_DIGIT})+", re.IGNORECASE)
_TOKEN = re.compile(r"\d|[^\W\d]+")
# By what people count, up or down.
_STEPS = (1, 2, 3, 5, 10, -1, -2, -3, -5, -10)
# Digits of a count: the fewest that a filter takes for a number to call, and up to a hundred.
_COUNT_LEAST, _COUNT_MOST = 7, 200
# A count has this many numbers. For so many digits one of them may have been missed, heard twice or heard as
# another, but never more than this many. Of 10,000 random numbers to call one counts.
_NUMBERS_LEAST, _DIGITS_A_FAULT, _FAULTS_MOST = 5, 7, 3
_WORD = re.compile(r"\w+")


def without(text: str) -> str:
    """Return the words of a clip without what is only misheard."""
    text = _DIGITS.sub(lambda run: " ; " if _is_counted(run[0]) else run[0], text)
    for several in (_YEARS, _DATE, _LIST):
        text = several.sub(" ; ", text)
    for phrase in slurs.harmless():
        if (span := _heard(text, phrase)) is not None:  # once: who says it twice means it
            text = f"{text[: span[0]]} ; {text[span[1] :]}"
    return _cut().sub(" ; ", text)


@cache
def _cut() -> re.Pattern[str]:
    """Return what finds harmless words that were written as two, and phrases by what is made of them.

    A sign between the words parts them: "Fire! Retard!" is none.
    """
    pieces = [f"{word[:at]}[ -]{word[at:]}s?" for word in slurs.longer() for at in range(1, len(word))]
    phrases = [phrase.replace(" ", "[ -]") + r"\w*" for phrase in slurs.misspelt()]
    return re.compile(rf"\b(?:{'|'.join(phrases + pieces)})\b", re.IGNORECASE)


def _is_counted(run: str) -> bool:
    """Tell whether digits are numbers that somebody counted, wherever they were set apart."""
    digits = "".join(_as_digits(token[0]) for token in _TOKEN.finditer(run))
    return _COUNT_LEAST <= len(digits) <= _COUNT_MOST and any(_counts(digits, step) for step in _STEPS)


def _as_digits(token: str) -> str:
    word = folded(token)
    return NUMBER_WORDS.get(word) or COUNTED_WORDS.get(word) or token


def _counts(digits: str, step: int) -> bool:
    """Tell whether digits are numbers a step apart, but for a few that were heard wrong."""
    most = min(_FAULTS_MOST, len(digits) // _DIGITS_A_FAULT)
    # Where a count is, at which number, the how manyth that is, and what was heard wrong before.
    waiting = list(_begun(digits))
    known = set(waiting)
    while waiting:
        at, number, counted, faults = waiting.pop()
        if at == len(digits) and counted >= _NUMBERS_LEAST:
            return True
        for there, value, fault in _reached(digits, at, number, step):
            state = (there, value, min(counted + 1, _NUMBERS_LEAST), faults + fault)
            if state[3] <= most and state not in known:
                known.add(state)
                waiting.append(state)
    return False


def _begun(digits: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield with which number a count may begin; a hundred is written as 1 when it was "a hundred"."""
    for length in (1, 2, 3):
        if digits[0] != "0" or length == 1:
            yield length, int(digits[:length]), 1, 0
    if digits.startswith("199"):
        yield 1, 100, 1, 0


def _reached(digits: str, at: int, number: int, step: int) -> Iterator[tuple[int, int, int]]:
    """Yield where a count may go on, with which number, and how many faults that takes."""
    follows = number + step
    if follows >= 0 and digits.startswith(str(follows), at):
        yield at + len(str(follows)), follows, 0
    elif follows >= 0 and at + len(str(follows)) <= len(digits):
        yield at + len(str(follows)), follows, 1  # another number was heard
    for value in (number, follows + step):  # it was heard twice, or the next one was missed
        if value >= 0 and digits.startswith(str(value), at):
            yield at + len(str(value)), value, 1


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
