"""Clean what visitors write: no controls, no invisible or direction-changing characters, no zalgo."""

from __future__ import annotations

import unicodedata

# A base character may carry this many marks: enough for every living script, too few for zalgo.
MARKS_LIMIT = 4
# Joiner and variation selector hold emoji together; every other format character goes.
_KEPT_FORMAT = "\u200d\ufe0f"


def cleaned(text: str) -> str:
    """Return the text with white space folded and hostile characters dropped."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} and character != "\ufe0f" else 0
        if marks > MARKS_LIMIT or (category in {"Cf", "Cs", "Co", "Cn"} and character not in _KEPT_FORMAT):
            continue
        kept.append(" " if category == "Cc" or character.isspace() else character)
    return " ".join("".join(kept).split())


def is_emoji(text: str) -> bool:
    """Tell whether a text looks like one emoji: few characters, symbols only."""
    symbols = sum(unicodedata.category(character) in {"So", "Sk"} for character in text)
    rest = all(
        unicodedata.category(character) in {"So", "Sk", "Mn", "Me", "Cf", "Sm", "Po"}
        or character in "#*0123456789"
        for character in text
    )
    return 1 <= len(text) <= 12 and rest and (symbols >= 1 or text.endswith("\u20e3") or text in {"‼️", "⁉️"})
