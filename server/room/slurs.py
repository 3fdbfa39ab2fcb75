"""Find words against groups of people, also when they are hidden by spelling. Pure.

A word is one of the list, with an ending; a group with an insult grown onto it; or a phrase. Digits and
signs for letters, drawn-out letters, stars for letters, and letters set apart are read as what they mean.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain, product
from pathlib import Path

from msgspec import Struct

from server.room.text import folded

FILE = Path(__file__).parent / "words" / "slurs.toml"
# A word in pieces is put together from at most this many, and needs this many letters to be told from chance.
PIECES, PIECED_LETTERS = 4, 6
# Letters set apart one by one: the fewest that make a word, and the most.
SPELLED_LETTERS, LONGEST_LETTERS = 4, 26
# A word with stars must show this many letters.
SHOWN_LETTERS = 3
# What is known of this many words is looked up once: people say the same few thousand again and again.
WORDS_KNOWN = 4_096

_WORD = re.compile(r"[a-z0-9@$€!|*#+]+")
_REPEATED = re.compile(r"(.)\1+")
_DRAWN_OUT = re.compile(r"(.)\1\1+")
_SIGNS = "@$€!|0134578"
_AS_I = str.maketrans(_SIGNS, "aseii" + "oieastb")
_AS_L = str.maketrans(_SIGNS, "aseil" + "oleastb")
_HAS_SIGN = re.compile(r"[@$€!|0134578]")
_HAS_STAR = re.compile(r"[*#]")
_LETTERS = re.compile(r"[a-z]")


class Lists(Struct, frozen=True):
    """What is looked for: words by their letters without repeats, and patterns over whole texts.

    A prefix before one of the words, or of the `groups`, and a suffix behind it make one word of both.
    Only the `whole` ones are looked for in pieces and behind stars; `begun` is what each of them begins with.
    In every phrase stands one of `hints`.
    """

    words: dict[str, tuple[str, ...]]
    whole: frozenset[str]
    begun: frozenset[str]
    groups: frozenset[str]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    plain: str
    phrases: re.Pattern[str]
    hints: frozenset[str]
    innocent: re.Pattern[str]


def found(text: str) -> bool:
    """Tell whether a text holds a word against a group."""
    lists, plain = _lists(), folded(text)
    # Most texts hold none, so what excuses a word is looked for only then.
    return _holds(plain, lists) and _holds(lists.innocent.sub(" ", plain), lists)


def _holds(plain: str, lists: Lists) -> bool:
    tokens = _WORD.findall(plain)
    words = list(map(_letters, tokens))
    if any(map(_is_listed, chain.from_iterable(words))):
        return True
    read = [both[0] for both in words]
    if not lists.hints.isdisjoint(read) and lists.phrases.search(f" {' '.join(read)} "):
        return True
    return _in_pieces(read, lists) or (
        _HAS_STAR.search(plain) is not None and any(_behind_stars(token, lists) for token in tokens)
    )


@cache
def harmless() -> tuple[str, ...]:
    """Return the phrases in which a word of the list means something else."""
    return tuple(_both(_read()["innocent"]))


@cache
def longer() -> tuple[str, ...]:
    """Return harmless words that begin or end with a word of the list."""
    return tuple(_both(_read()["longer"]))


@cache
def misspelt() -> tuple[str, ...]:
    """Return what a recogniser makes of harmless phrases in which such a word stands."""
    return tuple(_both(_read()["misspelt"]))


@lru_cache(WORDS_KNOWN)
def _letters(token: str) -> tuple[str, ...]:
    """Return the words that a token may mean; digits alone mean numbers."""
    token = token.strip("!|*#+")
    if not _HAS_SIGN.search(token) or not _LETTERS.search(token):
        return (token,)
    return token.translate(_AS_I), token.translate(_AS_L)


@lru_cache(WORDS_KNOWN)
def _is_listed(word: str) -> bool:
    """Tell whether a word is in the list, by itself or grown together with an insult."""
    lists = _lists()
    return _is_written(word, lists) or any(
        part in lists.groups or _is_written(part, lists) for part in _apart(word, lists)
    )


def _apart(word: str, lists: Lists) -> Iterator[str]:
    """Yield what a word is without what may have grown onto it; drawn-out letters are put right then."""
    for each in {word, _DRAWN_OUT.sub(r"\1", word), _DRAWN_OUT.sub(r"\1\1", word)}:
        if each.startswith(lists.prefixes):
            yield from (each.removeprefix(prefix) for prefix in lists.prefixes if each.startswith(prefix))
        if each.endswith(lists.suffixes):
            yield from (each.removesuffix(suffix) for suffix in lists.suffixes if each.endswith(suffix))


def _is_written(word: str, lists: Lists) -> bool:
    """Tell whether a word is in the list, letters drawn out or not; a letter too few is another word."""
    written = lists.words.get(_REPEATED.sub(r"\1", word))
    return written is not None and any(_is_drawn_out(word, each) for each in written)


def _is_drawn_out(word: str, written: str) -> bool:
    """Tell whether the runs of letters are as long as they should be, or three and more."""
    runs = zip(_runs(word), _runs(written), strict=True)
    return all(has == wants or has >= max(3, wants) for has, wants in runs)


def _runs(word: str) -> list[int]:
    return [len(run[0]) for run in re.finditer(r"(.)\1*", word)]


def _in_pieces(words: list[str], lists: Lists) -> bool:
    """Look for a word whose letters or syllables stand apart."""
    spelled = ""
    for at, word in enumerate(words):
        spelled = spelled + word if len(word) == 1 else ""
        if len(spelled) >= SPELLED_LETTERS and _ends_listed(spelled[-LONGEST_LETTERS:], lists):
            return True
        together, has_short = word, len(word) < SPELLED_LETTERS
        for piece in words[at + 1 : at + PIECES]:
            if together not in lists.begun:
                break
            together += piece
            has_short = has_short or len(piece) < SPELLED_LETTERS
            if has_short and len(together) >= PIECED_LETTERS and together in lists.whole:
                return True
    return False


def _ends_listed(spelled: str, lists: Lists) -> bool:
    starts = range(len(spelled) - SPELLED_LETTERS + 1)
    return any(_is_written(spelled[start:], lists) for start in starts)


def _behind_stars(token: str, lists: Lists) -> bool:
    """Tell whether a word with stars for letters can be read as one of the list."""
    token = token.rstrip("!|")
    if not _HAS_STAR.search(token) or len(_LETTERS.findall(token)) < SHOWN_LETTERS:
        return False
    if len(token) > LONGEST_LETTERS or token[0] in "*#":
        return False
    pattern = re.sub(r"[*#]+", "[a-z]{1,4}", re.sub(r"[^a-z*#]", "", token))
    return re.search(f"^{pattern}$", lists.plain, re.MULTILINE) is not None


def _read() -> dict[str, list[str]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def _lists() -> Lists:
    read = _read()
    english = {word + end for word, end in product(_both(read["english"]), read["english_endings"])}
    german = {word + end for word, end in product(_both(read["german"]), read["german_endings"])}
    groups = set(_both(read["groups"]))
    slurs = english | german
    joined = {word + end for word, end in product(read["joined"], read["english_endings"])}
    by_letters: dict[str, tuple[str, ...]] = {}
    for word in sorted(slurs | joined):
        key = _REPEATED.sub(r"\1", word)
        by_letters[key] = (*by_letters.get(key, ()), word)
    return Lists(
        by_letters,
        frozenset(slurs),
        frozenset(word[:end] for word in slurs for end in range(len(word))),
        frozenset(groups),
        tuple(read["prefixes"]),
        tuple(_both(read["suffixes"])),
        "\n".join(["", *sorted(slurs), ""]),
        _phrases(read, groups),
        frozenset(phrase.split()[0] for phrase in chain(groups, _both(read["phrases"]))),
        _any(read["innocent"]),
    )


def _phrases(read: dict[str, list[str]], groups: set[str]) -> re.Pattern[str]:
    of_group = _choice(groups)
    between = r"(?: (?:all|the|these|those|alle|die|diese|dieser|diesen|den))*"
    patterns = [
        f"{_choice(_both(read['dirty']))} {of_group}",
        f"{_choice(_both(read['harm']))}{between} {of_group}",
        f"{of_group} {_choice(_both(read['fate']))}",
        _choice(_both(read["phrases"])),
    ]
    return re.compile(f" (?:{'|'.join(patterns)}) ")


def _any(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b{_choice(words)}\b")


def _choice(words: list[str] | set[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})"


def _both(words: list[str]) -> list[str]:
    """Return words without marks, and German ones also as they are written without umlauts."""
    spelled = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
    return sorted({folded(each) for word in words for each in (word, word.translate(spelled))})
