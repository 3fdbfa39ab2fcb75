"""Characters of hosts, as data: who they are, what they say in each language, and what they never do.

They are machines by name. All of `characters/` is read and checked once, at import.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from msgspec import Struct, ValidationError, convert

from games.first_thing import EVERYWHERE
from games.prompts import LANGUAGES
from games.words import tokens

FOLDER = Path(__file__).parent / "characters"
# A line must be spoken within 2.5 s; one that throws a topic may take longer.
LINE_WORDS, THROW_WORDS = 16, 24
# What stands in a line for something of the moment.
PLACES = frozenset({"name", "word", "other", "rest", "topic"})
# So many lines a character needs of each, so that a room does not hear the same one soon.
LEAST_LINES = {"hello": 6, "bye": 5, "throws": 12, "echoes": 12, "feeds": 10}


class Reaction(Struct, frozen=True, forbid_unknown_fields=True):
    """What is answered to what: phrases with at most one `*` (the rest), tried in order, and answers.

    What is `playful` is not for gentle characters.
    """

    hears: tuple[str, ...]
    says: tuple[str, ...]
    playful: bool = False


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A character in one language.

    `temper` and `never` say in sentences who it is and what it never does, for an engine that reads
    them; the rest are lines: `hello` and `bye` by `{name}`, `throws` are topics of its own, `echoes`
    answer with a `{word}` of what was said, and `{other}` is one that comes to mind; `feeds` are lines
    for people to voice. `gentle` answers what is hard, where a character has that: it plays with
    nothing then. Who `takes_insults` answers them by its patterns.
    """

    name: str
    temper: str
    never: tuple[str, ...]
    hello: tuple[str, ...]
    bye: tuple[str, ...]
    throws: tuple[str, ...]
    echoes: tuple[str, ...]
    feeds: tuple[str, ...]
    reacts: tuple[Reaction, ...]
    gentle: tuple[str, ...] = ()
    takes_insults: bool = False


class Character(Struct, frozen=True):
    """Who speaks where nobody else does, in the rooms of its `kinds`, through its mask."""

    id: str
    kinds: tuple[str, ...]
    mask: str
    parts: dict[str, Part]

    @property
    def names(self) -> dict[str, str]:
        """Return its name in each language."""
        return {language: part.name for language, part in self.parts.items()}

    @property
    def temper(self) -> dict[str, str]:
        """Return who it is, in each language."""
        return {language: part.temper for language, part in self.parts.items()}

    @property
    def never(self) -> dict[str, tuple[str, ...]]:
        """Return what it never does, in each language."""
        return {language: part.never for language, part in self.parts.items()}


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    kinds: tuple[str, ...]
    mask: str
    en: Part
    de: Part


class BadCharacter(ValueError):
    """A file of a character is not what it must be; says which, and why."""


def read(path: Path) -> Character:
    """Read and check the file of a character. Raises `BadCharacter`."""
    try:
        file = convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise BadCharacter(f"{path.name}: {error}") from error
    character = Character(path.stem, file.kinds, file.mask, {"en": file.en, "de": file.de})
    if wrong := faults(character):
        raise BadCharacter(f"{path.name}: {'; '.join(wrong)}")
    return character


def faults(character: Character) -> list[str]:
    """Return what is wrong with a character: its kinds, too few lines, long ones, unknown places."""
    unknown = sorted(set(character.kinds) - set(EVERYWHERE))
    found = [f"there is no kind of room {kind}" for kind in unknown]
    found += [] if character.kinds else ["it belongs to no kind of room"]
    for language, part in character.parts.items():
        found += [f"{language}: {fault}" for fault in _faults_of(part)]
    return found


def _faults_of(part: Part) -> list[str]:
    found = [
        f"{len(getattr(part, key))} of {least} {key}"
        for key, least in LEAST_LINES.items()
        if len(set(getattr(part, key))) < least
    ]
    found += [] if part.never and part.temper and part.name else ["it has no name, temper or limits"]
    lines = (*part.hello, *part.bye, *part.throws, *part.echoes, *part.feeds, *part.gentle, *_answers(part))
    for line in lines:
        most = THROW_WORDS if line in part.throws else LINE_WORDS
        found += [f"“{line}” is too long"] if len(tokens(line)) > most else []
        found += [] if tokens(line) else ["a line says nothing"]
        found += [] if _is_fillable(line) else [f"“{line}” names what is no place"]
    found += [f"“{line}” echoes nothing" for line in part.echoes if "{word}" not in line]
    found += [f"“{line}” greets nobody" for line in part.hello if "{name}" not in line]
    for reaction in part.reacts:
        stars = [phrase.count("*") for phrase in reaction.hears]
        found += [f"{reaction.hears} hears too much"] if max(stars, default=0) > 1 else []
        found += [] if all(map(tokens, reaction.hears or ("",))) else [f"{reaction.says} answers everything"]
        found += [] if reaction.says else [f"{reaction.hears} has no answer"]
        wants_rest = any("{rest}" in line for line in reaction.says)
        found += [f"{reaction.hears} leaves no rest"] if wants_rest and not all(stars) else []
    return found


def _answers(part: Part) -> list[str]:
    return [line for reaction in part.reacts for line in reaction.says]


def _is_fillable(line: str) -> bool:
    """Tell whether what stands in braces is known, and each brace closed."""
    try:
        line.format(**dict.fromkeys(PLACES, ""))
    except (KeyError, ValueError, IndexError):
        return False
    return True


CHARACTERS: dict[str, Character] = {path.stem: read(path) for path in sorted(FOLDER.glob("*.toml"))}
assert set(LANGUAGES) == {"en", "de"}


def of_kind(kind: str) -> Character:
    """Return the character of a kind of room; another where it has none."""
    fitting = (character for character in CHARACTERS.values() if kind in character.kinds)
    return next(fitting, None) or next(iter(CHARACTERS.values()))
