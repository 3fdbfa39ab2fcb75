"""What a language model answered: how much of it is a line to say, or why it is none. Pure."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from functools import lru_cache
from unicodedata import name as named

# Where a sentence ends, with what closes behind it.
_END = re.compile(r"[.!?…]+[\"'”’“»)]*(?=\s|$)")
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_SPEAKER = re.compile(r"^\s*(?:\*\*)?(?:assistant|answer|antwort)(?:\*\*)?\s*:(?:\*\*)?\s*", re.IGNORECASE)
# Calls of tools, markers of turns, code and data: nobody says these.
_MACHINERY = re.compile(
    r"[{}]|<[/|]?\w|\|>|```|\[/?(?:INST|SYS|TOOL\w*)\]|\b(?:tool|function)_?calls?\b|\"arguments\"|\bfunctions\.\w"
    r"|\b(?:javascript|vbscript|data|file):\S|\b\w+\(\S*\)|\w\.\w+\("
    r"|^\s*(?:system|user|developer|tool)\s*[:>]",
    re.IGNORECASE | re.MULTILINE,
)
# So many letters in a row of what the model was told (about five words), whatever stands between them, are
# taken for a repetition of it.
TOLD_LETTERS = 24
# An answer that is nothing but a piece of it may be no longer than a word.
WHOLE_LETTERS = 13
# Letters of other scripts in a line: a name may be in Greek, a sentence not.
FOREIGN_SHARE = 0.2
_CODED = re.compile(r"[A-Za-z0-9+/=_-]{16,}")

# The commonest small words of a language, without those that are words of another one here.
_SMALL = {
    "en": "the a an is are were you your i it that this and of to on my me we what do not with for have has "
    "they be at from but can",
    "de": "der das ein eine einen ist sind du dein ich es und von zu im auf mein mir wir nicht mit für haben "
    "den dem sie aber auch wie noch wer",
    "fr": "le les des une est et je vous nous pas que dans pour avec sur qui ce cette au mais",
    "es": "el los las una es que por con y muy pero como para se lo mi tu en del al",
    "it": "il che di per non sono una della nel con mi si gli ho anche questo come più",
    "pt": "os uma que não com para por meu seu você em isso mas muito",
    "nl": "het een van ik je niet dat zijn op te met voor maar ook wij jij aan naar",
    "pl": "nie to jest się na do że jak ale za co tak po od",
}  # fmt: skip
SMALL_WORDS = {language: frozenset(words.split()) for language, words in _SMALL.items()}


def whole(text: str) -> str:
    """Return what of a text that was cut off is whole: up to the end of its last sentence."""
    ends = [match.end() for match in _END.finditer(text)]
    return text[: ends[-1]].strip() if ends else ""


def short(text: str, words: int) -> str:
    """Return as many whole sentences as have no more words; nothing where the first has."""
    if len(text.split()) <= words:
        return text
    ends = [match.end() for match in _END.finditer(text) if len(text[: match.end()].split()) <= words]
    return text[: ends[-1]].strip() if ends else ""


def without_thought(text: str) -> str:
    """Return what was said aloud: some models think first, between two marks."""
    said = text.strip()
    thought = _THOUGHT.match(said)
    return said[thought.end() :].strip() if thought else said


def without_speaker(text: str) -> str:
    """Return a line without the mark of a model's turn before it."""
    return _SPEAKER.sub("", text, count=1)


def is_machinery(text: str) -> bool:
    """Return whether a text holds what only programs say: calls of tools, markers, code."""
    return bool(_MACHINERY.search(text))


def is_in(text: str, language: str) -> bool:
    """Return whether a line may be in a language: no script but Latin, no more words of another one."""
    letters = [letter for letter in text if letter.isalpha()]
    foreign = sum(not named(letter, "").startswith("LATIN") for letter in letters)
    if foreign > FOREIGN_SHARE * len(letters):
        return False
    words = set(re.findall(r"\w+", text.lower()))
    own = len(words & SMALL_WORDS.get(language, frozenset()))
    return all(len(words & small) <= own for other, small in SMALL_WORDS.items() if other != language)


def repeats(text: str, told: str) -> bool:
    """Return whether a text holds a piece of what the model was told, also backwards or in a code."""
    pieces, everything = _pieces(told), _letters(told)
    forms = _forms(text)
    is_piece = any(len(form) >= WHOLE_LETTERS and form in everything for form in forms)
    return is_piece or any(_shares(form, pieces) for form in forms)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


@lru_cache(maxsize=64)
def _pieces(told: str) -> frozenset[str]:
    letters = _letters(told)
    return frozenset(letters[at : at + TOLD_LETTERS] for at in range(len(letters) - TOLD_LETTERS + 1))


def _shares(letters: str, pieces: frozenset[str]) -> bool:
    return any(letters[at : at + TOLD_LETTERS] in pieces for at in range(len(letters) - TOLD_LETTERS + 1))


def _forms(text: str) -> list[str]:
    """Return the letters of a text as they may be read: as they are, backwards, shifted, decoded."""
    plain = _letters(text)
    forms = [plain, plain[::-1], codecs.encode(plain, "rot13")]
    forms.append("".join(_letters(word)[::-1] for word in text.split()))
    return forms + [_letters(found) for word in _CODED.findall(text) for found in _decoded(word)]


def _decoded(word: str) -> list[str]:
    found = []
    for decode in (_base64, bytes.fromhex):
        try:
            found.append(decode(word).decode("utf-8", "replace"))
        except (ValueError, binascii.Error):
            continue
    return found


def _base64(word: str) -> bytes:
    bare = word.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4))
