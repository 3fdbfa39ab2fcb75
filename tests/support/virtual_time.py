"""An event loop whose time passes only when everybody waits: seconds go by at once, and nothing is late."""

from __future__ import annotations

import asyncio
from typing import Any

# How long, in real time, a datagram on loopback may be on its way; most are there before `send` returns.
IN_FLIGHT_S = 0.0005


class VirtualLoop(asyncio.SelectorEventLoop):
    """Real sockets of this process, and a clock that jumps to what is due next.

    What happens in other threads and processes takes real time, for which this loop does not wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1_000.0
        selector: Any = self._selector  # type: ignore[attr-defined]
        own_sockets = len(selector.get_map())
        select = selector.select

        def jump(timeout: float | None) -> object:
            ready = select(0)
            if ready or timeout == 0:
                return ready
            if timeout is None:
                return select(None)
            if len(selector.get_map()) > own_sockets and (ready := select(IN_FLIGHT_S)):
                return ready
            self.now_s += max(0.0, timeout)
            return ready

        selector.select = jump

    def time(self) -> float:
        """Return the seconds of the clock that jumps."""
        return self.now_s
