"""What the referee knows of a language: one value of this shape a language."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from games.words import likeness, tokens

# From here on two endings are heard as one, for players in a hurry.
ALIKE = 0.6


class Tongue(Struct, frozen=True):
    """Word lists and sounds of one language.

    `sound` is a code equal for words that sound alike; `tail` is what a rhyme must share. `steps`
    are patterns of the four steps of giraffe language, in order: seen, felt, needed, asked.
    """

    sound: Callable[[str], str]
    tail: Callable[[str], str]
    fillers: frozenset[str]
    small: frozenset[str]
    questions: frozenset[str]
    yes: frozenset[str]
    but: frozenset[str]
    also: frozenset[str]
    luck: tuple[str, ...]
    bad_luck: tuple[str, ...]
    absolutes: frozenset[str]
    unknowing: tuple[str, ...]
    stops: frozenset[str]
    steps: dict[str, str]
    step_names: dict[str, str]
    word_names: tuple[str, str]

    def name_words(self, count: int) -> str:
        """Return a number of words by name: 1 word, 2 words."""
        return f"{count} {self.word_names[count != 1]}"

    def opening(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Return the words from the first that is no filler."""
        start = next((i for i, word in enumerate(words) if word not in self.fillers), len(words))
        return words[start:]

    def is_question(self, text: str) -> bool:
        """Tell whether a text asks: by its mark, or by its first word when there is no mark at all."""
        stripped = text.strip()
        if stripped.endswith("?"):
            return True
        first = self.opening(tokens(stripped))[:1]
        return not stripped.endswith((".", "!")) and bool(first) and first[0] in self.questions

    def sounds_like(self, a: str, b: str) -> bool:
        """Tell whether two words sound alike."""
        return a == b or self.sound(a) == self.sound(b) or likeness(a, b) >= ALIKE

    def rhymes(self, a: str, b: str) -> bool:
        """Tell whether two different words rhyme, near enough."""
        return a != b and bool(self.tail(a)) and self.tail(a) == self.tail(b)

    def said_unknowing(self, text: str) -> bool:
        """Tell whether a text says that its speaker does not know."""
        words = " ".join(tokens(text))
        return any(phrase in words for phrase in self.unknowing)

    def giraffe(self, text: str) -> tuple[str, ...]:
        """Return which of the four steps a text takes."""
        words = " ".join(tokens(text))
        return tuple(step for step, pattern in self.steps.items() if re.search(pattern, words))


def words(text: str) -> frozenset[str]:
    """Return the words of a list written in one line."""
    return frozenset(text.split())


def ending(word: str, rules: tuple[tuple[str, str], ...], vowels: str, light: str) -> str:
    """Return a word from its last vowel on that carries the voice.

    `rules` bring the spelling near to the sound first; an ending that matches `light` is
    unstressed, so the vowel before it belongs to the rhyme too.
    """
    for pattern, sound in rules:
        word = re.sub(pattern, sound, word)
    groups = list(re.finditer(f"[{vowels}]+", word))
    if not groups:
        return ""
    weak = len(groups) > 1 and re.search(light, word) is not None
    return word[groups[-2 if weak else -1].start() :]
