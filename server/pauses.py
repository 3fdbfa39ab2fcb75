"""How long to wait before something that failed is tried again. Pure."""

from __future__ import annotations

_DOUBLINGS = 30


def doubled(failures: int, first: float, longest: float) -> float:
    """Return the pause after so many failures in a row: doubled each time, up to the longest."""
    return min(first * 2.0 ** min(failures - 1, _DOUBLINGS), longest)
