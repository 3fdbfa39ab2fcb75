"""One bell for all readers of a changes feed: it says that there is more to read, and queues nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable


class Bell:
    """Counts how often the log grew, and wakes who waits for the next time.

    Note `rings` before reading: what is stored during the read has rung by then and is not missed. Who waits
    for some kinds of events costs nothing while others come.
    """

    def __init__(self) -> None:
        self.rings = 0
        self._last: dict[str, int] = {}  # by kind of event: the ring that told of one
        self._last_of_any = 0  # ... and the one that did not say of which
        self._waiting: dict[asyncio.Future[None], Collection[str] | None] = {}
        self._over = False

    def ring(self, kinds: Iterable[str] | None = None) -> None:
        """Tell that there is more to read: events of these kinds, None where that is not known."""
        self.rings += 1
        told = None if kinds is None else frozenset(kinds)
        if told is None:
            self._last_of_any = self.rings
        else:
            self._last.update(dict.fromkeys(told, self.rings))
        for future, wanted in self._waiting.items():
            if (told is None or wanted is None or not told.isdisjoint(wanted)) and not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Wake everybody for the last time: the log ends."""
        self._over = True
        self.ring()

    async def wait(self, rings: int, kinds: Collection[str] | None = None) -> None:
        """Wait until it has rung more than `rings` times, for one of the kinds if any are given.

        Returns at once when the log has ended.
        """
        while not self._over and self._latest(kinds) <= rings:
            future = asyncio.get_running_loop().create_future()
            self._waiting[future] = kinds
            try:
                await future
            finally:
                del self._waiting[future]

    def _latest(self, kinds: Collection[str] | None) -> int:
        """Return the number of the last ring that told of one of the kinds."""
        if kinds is None:
            return self.rings
        return max([self._last_of_any, *(self._last.get(kind, 0) for kind in kinds)])
