"""Running durable readers in tests: waiting until they have seen all there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from server.log.base import Log
from server.readers.base import Reader
from server.readers.runner import Patience, Readers, Runner
from tests.support.actors import now_ms

QUICK = Patience(tries=3, first_ms=1, longest_ms=4)
LIMIT_S = 30.0


async def caught_up(log: Log, runner: Runner) -> None:
    """Wait until a runner has seen every change and rests."""
    async with asyncio.timeout(LIMIT_S):
        while await log.changes(runner._position, 1) or runner._unread_ms is not None:
            await asyncio.sleep(0.002)


@asynccontextmanager
async def running(log: Log, *readers: Reader, patience: Patience = QUICK) -> AsyncIterator[list[Runner]]:
    """Run readers until the end of the block."""
    made = Readers(log, readers, clock=now_ms, patience=patience, later_s=0.0)
    made.start()
    try:
        yield made.runners
    finally:
        await made.close()
        await made.close()


async def read_all(log: Log, readers: Sequence[Reader]) -> None:
    """Run readers until each has seen every change."""
    async with running(log, *readers) as runners:
        for runner in runners:
            await caught_up(log, runner)
