"""Choose the word of a text that is worth saying back, and tell what must never be said back."""

from __future__ import annotations

import re
from collections.abc import Callable

from games.words import tokens
from server.mind.lore import Lore
from server.mind.manners import is_swearing
from server.room import care, contacts, slurs
from server.room.events import Language

SHORTEST_WORD, LONGEST_WORD = 3, 24
# A word with so many others that come to mind is well known.
KNOWN_ENOUGH = 4
# A word that is neither known nor a noun says nothing in a sentence: it is hardly ever worth saying back.
WEAK_SCORE = 2.0
# Who is spoken to in any of the languages; a text of so few words speaks to whoever hears it.
ADDRESSED = frozenset(
    ("you", "your", "you're", "u", "ur", "du", "dein", "deine", "dich", "dir", "ihr", "euch")
)
SHORT_WORDS = 2
# Of a text so much is looked at: whatever is said, it costs little.
TEXT_LIMIT_CHARACTERS = 400

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_QUOTED = re.compile(r"[“„\"]([^“”„\"]{1,200})[”“\"]")


def is_touching(text: str, lore: Lore, language: Language) -> bool:
    """Tell whether a text is about a hard thing: nobody plays with that."""
    words = set(tokens(text))
    return not lore.grave.isdisjoint(words) or care.found(text, language)


def is_personal(text: str, lore: Lore) -> bool:
    """Tell whether who says a text speaks of themselves or theirs."""
    return not lore.own.isdisjoint(tokens(text))


def is_rude(text: str, lore: Lore) -> bool:
    """Tell whether a text swears, or insults whoever it speaks to; a king may be stupid in a story."""
    said = tokens(text)
    is_meant = len(said) <= SHORT_WORDS or not ADDRESSED.isdisjoint(said)
    return is_swearing(text) or (is_meant and not lore.rude.isdisjoint(said))


def is_unfit(text: str) -> bool:
    """Tell whether a text is answered with nothing: a way out of the room, or a word against a group."""
    return contacts.found(text) or slurs.found(text)


def keyword(text: str, lore: Lore, fits: Callable[[str], bool]) -> str:
    """Return the word of a text that says most and `fits`, else nothing.

    That is one with associations, a noun, a long one, one near the end.
    """
    text = text[:TEXT_LIMIT_CHARACTERS]
    best, best_score = "", WEAK_SCORE if len(tokens(text)) > SHORT_WORDS else 0.0
    for at in _WORD.finditer(text):
        word = at[0]
        if not SHORTEST_WORD <= len(word) <= LONGEST_WORD or _is_part(text, at) or not _is_echoed(word, lore):
            continue
        before = tokens(text[max(0, at.start() - LONGEST_WORD) : at.start()])[-1:]
        score = _score(word, before, at.start() / len(text), lore)
        if score > best_score and fits(word):
            best, best_score = spelled(word, lore, is_first=at.start() == 0), score
    return best


def _is_part(text: str, at: re.Match[str]) -> bool:
    """Tell whether a word is cut out of another: "don" of "don't"."""
    return text[at.end() : at.end() + 1] in ("'", "’") or text[at.start() - 1 : at.start()] in (
        "'",
        "’",
        "@",
        "#",
    )


def _is_echoed(word: str, lore: Lore) -> bool:
    plain = word.casefold()
    return plain not in lore.small and plain not in lore.rude and plain not in lore.grave


def _score(word: str, before: tuple[str, ...], share: float, lore: Lore) -> float:
    """Weigh a word: a noun, by its capital or what stands before it; known; long; near the end."""
    is_noun = before != () and (
        before[0] in lore.determiners or (lore.language == "de" and word[0].isupper())
    )
    known = min(len(lore.associated(word)), KNOWN_ENOUGH) / KNOWN_ENOUGH
    return 1.0 + 2.0 * known + 1.5 * is_noun + 0.5 * (len(word) >= 5) + share / 2


def spelled(word: str, lore: Lore, *, is_first: bool = False) -> str:
    """Return a word as it is written inside a sentence, one of many things as one."""
    known = lore.known_form(word)
    if known:
        return lore.spelled.get(known, known)
    return word.lower() if lore.language == "en" and (is_first or word.isupper()) else word


def quoted(text: str) -> str:
    """Return what stands between quotation marks, else nothing."""
    found = _QUOTED.search(text)
    return found[1].strip() if found else ""
