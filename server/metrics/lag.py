"""Measure how late the event loop runs its timers, and so sends packets of sound."""

from __future__ import annotations

import asyncio
from collections import deque

# Four looks a second for a minute. Twenty took two thirds of what a server without visitors costs.
LOOK_EVERY_S = 0.25
LOOKS = 240


class Lag:
    """The delays of the last minute, in seconds."""

    def __init__(self, looks: int = LOOKS) -> None:
        self._delays: deque[float] = deque(maxlen=looks)

    def note(self, delay_s: float) -> None:
        """Note how much later than wished a timer fired."""
        self._delays.append(max(0.0, delay_s))

    def quantile(self, share: float) -> float:
        """Return the delay that this share of the looks stayed below; 0 before the first."""
        if not self._delays:
            return 0.0
        ordered = sorted(self._delays)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    async def watch(self, every_s: float = LOOK_EVERY_S) -> None:
        """Look for as long as the task runs."""
        loop = asyncio.get_running_loop()
        while True:
            wished = loop.time() + every_s
            await asyncio.sleep(every_s)
            self.note(loop.time() - wished)
