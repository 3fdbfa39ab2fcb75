"""Clips in a storage of their own go when they are removed, and when nothing ever told of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from server.blobs.base import Away, Blob, BlobInfo, Page
from server.blobs.memory import MemoryBlobs
from server.log.base import Damaged
from server.log.memory import MemoryLog
from server.readers import eraser
from server.readers.base import Unavailable
from server.readers.eraser import BACK_MS, ORPHAN_MS, SWEEP_EVERY_MS, Eraser
from server.room.commands import Land, Oversee, Remove
from server.room.events import ClipLanded
from server.room.state import RoomState
from server.rooms.registry import RoomRegistry
from tests.support.media import ANNA, Clock, registry
from tests.support.reading import read_all


class Elsewhere(MemoryBlobs):
    """Blobs that are not the log's: they know when each was written, and may be away."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(MemoryLog())
        self._clock = clock
        self.at_ms: dict[str, int] = {}
        self.is_away = False
        self.junk: set[str] = set()
        self.asked: list[tuple[int, str]] = []

    async def put(self, blob: Blob) -> Sequence[Blob]:
        self.at_ms[blob.id] = self._clock()
        return await super().put(blob)

    async def info(self, id: str) -> BlobInfo | None:
        if id in self.junk:
            raise Damaged("not ours")
        return await super().info(id)

    async def delete(self, room: str, ids: Sequence[str]) -> None:
        if self.is_away:
            raise Away("nobody there")
        await super().delete(room, ids)

    async def written(self, since_ms: int, place: str = "") -> Page:
        if self.is_away:
            raise Away("nobody there")
        self.asked.append((since_ms, place))
        ids = await self.ids(place, 2)
        new = [id_ for id_ in ids if self.at_ms[id_] >= since_ms]
        return Page(new, ids[-1] if ids else "")

    async def check(self) -> list[str]:
        return []

    async def close(self) -> None:
        pass


class Place:
    """A registry, its log, and the eraser of blobs elsewhere."""

    def __init__(self, registry_: RoomRegistry, log: MemoryLog, clock: Clock) -> None:
        self.registry, self.log, self.clock = registry_, log, clock
        self.blobs = Elsewhere(clock)
        self.eraser = Eraser(registry_, self.blobs, clock)

    async def put(self, *clips: str, room: str = "wonder") -> None:
        for clip in clips:
            await self.blobs.put(Blob(clip, room, b"x"))

    async def land(self, *clips: str) -> None:
        await self.put(*clips)
        for clip in clips:
            await self.registry.send("wonder", Land(ClipLanded(clip, 1, 0, 0, -16.0, ())), by=ANNA)

    async def sweep(self) -> None:
        """Let the eraser sweep until it rests."""
        while (await self.eraser.idle()).within_ms == 0:
            pass


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    clock = Clock()
    registry_, log = await registry(clock)
    yield Place(registry_, log, clock)
    await registry_.close()
    await log.close()


async def test_what_was_removed_while_its_storage_was_away_is_deleted(place: Place) -> None:
    await place.land("clip-0001", "clip-0002")
    await place.registry.send("wonder", Oversee(Remove("clip-0001", "moderated"), ""), by=None)
    assert await place.blobs.ids() == ["clip-0001", "clip-0002"]
    removed = (await place.log.changes())[-1]
    place.blobs.is_away = True
    change = next(c for c in await place.log.changes() if c.event.kind == "clip.removed")
    with pytest.raises(Unavailable, match="nobody there"):
        await place.eraser.read(change)
    place.blobs.is_away = False
    await read_all(place.log, [place.eraser])
    assert await place.blobs.ids() == ["clip-0002"]
    assert await place.log.cursor("eraser") >= removed.position


async def test_what_never_landed_goes_after_an_hour(place: Place) -> None:
    await place.land("clip-0001", "clip-0003", "clip-0005")
    await place.put("clip-0002", "clip-0004")
    await place.put("clip-0006", room="none")
    await place.sweep()
    assert len(await place.blobs.ids()) == 6
    place.clock.ms += ORPHAN_MS - 1
    await place.sweep()
    assert len(await place.blobs.ids()) == 6
    await place.registry.send("wonder", Land(ClipLanded("clip-0004", 1, 0, 0, -16.0, ())), by=ANNA)
    place.clock.ms += SWEEP_EVERY_MS
    await place.sweep()
    assert await place.blobs.ids() == ["clip-0001", "clip-0003", "clip-0004", "clip-0005"]


async def test_a_sweep_looks_at_what_is_new_since_the_one_before(place: Place) -> None:
    begun_ms = place.clock()
    await place.sweep()
    assert place.blobs.asked[0] == (begun_ms - BACK_MS, "")
    rest = await place.eraser.idle()
    assert rest.within_ms == SWEEP_EVERY_MS
    assert len(place.blobs.asked) == 1
    place.clock.ms += SWEEP_EVERY_MS
    await place.put("clip-0001", "clip-0002", "clip-0003")
    await place.sweep()
    assert place.blobs.asked[1:] == [
        (begun_ms - ORPHAN_MS, ""),
        (begun_ms - ORPHAN_MS, "clip-0002"),
        (begun_ms - ORPHAN_MS, "clip-0003"),
    ]


async def test_what_is_none_of_ours_is_left_alone(place: Place) -> None:
    await place.put("clip-0001")
    place.blobs.junk = {"clip-0001"}
    for _ in range(3):
        await place.sweep()
        place.clock.ms += SWEEP_EVERY_MS
    place.blobs.junk = set()
    assert await place.blobs.ids() == ["clip-0001"]


async def test_a_room_that_is_damaged_does_not_stop_the_sweep(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = place.registry.look

    async def damaged(room: str) -> RoomState:
        if room == "broken":
            raise Damaged("messages of a room are lost")
        return await look(room)

    monkeypatch.setattr(place.registry, "look", damaged)
    await place.put("clip-0001", room="broken")
    await place.put("clip-0002")
    await place.sweep()
    place.clock.ms += SWEEP_EVERY_MS
    await place.sweep()
    assert await place.blobs.ids() == ["clip-0001"]


async def test_a_sweep_waits_for_its_storage_and_goes_on(place: Place) -> None:
    await place.put("clip-0001")
    place.blobs.is_away = True
    with pytest.raises(Unavailable):
        await place.eraser.idle()
    place.blobs.is_away = False
    await place.sweep()
    place.clock.ms += SWEEP_EVERY_MS
    place.blobs.is_away = True
    with pytest.raises(Unavailable):
        await place.eraser.idle()
    place.blobs.is_away = False
    await place.sweep()
    assert await place.blobs.ids() == []


async def test_few_wait_for_their_hour(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eraser, "SUSPECTS", 1)
    await place.put("clip-0001", "clip-0002")
    await place.sweep()
    place.clock.ms += SWEEP_EVERY_MS
    await place.sweep()
    assert await place.blobs.ids() == ["clip-0002"]
