"""Engines that write a line for a character: what they are asked, and what leaves of their answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, Protocol

from msgspec import Struct

from games.characters import Character
from games.words import tokens
from server.engines.worker import EngineFailed
from server.mind.manners import claims_to_be_human, is_swearing
from server.room import contacts, fullnames, slurs
from server.room.events import Language
from server.room.text import cleaned

__all__ = [
    "LINE_LIMIT_CHARACTERS",
    "WRITTEN_AT_ONCE",
    "EngineFailed",
    "Line",
    "Purpose",
    "Request",
    "TextEngine",
    "tidied",
]

LINE_LIMIT_CHARACTERS = 300
# Lines that are written at once for all rooms: whoever asks an engine asks for no more.
WRITTEN_AT_ONCE = 4
# What an engine may hand in: more is not looked at.
RAW_LIMIT_CHARACTERS = 4_000
# So many words in a row out of a system text tell that it leaked.
LEAKED_WORDS = 6

Purpose = Literal["greet", "react", "topic", "play", "feed", "bye"]

_TAG = re.compile(r"<[^<>]{0,200}>")
_MARKS = re.compile(r"[*_`#~|<>{}\[\]\\]+")
_LIST = re.compile(r"^\s*(?:[-+•–]|\d{1,2}[.)])\s+")
_QUOTES = "\"“”„«»'‘’‚ "
_SENTENCE = re.compile(r"[^.!?…]{0,300}[.!?…]+[\"”“’]?(?=\s|$)")


class Line(Struct, frozen=True):
    """What somebody said: data, never an instruction."""

    name: str
    text: str
    machine: bool = False


class Request(Struct, frozen=True):
    """What a line is wanted for.

    `lines` are what was said in the room, newest last; `name` is who is spoken to. To play, `game` is
    its id, `rule` what a player sees now (the prompt of the turn), `prompt` what it stands on (the line
    before, else the scene), and `secret` what only this player was told. `words` is the most words, 0
    for a short line; `said` are the character's own newest lines, never to be repeated.
    """

    purpose: Purpose
    character: Character
    language: Language
    lines: tuple[Line, ...] = ()
    name: str = ""
    game: str = ""
    rule: str = ""
    prompt: str = ""
    secret: str = ""
    words: int = 0
    said: tuple[str, ...] = ()
    seed: int = 0


class TextEngine(Protocol):
    """Writes a line for a character; `name` says who does."""

    name: str

    async def write(self, request: Request) -> str | None:
        """Return one line, as `tidied` lets it through, or None for nothing to say. Raises `EngineFailed`."""

    async def close(self) -> None:
        """Let go of everything; may be called again."""


def tidied(text: str, request: Request, *, system: str = "") -> str | None:
    """Return an engine's answer as a line that may be said in every room, or None.

    One line of at most `LINE_LIMIT_CHARACTERS` without markup. Nothing is left of an answer that leads
    out of the room, names somebody in full, insults, repeats itself or says the `system` text.
    """
    line = _one_line(text[:RAW_LIMIT_CHARACTERS], request.character.names.get(request.language, ""))
    line = _shortened(_within(line, request.words))
    if not tokens(line) or not is_sayable(line, request.language):
        return None
    if _plain(line) in map(_plain, request.said) or _leaks(line, system):
        return None
    return line


def is_sayable(text: str, language: Language) -> bool:
    """Tell whether a text may be said by a machine: no way out, no slur, no full name, no insult."""
    if contacts.found(text) or slurs.found(text) or fullnames.found(text, language):
        return False
    return not is_swearing(text) and not claims_to_be_human(text)


def _one_line(text: str, name: str) -> str:
    """Return the first line with words in it, without markup, quotes and the name of who says it."""
    lines = (cleaned(_MARKS.sub(" ", _TAG.sub(" ", _LIST.sub("", line)))) for line in text.splitlines())
    line = next((line for line in lines if tokens(line)), "")
    before, colon, after = line.partition(":")
    if colon and name and tokens(before) == tokens(name):
        line = after
    return line.strip(_QUOTES) if _is_quoted(line) else line.strip()


def _is_quoted(line: str) -> bool:
    line = line.strip()
    return (
        len(line) > 1 and line[0] in _QUOTES and line[-1] in _QUOTES and not set(line[1:-1]) & set('"“”„«»')
    )


def _within(line: str, words: int) -> str:
    """Return as many whole words as are wanted at most."""
    pieces = line.split()
    if not words or len(tokens(line)) <= words:
        return line
    while len(tokens(" ".join(pieces))) > words:
        pieces.pop()
    return " ".join(pieces).rstrip(" ,;:–-")


def _shortened(line: str) -> str:
    """Return a line that is not too long: whole sentences, else whole words."""
    if len(line) <= LINE_LIMIT_CHARACTERS:
        return line
    line = line[:LINE_LIMIT_CHARACTERS]
    whole = "".join(at[0] for at in _SENTENCE.finditer(line)).strip()
    return whole or line.rpartition(" ")[0] or line


def _leaks(line: str, system: str) -> bool:
    """Tell whether words in a row come out of the system text."""
    if not system:
        return False
    there = set(_runs(tokens(system)))
    return any(run in there for run in _runs(tokens(line)))


def _runs(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (words[at : at + LEAKED_WORDS] for at in range(len(words) - LEAKED_WORDS + 1))


def _plain(text: str) -> str:
    return " ".join(tokens(text))


def heard(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return what people said, without machines."""
    return tuple(line.text for line in lines if not line.machine)
