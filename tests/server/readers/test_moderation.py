"""What the admin's page finds: reports that nobody decided about, and what the admin did."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.blobs.base import Blob
from server.log.memory import MemoryLog
from server.readers import moderation
from server.readers.moderation import Moderation
from server.room.commands import Caption, Land, Oversee, Pass, Remove, Report, Restore, Say
from server.room.events import ClipCaptioned, ClipLanded
from server.rooms import docket
from server.rooms.registry import RoomRegistry
from tests.support.media import ANNA, Clock, registry
from tests.support.reading import read_all
from tests.support.rooms import BELA


class Place:
    """A registry, its log, and a reader that sees all there is when a test says so."""

    def __init__(self, registry_: RoomRegistry, log: MemoryLog, clock: Clock) -> None:
        self.registry, self.log, self.clock = registry_, log, clock

    async def report(self, clip: str) -> None:
        landed = Land(ClipLanded(clip, 1, 0, 0, -16.0, ()))
        await self.registry.send("wonder", landed, by=ANNA, blobs=[Blob(clip, "wonder", b"x")])
        await self.registry.send("wonder", Report(clip, "rude"), by=BELA)

    async def noted(self, part: str) -> list[str]:
        await read_all(self.log, [Moderation(self.log)])
        return [row.item for row in await docket.newest(self.log, part, 100)]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    clock = Clock()
    registry_, log = await registry(clock)
    yield Place(registry_, log, clock)
    await registry_.close()
    await log.close()


async def test_what_was_reported_waits_until_somebody_decided(place: Place) -> None:
    for clip in ("clip-0001", "clip-0002", "clip-0003"):
        await place.report(clip)
    (said,) = await place.registry.send("wonder", Say("hello"), by=ANNA)
    await place.registry.send("wonder", Report("", "rude", seq=said.seq), by=BELA)
    assert set(await place.noted(docket.REPORTS)) == {"clip-0001", "clip-0002", "clip-0003", str(said.seq)}

    for command in (Remove("clip-0001", "moderated"), Restore("clip-0002"), Restore(seq=said.seq)):
        await place.registry.send("wonder", Oversee(command, "a note"), by=None)

    assert await place.noted(docket.REPORTS) == ["clip-0003"]
    assert len(await place.noted(docket.ACTS)) == 3


async def test_what_a_filter_holds_waits_like_a_report_until_it_passes(place: Place) -> None:
    for clip in ("clip-0001", "clip-0002"):
        landed = Land(ClipLanded(clip, 1, 0, 0, -16.0, ()))
        await place.registry.send("wonder", landed, by=ANNA, blobs=[Blob(clip, "wonder", b"x")])
        await place.registry.send("wonder", Caption(ClipCaptioned(clip, "call 0171 2345678", "en")), by=None)
    assert set(await place.noted(docket.REPORTS)) == {"clip-0001", "clip-0002"}

    await place.registry.send("wonder", Oversee(Pass("clip-0001", value=True), ""), by=None)

    assert await place.noted(docket.REPORTS) == ["clip-0002"]


async def test_a_second_report_of_a_thing_is_the_same_thing_reported(place: Place) -> None:
    await place.report("clip-0001")
    await place.registry.send("wonder", Report("clip-0001", "loud"), by=BELA)

    assert await place.noted(docket.REPORTS) == ["clip-0001"]


async def test_of_too_many_the_newest_are_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moderation, "REPORTS_KEPT", 2)
    monkeypatch.setattr(moderation, "PAGE_ROWS", 2)
    for number in range(5):
        place.clock.ms += 10
        await place.report(f"clip-000{number}")

    assert await place.noted(docket.REPORTS) == ["clip-0004", "clip-0003"]
