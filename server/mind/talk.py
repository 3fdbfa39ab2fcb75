"""What a line is wanted for, and how one of several templates becomes it: never one that was said before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from random import Random

from msgspec import Struct

from games.characters import Character, Part
from games.words import tokens
from server.mind.keywords import is_unfit, keyword
from server.mind.lore import Lore, lore
from server.room.events import Language

# So many of the newest lines are looked at.
LINES_LIMIT = 50
TEMPLATES_KNOWN = 4_096

_PLACE = re.compile(r"\{(\w+)\}")


class Talk(Struct, frozen=True):
    """The moment that wants a line.

    `lines` are all that was said, newest last, `heard` those of people; for the rest see `Request` of the
    text engines.
    """

    purpose: str
    character: Character
    language: Language
    lines: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    name: str = ""
    game: str = ""
    rule: str = ""
    prompt: str = ""
    secret: str = ""
    words: int = 0
    said: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    seed: int = 0

    @property
    def part(self) -> Part:
        """Return the character in the language that is spoken."""
        return self.character.parts[self.language]

    @property
    def lore(self) -> Lore:
        """Return what is known of the language."""
        return lore(self.language)

    @property
    def last(self) -> str:
        """Return what a person said last."""
        return self.heard[-1] if self.heard else ""

    def random(self) -> Random:
        """Return chance as the seed has it, of its own for each moment."""
        moment = (self.seed, self.character.id, self.purpose, self.game, self.rule, self.last)
        return Random("|".join(map(str, moment)))

    def keyword(self, *texts: str) -> str:
        """Return the word worth saying back of the first text that has one."""
        return next(filter(None, (keyword(text, self.lore, _fits) for text in texts)), "")

    def associated(self, word: str, random: Random) -> str:
        """Return a word that comes to mind; none for a word that nobody has told of."""
        near = [other for other in self.lore.associated(word) if other.casefold() != word.casefold()]
        return random.choice(near) if near else ""


def _fits(word: str) -> bool:
    return not is_unfit(word)


def filled(template: str, values: dict[str, str]) -> str | None:
    """Return a template with its values, with a capital at its beginning; None where one is missing."""
    places = _PLACE.findall(template)
    if any(not values.get(place) for place in places):
        return None
    line = _PLACE.sub(lambda at: values[at[1]], template)
    return line[:1].upper() + line[1:]


def choose(templates: Iterable[str], talk: Talk, random: Random, **values: str) -> str | None:
    """Return a template at random, filled: one that was not used lately, else one that was not said so."""
    return next(choices(templates, talk, random, **values), None)


def choices(templates: Iterable[str], talk: Talk, random: Random, **values: str) -> Iterator[str]:
    """Yield filled templates in random order, the least used lately first; none that is too long."""
    values = {"name": talk.name, "me": talk.part.name, **values}
    order = list(templates)
    random.shuffle(order)
    said = [_plain(line) for line in talk.said[-LINES_LIMIT:]]
    used = {template: _age(template, said) for template in order}
    for template in sorted(order, key=lambda template: used[template]):
        line = filled(template, values)
        if line is not None and _plain(line) not in said and not 0 < talk.words < len(line.split()):
            yield line


def _age(template: str, said: Sequence[str]) -> int:
    """Return 0 for a template that was not used, else more the later it was."""
    shape = _shape(template)
    return max((at + 1 for at, line in enumerate(said) if shape.fullmatch(line)), default=0)


@lru_cache(TEMPLATES_KNOWN)
def _shape(template: str) -> re.Pattern[str]:
    """Return what matches each line that a template may have become."""
    pieces = [re.escape(" ".join(tokens(piece))) for piece in _PLACE.split(template)[::2]]
    return re.compile(".*".join(pieces))


def _plain(text: str) -> str:
    return " ".join(tokens(text))
