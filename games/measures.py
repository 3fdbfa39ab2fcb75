"""What can be measured of a take, as values that a verdict uses."""

from __future__ import annotations

from typing import Literal

from games.round import Take, Tempo

Band = Literal["ahead", "spontaneous", "editing", "blocked"]
# Ends of the bands in ms after "go": under 600 guessed ahead (preparing a word takes over 600 ms,
# Levinson and Torreira 2015), to 2 s spontaneous, to 4 s editing, then blocked.
BAND_ENDS_MS: tuple[tuple[int, Band], ...] = ((600, "ahead"), (2_000, "spontaneous"), (4_000, "editing"))


def band(reaction_ms: int) -> Band:
    """Return how spontaneous a reaction time is."""
    return next((name for end_ms, name in BAND_ENDS_MS if reaction_ms < end_ms), "blocked")


def is_one_word_long(take: Take, tempo: Tempo) -> bool:
    """Tell whether a take can hold one word only; slow speakers have double the time."""
    return take.duration_ms <= (2_500 if tempo == "snap" else 5_000)


def last_word(take: Take) -> str | None:
    """Return the last word of a captioned take."""
    return take.words[-1] if take.words else None
