"""Answer by patterns, and say the rest back with its pronouns turned round (ELIZA, Weizenbaum 1966)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from msgspec import Struct

from games.characters import Reaction
from games.words import tokens
from server.mind.lore import Lore

# More than this is not said back: it would hardly be grammar.
REST_WORDS = 5

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_STOP = re.compile(r"[.,;:!?…–—]")


class Match(Struct, frozen=True):
    """Answers that fit what was heard, and the rest of it as said back."""

    says: tuple[str, ...]
    rest: str = ""


def matches(text: str, reactions: Iterable[Reaction], lore: Lore) -> Iterator[Match]:
    """Yield what fits a text, in the order in which the reactions stand."""
    said = " ".join(tokens(text))
    for reaction in reactions:
        for phrase in reaction.hears:
            found = _heard(phrase, said, text)
            if found is None:
                continue
            rest = reflected(found, lore)
            says = tuple(line for line in reaction.says if rest or "{rest}" not in line)
            if says:
                yield Match(says, rest)
                break


def _heard(phrase: str, said: str, text: str) -> str | None:
    """Return the rest that a phrase leaves of a text, None where it does not fit.

    A phrase of one word is the whole text; a longer one may stand anywhere, and begins a clause when a
    rest follows.
    """
    head, star, _ = phrase.partition("*")
    words = " ".join(tokens(head))
    if not star:
        is_whole = said == words
        return "" if is_whole or (" " in words and f" {words} " in f" {said} ") else None
    wanted = tuple(words.split())
    for clause, after in pairwise([*_STOP.split(text), ""]):
        plain = tokens(clause)
        if plain[: len(wanted)] == wanted and (len(plain) > len(wanted) or tokens(after)):
            pieces = [at[0] for at in _WORD.finditer(clause)]
            return " ".join(pieces[len(wanted) :] or _WORD.findall(after))
    return None


def reflected(rest: str, lore: Lore) -> str:
    """Return a rest as it is said back: my is your; nothing when it is too long, or names no thing."""
    words: list[str] = []
    for word in rest.split():
        if word.casefold() in lore.cuts and words:
            break
        words.append(lore.words.reflect.get(word.casefold().replace("’", "'"), word))
    if lore.language == "de":  # a participle at the end belongs to the phrase
        nouns = [at for at, word in enumerate(words) if word[:1].isupper()]
        words = words[: nouns[-1] + 1] if nouns else words
    is_thing = len(words) == 1 or bool(words and words[0].casefold() in lore.determiners)
    return " ".join(words) if is_thing and len(words) <= REST_WORDS else ""
