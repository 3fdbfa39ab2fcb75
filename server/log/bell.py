"""One bell for all readers of a changes feed: it says that there is more to read, and queues nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable


class Bell:
    """Counts how often the log grew, and wakes who waits for the next time.

    Note `rings` before reading: what is stored during the read has rung by then and is not missed.
    """

    def __init__(self) -> None:
        self.rings = 0
        self._last: dict[str, int] = {}  # by kind of event: the ring that told of one
        self._last_of_any = 0
        self._rung = asyncio.Event()
        self._over = False

    def ring(self, kinds: Iterable[str] | None = None) -> None:
        """Tell that there is more to read: events of these kinds, None where that is not known."""
        self.rings += 1
        if kinds is None:
            self._last_of_any = self.rings
        else:
            self._last.update(dict.fromkeys(kinds, self.rings))
        self._rung.set()
        self._rung.clear()

    def close(self) -> None:
        """Wake everybody for the last time: the log ends."""
        self._over = True
        self.ring()

    async def wait(self, rings: int, kinds: Collection[str] | None = None) -> None:
        """Wait until it has rung more than `rings` times, for one of the kinds if any are given.

        Returns at once when the log has ended.
        """
        while not self._over and self._latest(kinds) <= rings:
            await self._rung.wait()

    def _latest(self, kinds: Collection[str] | None) -> int:
        """Return the number of the last ring that told of one of the kinds."""
        if kinds is None:
            return self.rings
        return max(self._last_of_any, *(self._last.get(kind, 0) for kind in kinds), 0)
