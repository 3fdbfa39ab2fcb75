"""Waiting for takes under way, up to a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

# SIGTERM waits this long for takes that are open or being finished.
DRAIN_MS = 15_000
# ... and cuts those that still run when this much of it is left, for the finish needs time too.
FINISH_MS = 3_000


def cut_before_end_ms(within_ms: int) -> float:
    """Return how long before the end of a drain takes are cut."""
    return min(FINISH_MS, within_ms / 2)


async def quiet(under_way: Callable[[], Sequence[asyncio.Future[Any]]], deadline_s: float) -> None:
    """Wait until nothing is under way, or until the deadline (by the loop's clock)."""
    loop = asyncio.get_running_loop()
    while (waiting := under_way()) and (left_s := deadline_s - loop.time()) > 0:
        await asyncio.wait(waiting, timeout=left_s)
