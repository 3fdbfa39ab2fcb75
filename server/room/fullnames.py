"""Find a text that names a person in full: first and last name, title and name, name and class. Pure.

People who never lived, and the names that voices are given, are nobody.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from server.room.text import folded

FILE = Path(__file__).parent / "words" / "people.toml"
# Shorter words are no last names that are told by their capital alone.
SHORTEST_NAME = 3

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "ae", "Ö": "oe", "Ü": "ue"})
_CLASS = re.compile(
    r"\s+(?:from|aus|of)\s+(?:(?:der|the|class|year|klasse|grade)\s+){0,2}\d{1,2}\s?[a-h]\b", re.IGNORECASE
)


class Lists(Struct, frozen=True):
    """Names in small letters, umlauts spelled out. Without one of `telling` nobody is named."""

    telling: frozenset[str]
    first: frozenset[str]
    last: frozenset[str]
    words: frozenset[str]
    ends: tuple[str, ...]
    no_surname: frozenset[str]
    titles: frozenset[str]
    characters: frozenset[str]


class Word(Struct, frozen=True):
    """A word of a text: as it is written, plain, and where it ends."""

    text: str
    plain: str
    start: int
    end: int

    @property
    def has_capital(self) -> bool:
        """Tell whether it is written as names are."""
        return self.text[0].isupper()


def found(text: str, language: str) -> bool:
    """Tell whether somebody is named in full; a capital tells a name in English, in German any noun."""
    lists = _lists()
    if text.isascii() and lists.telling.isdisjoint(_WORD.findall(text.lower())):
        return False
    words = [Word(at[0], _plain(at[0]), at.start(), at.end()) for at in _WORD.finditer(text)]
    if any(word.plain in lists.first and _CLASS.match(text, word.end) for word in words):
        return True
    small = any(not word.has_capital and len(word.text) > SHORTEST_NAME for word in words) or len(words) == 2
    by_capital = language == "en" and small
    return any(_is_person(*pair, lists, by_capital=by_capital) for pair in _pairs(text, words, lists))


def _pairs(text: str, words: list[Word], lists: Lists) -> Iterator[tuple[Word, Word]]:
    """Yield neighbours with nothing but white space, or the dot of a title, between them."""
    for one, other in pairwise(words):
        between = text[one.end : other.start]
        is_title = one.plain in lists.titles and between.strip() == "."
        if (not between.strip() or is_title) and f"{one.plain} {other.plain}" not in lists.characters:
            yield one, other


def _is_person(one: Word, other: Word, lists: Lists, *, by_capital: bool) -> bool:
    if one.plain not in lists.first and one.plain not in lists.titles:
        return False
    is_word = other.plain in lists.words
    if other.plain in lists.last:
        return not is_word or (other.has_capital and one.has_capital and one.plain in lists.first)
    if not other.has_capital or not one.has_capital or other.plain in lists.no_surname:
        return False
    if other.plain.endswith(lists.ends):
        return True
    is_name = by_capital and one.plain in lists.first and len(other.text) >= SHORTEST_NAME
    return is_name and not is_word and not other.text.isupper()


def _plain(word: str) -> str:
    return folded(word.translate(_SPELLED))


@cache
def _lists() -> Lists:
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))

    def plain(key: str) -> frozenset[str]:
        return frozenset(_all_plain(read[key]))

    words = plain("plain") | plain("also_words")
    first, titles = plain("first"), plain("titles")
    return Lists(
        first | titles, first, plain("last"), words, tuple(read["surname_ends"]), plain("no_surname"),
        titles, plain("characters"),
    )  # fmt: skip


def _all_plain(words: Iterable[str]) -> Iterator[str]:
    return (_plain(word) for word in words)
