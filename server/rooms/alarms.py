"""When sleeping rooms are due: one heap and one timer for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush

from server.rooms.timer import LONGEST_WAIT_MS

STALE_SHARE = 2  # the heap is made anew when it holds more than this many times what is set


class Alarms:
    """Tells of each room once, when it is due; a later `set` replaces the one before."""

    def __init__(self, clock: Callable[[], int], ring: Callable[[str], None]) -> None:
        self._clock, self._ring = clock, ring
        self._due_ms: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many rooms are waited for."""
        return len(self._due_ms)

    def set(self, room: str, due_ms: int) -> None:
        """Ring for a room at a time, in epoch ms."""
        self._due_ms[room] = due_ms
        heappush(self._heap, (due_ms, room))
        if len(self._heap) > STALE_SHARE * len(self._due_ms) + 1:
            self._heap = [(at_ms, id_) for id_, at_ms in self._due_ms.items()]
            heapify(self._heap)
        self._start()

    def cancel(self, room: str) -> None:
        """Do not ring for a room; may be called for one that is not waited for."""
        self._due_ms.pop(room, None)

    def close(self) -> None:
        """Stop ringing; may be called again."""
        self._due_ms.clear()
        self._heap.clear()
        self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        self._stop()
        if self._heap:
            wait_ms = min(max(self._heap[0][0] - self._clock(), 0), LONGEST_WAIT_MS)
            self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self.ring)

    def ring(self) -> None:
        """Tell of all that is due now."""
        now_ms = self._clock()
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, room = heappop(self._heap)
            if self._due_ms.get(room) == due_ms:
                del self._due_ms[room]
                self._ring(room)
        self._start()
