"""Words of a take, in any language: tokens, repeats, and how alike two texts are."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# Texts are compared by runs of this many characters: short enough for one word, deaf to endings.
GRAM_CHARACTERS = 3


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded to lower case."""
    return tuple(match[0].replace("’", "'") for match in _TOKEN.finditer(text.casefold()))


def likeness(a: str, b: str) -> float:
    """Return how alike two texts are, from 0 to 1: the cosine of their character trigrams."""
    first, second = _grams(a), _grams(b)
    norm = math.sqrt(sum(n * n for n in first.values()) * sum(n * n for n in second.values()))
    return sum(n * second[gram] for gram, n in first.items()) / norm if norm else 0.0


def _grams(text: str) -> Counter[str]:
    padded = f"  {' '.join(tokens(text))} "
    return Counter(padded[i : i + GRAM_CHARACTERS] for i in range(len(padded) - GRAM_CHARACTERS + 1))


def repeated(words: Iterable[str], *, but: frozenset[str] = frozenset()) -> str | None:
    """Return the first word that comes twice, small words and those of a set aside."""
    seen: set[str] = set()
    for word in words:
        if word in seen and word not in but and len(word) > GRAM_CHARACTERS:
            return word
        seen.add(word)
    return None


def same_word(a: str, b: str) -> bool:
    """Tell whether two words are one word in two forms: umbrella, umbrellas."""
    short, long = sorted((a, b), key=len)
    return a == b or (len(short) >= 4 and long.startswith(short) and len(long) - len(short) <= 2)
