"""How long to wait before something that failed is tried again. Pure."""

from __future__ import annotations

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
_DOUBLINGS = 30


def pause_s(failures: int, longest_s: float = LONGEST_PAUSE_S) -> float:
    """Return the pause after so many failures in a row: doubled each time, up to the longest."""
    return min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, _DOUBLINGS), longest_s)
