"""Which of our languages a visitor reads best."""

from __future__ import annotations

from typing import Literal, get_args

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def language(accept: str) -> Language:
    """Return the best of our languages for an `Accept-Language` header (RFC 9110 12.5.4)."""
    best, best_quality = LANGUAGES[0], 0.0
    for part in accept.split(","):
        name, _, rest = part.strip().partition(";")
        primary = name.strip().lower().partition("-")[0]
        quality = _quality(rest)
        ours = next((each for each in LANGUAGES if each == primary), None)
        if ours is not None and quality > best_quality:
            best, best_quality = ours, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
