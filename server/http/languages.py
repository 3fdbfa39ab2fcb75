"""Which of our languages a visitor reads best."""

from __future__ import annotations

LANGUAGES = ("en", "de")


def language(accept: str) -> str:
    """Return the best of our languages for an `Accept-Language` header (RFC 9110 12.5.4)."""
    best, best_quality = LANGUAGES[0], 0.0
    for part in accept.split(","):
        name, _, rest = part.strip().partition(";")
        primary = name.strip().lower().partition("-")[0]
        quality = _quality(rest)
        if primary in LANGUAGES and quality > best_quality:
            best, best_quality = primary, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
