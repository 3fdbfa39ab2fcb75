"""Recordings that are tried through a mask and land nowhere: one at a time, for others wait to land."""

from __future__ import annotations

import asyncio

from audio.take import LONGEST_TRIED_MS, Clip, Limits, Mask
from server.room.commands import Refused
from server.room.ids import unguessable
from server.takes.finisher import Finisher

# Who tries a mask costs as much as an upload. A class that tries them at once waits some 5 s.
TRIED_AT_ONCE = 1
WAITING_MOST = 16
RETRY_AFTER_MS = 2_000


class TriedMasks:
    """Finishes what is only tried: of the two uploads that are finished at once one always may land."""

    def __init__(self, finisher: Finisher) -> None:
        self._finisher = finisher
        self._turns = asyncio.Semaphore(TRIED_AT_ONCE)
        self._waiting = 0

    async def hear(self, body: bytes, media_type: str, mask: str, *, reduces_noise: bool = False) -> Clip:
        """Return what a recording is through a mask. Raises `Unfit`, and `Refused` when too many try."""
        if self._waiting >= WAITING_MOST:
            raise Refused("busy", "Many try masks on just now. Try again in a moment.", RETRY_AFTER_MS)
        self._waiting += 1
        try:
            async with self._turns:
                limits = Limits(longest_ms=LONGEST_TRIED_MS)
                worn = Mask(mask, unguessable())
                return await self._finisher.upload(
                    body, media_type, limits, worn, reduces_noise=reduces_noise
                )
        finally:
            self._waiting -= 1
