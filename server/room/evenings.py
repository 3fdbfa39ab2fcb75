"""Evenings of a room: stretches of clips without a long pause. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

HOUR_MS = 60 * 60 * 1000
# Who comes back after a longer silence begins another evening.
PAUSE_MS = 3 * HOUR_MS


class Evening(Struct, frozen=True):
    """A stretch of clips: when the first and the last of them landed, and how many there are."""

    from_ms: int
    to_ms: int
    clips: int

    def is_over(self, now_ms: int) -> bool:
        """Tell whether no clip that lands now is of it."""
        return now_ms - self.to_ms > PAUSE_MS

    @property
    def number(self) -> int:
        """Return a number that no other evening of the room has, and that stays when a first clip is removed.

        Evenings begin more than a pause apart, so each has a cell of that width to itself.
        """
        return self.from_ms // PAUSE_MS


def evenings(newest: Iterable[int]) -> Iterator[Evening]:
    """Yield the evenings of clips that landed at these times, the newest first in both."""
    to_ms = from_ms = clips = 0
    for at_ms in newest:
        if clips and from_ms - at_ms > PAUSE_MS:
            yield Evening(from_ms, to_ms, clips)
            clips = 0
        to_ms = to_ms if clips else at_ms
        from_ms, clips = min(at_ms, from_ms) if clips else at_ms, clips + 1
    if clips:
        yield Evening(from_ms, to_ms, clips)
