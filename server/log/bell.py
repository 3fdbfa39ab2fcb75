"""One bell for all readers of a changes feed: it says that there is more to read, and queues nothing."""

from __future__ import annotations

import asyncio


class Bell:
    """Counts how often the log grew, and wakes who waits for the next time.

    Note `rings` before reading: what is stored during the read has rung by then and is not missed.
    """

    def __init__(self) -> None:
        self.rings = 0
        self._rung = asyncio.Event()
        self._over = False

    def ring(self) -> None:
        """Tell that there is more to read."""
        self.rings += 1
        self._rung.set()
        self._rung.clear()

    def close(self) -> None:
        """Wake everybody for the last time: the log ends."""
        self._over = True
        self.ring()

    async def wait(self, rings: int) -> None:
        """Wait until it has rung more than `rings` times; returns at once when the log has ended."""
        while self.rings <= rings and not self._over:
            await self._rung.wait()
