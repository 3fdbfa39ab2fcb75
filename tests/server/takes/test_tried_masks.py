"""Masks that are tried: one at a time, and not without end."""

from __future__ import annotations

import asyncio

import pytest

from audio.take import Clip, Limits, Mask
from server.room.commands import Refused
from server.takes.tried_masks import TRIED_AT_ONCE, WAITING_MOST, TriedMasks
from tests.support.actors import until
from tests.support.media import FakeFinisher

pytestmark = pytest.mark.virtual_time


class Counting(FakeFinisher):
    """Counts how many are finished at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    async def upload(
        self, body: bytes, media_type: str, limits: Limits, mask: Mask | None = None, **more: bool
    ) -> Clip:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().upload(body, media_type, limits, mask, **more)
        finally:
            self.now -= 1


async def test_one_is_heard_at_a_time_and_who_comes_when_many_wait_is_told_to_come_back() -> None:
    finisher = Counting()
    tried = TriedMasks(finisher)  # type: ignore[arg-type]
    finisher.gate.clear()
    tasks = [asyncio.create_task(tried.hear(b"speech", "audio/ogg", "mouse")) for _ in range(WAITING_MOST)]
    await until(lambda: finisher.now == TRIED_AT_ONCE)

    with pytest.raises(Refused) as refused:
        await tried.hear(b"speech", "audio/ogg", "mouse")
    assert refused.value.code == "busy"
    tasks[5].cancel()  # who goes makes room for another
    await asyncio.wait([tasks[5]])
    tasks.append(asyncio.create_task(tried.hear(b"speech", "audio/ogg", "robot")))
    finisher.gate.set()
    clips = await asyncio.gather(*tasks[:5], *tasks[6:])

    assert finisher.most == TRIED_AT_ONCE
    assert [clip.mask for clip in clips] == ["mouse"] * (WAITING_MOST - 1) + ["robot"]
