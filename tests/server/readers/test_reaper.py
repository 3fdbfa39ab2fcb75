from __future__ import annotations

from server.log.base import Blob
from server.readers.reaper import expired, sweep
from server.room.commands import Land
from server.room.events import ClipLanded
from server.room.kinds import KINDS
from tests.support.media import ANNA, Clock, house


async def test_clips_leave_when_their_time_is_over_and_not_before() -> None:
    clock = Clock()
    house_, log = await house(clock)
    room = await house_.wake("wonder")
    keep_ms = KINDS["wonder"].keep_ms
    await room.send(Land(ClipLanded("old", 1, 0, 0, -16.0, ())), by=ANNA, blobs=[Blob("old", "wonder", b"x")])
    clock.ms += 10_000
    await room.send(Land(ClipLanded("new", 1, 0, 0, -16.0, ())), by=ANNA, blobs=[Blob("new", "wonder", b"y")])

    assert expired(room.state, clock.ms) == []
    clock.ms += keep_ms - 10_000

    assert await sweep(house_, log, clock) == 1
    assert list(room.state.clips) == ["new"]
    assert await sweep(house_, log, clock) == 0
    await house_.close()
    await log.close()
