"""Find what somebody says of themselves who may need help: despair, and thoughts of harming oneself. Pure.

Nothing is refused, held or noted for it: who said it is shown where help is, and nobody else learns of it.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

from server.room.events import Language
from server.room.text import folded

FILE = Path(__file__).parent / "words" / "care.toml"

_BETWEEN = re.compile(r"[^\w]+")


def found(text: str, language: Language) -> bool:
    """Tell whether who says a text may need help."""
    plain = _BETWEEN.sub(" ", folded(text)).strip()
    innocent, phrases = _patterns(language)
    return phrases.search(plain) is not None and phrases.search(innocent.sub(" ", plain)) is not None


@cache
def _patterns(language: Language) -> tuple[re.Pattern[str], re.Pattern[str]]:
    lists = tomllib.loads(FILE.read_text(encoding="utf-8"))[language]
    return _any_of(lists["innocent"]), _any_of(lists["phrases"])


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b")
