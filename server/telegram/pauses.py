"""How long to wait before Telegram is asked again. Pure."""

from __future__ import annotations

from server.pauses import doubled

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0


def pause_s(failures: int, longest_s: float = LONGEST_PAUSE_S) -> float:
    """Return the pause after so many failures in a row."""
    return doubled(failures, FIRST_PAUSE_S, longest_s)
