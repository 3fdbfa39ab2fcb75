"""What every character knows of a language: words, associations, answers, and what is said in games."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from msgspec import Struct, convert

from games.characters import Reaction
from games.prompts import LANGUAGES, pack
from games.words import tokens

FOLDER = Path(__file__).parent / "words"
# What a word may have at its end in another form.
ENDINGS = ("s", "es", "n", "en", "e", "er")


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The file of a language. A list of words is one text; of associations the first word has the others."""

    small: str
    cuts: str
    reflect: dict[str, str]
    rude: str
    grave: str
    own: str
    insulted: tuple[str, ...]
    topics: tuple[str, ...]
    stirred: tuple[str, ...]
    associations: tuple[str, ...]
    reacts: tuple[Reaction, ...]


class Plays(Struct, frozen=True, forbid_unknown_fields=True):
    """The file of what is said in games; `rations` by the number of words, `clues` by what they tell of."""

    things: tuple[str, ...]
    nouns: tuple[str, ...]
    firsts: tuple[str, ...]
    fortunately: tuple[str, ...]
    unfortunately: tuple[str, ...]
    ands: tuple[str, ...]
    buts: tuple[str, ...]
    questions: tuple[str, ...]
    last_first: tuple[str, ...]
    rations: tuple[tuple[str, ...], ...]
    story: tuple[str, ...]
    translations: tuple[str, ...]
    bar: tuple[str, ...]
    worst: tuple[str, ...]
    choices: tuple[str, ...]
    rhymes: tuple[str, ...]
    half_lives: tuple[str, ...]
    answers: tuple[str, ...]
    insults: tuple[str, ...]
    giraffes: tuple[str, ...]
    talks: tuple[str, ...]
    sounds: tuple[str, ...]
    whys: tuple[str, ...]
    thanks: tuple[str, ...]
    scenes: tuple[str, ...]
    syllables: str
    whats: tuple[str, ...]
    letters: tuple[str, ...]
    next_words: dict[str, tuple[str, ...]]
    word_classes: dict[str, str]
    clues: dict[str, str]


class Lore(Struct, frozen=True):
    """A language as it is asked.

    `near` are the words that one brings to mind, `spelled` is how they are written.
    """

    language: str
    words: Words
    plays: Plays
    small: frozenset[str]
    cuts: frozenset[str]
    rude: frozenset[str]
    grave: frozenset[str]
    own: frozenset[str]
    determiners: frozenset[str]
    near: dict[str, tuple[str, ...]]
    spelled: dict[str, str]

    def associated(self, word: str) -> tuple[str, ...]:
        """Return what comes to mind for a word in one of its forms; none for one that nobody has told of."""
        return self.near.get(self.known_form(word), ())

    def known_form(self, word: str) -> str:
        """Return a word, or what it is without an ending, if anything comes to mind for that."""
        plain = word.casefold()
        forms = (plain, *(plain.removesuffix(end) for end in ENDINGS if len(plain) > len(end) + 2))
        return next((form for form in forms if form in self.near), "")


@cache
def lore(language: str) -> Lore:
    """Read what is known of a language, once."""
    words = convert(_read(language), Words)
    plays = convert(_read(f"{language}_moves"), Plays)
    near = _near(language, words)
    spelled = {word.casefold(): word for group in near.values() for word in group}
    rude = " ".join(convert(_read(each), Words).rude for each in LANGUAGES)  # people insult in any of them
    texts = words.small, words.cuts, rude, words.grave, words.own, plays.word_classes["article"]
    small, cuts, insults, grave, own, determiners = (frozenset(text.casefold().split()) for text in texts)
    return Lore(language, words, plays, small, cuts, insults, grave, own, determiners, near, spelled)


def _read(name: str) -> dict[str, object]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _near(language: str, words: Words) -> dict[str, tuple[str, ...]]:
    """Return the words that belong together, both ways: of the file, and of the prompts."""
    groups = [tuple(line.split()) for line in words.associations]
    for card in pack(language, "forbidden"):
        head, _, others = card.text.partition(":")
        if len(tokens(head)) == 1:
            groups.append((head.strip(), *(other.strip() for other in others.split(","))))
    near: dict[str, dict[str, None]] = {}
    for group in groups:
        near.setdefault(group[0].casefold(), {}).update(dict.fromkeys(group[1:]))
    for group in groups:
        for other in group[1:]:
            near.setdefault(other.casefold(), {}).setdefault(group[0])
    return {word: tuple(others) for word, others in near.items()}
