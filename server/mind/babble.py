"""Make a sentence of a room's own words: a Markov chain over what was said just now, which nobody keeps."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from games.words import tokens

# Fewer words than these make copies, not sentences; more are not looked at.
LEAST_WORDS, MOST_LINES, MOST_LINE_WORDS = 40, 50, 40
SHORTEST, LONGEST = 5, 10
TRIES = 12

_SIGNS = ".,;:!?…\"“”„'"


def babble(lines: Sequence[str], random: Random) -> str:
    """Return a sentence that nobody has said, of words that followed each other, or nothing."""
    said = [line.split()[:MOST_LINE_WORDS] for line in lines[-MOST_LINES:]]
    said = [words for words in said if words]
    if sum(map(len, said)) < LEAST_WORDS:
        return ""
    follow: dict[str, list[str]] = {}
    for words in said:
        for one, other in zip(words, [*words[1:], ""], strict=True):
            follow.setdefault(_plain(one), []).append(other)
    known = [f" {' '.join(tokens(line))} " for line in lines[-MOST_LINES:]]
    for _ in range(TRIES):
        sentence = _walk(random.choice(said)[0], follow, random)
        plain = f" {' '.join(tokens(sentence))} "
        if sentence and not any(plain in line for line in known):
            return sentence
    return ""


def _walk(word: str, follow: dict[str, list[str]], random: Random) -> str:
    """Return the words of one walk, nothing if it neither ends well nor is long enough."""
    words = [word]
    while len(words) < LONGEST:
        word = random.choice(follow[_plain(word)])
        if not word:
            return " ".join(word.strip(_SIGNS) for word in words) if len(words) >= SHORTEST else ""
        words.append(word)
    return ""


def _plain(word: str) -> str:
    return word.casefold().strip(_SIGNS)
