"""Takes whose storage is away wait on the disk, and land once and in their order when it is back."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from server.blobs.base import Away, Blob
from server.blobs.memory import MemoryBlobs
from server.log.base import StorageFull
from server.log.memory import MemoryLog
from server.room.commands import BROKEN, Land, Refused, restarting
from server.room.events import ClipLanded, Event
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry
from server.takes import spool
from server.takes.landing import Landing, Landings
from server.takes.spool import Spool
from tests.support.actors import until
from tests.support.media import ANNA, Clock, registry


def take(id_: str, body: bytes = b"sound", room: str = "wonder") -> Landing:
    return Landing(Land(ClipLanded(id_, 1, 0, 0, -16.0, (1, 2)), 5, let_in=True), ANNA, Blob(id_, room, body))


class Storage(MemoryBlobs):
    """Blobs of their own that may be away, or fail in another way."""

    def __init__(self) -> None:
        super().__init__(MemoryLog())
        self.fails: Exception | None = Away("nobody there")
        self.put_ids: list[str] = []

    async def put(self, blob: Blob) -> Sequence[Blob]:
        if self.fails is not None:
            raise self.fails
        self.put_ids.append(blob.id)
        return await super().put(blob)


class Place:
    """A room, a storage, and a spool between them; `again` is the spool of the next process."""

    def __init__(self, registry_: RoomRegistry, folder: Path) -> None:
        self.registry, self.folder, self.storage = registry_, folder, Storage()
        self.spools: list[Spool] = []

    async def open(self, most_bytes: int = 10_000) -> Spool:
        made = Spool(Landings(self.registry, self.storage), self.folder, most_bytes)
        self.spools.append(made)
        await made.start()
        return made

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(spool, "PAUSE_S", 0.01)
    monkeypatch.setattr(spool, "LONGEST_PAUSE_S", 0.02)
    registry_, log = await registry(Clock())
    made = Place(registry_, tmp_path / "spool")
    yield made
    for each in made.spools:
        await each.close()
    await registry_.close()
    await log.close()


async def clips(place: Place) -> list[str]:
    """Return the clips that the room knows, as they landed."""
    state = await place.registry.look("wonder")
    return sorted(clip.clip for clip in map(state.clips.get, place.storage.put_ids) if clip)


async def waiting(spool_: Spool, count: int) -> None:
    await until(lambda: spool_.waiting == count)


async def test_with_its_storage_there_nothing_waits(place: Place) -> None:
    place.storage.fails = None
    spool_ = await place.open()
    event = await spool_.land(take("clip-0001"))
    assert isinstance(event.data, ClipLanded)
    assert (spool_.waiting, place.files()) == (0, [])


async def test_what_waits_lands_in_its_order_when_its_storage_is_back(place: Place) -> None:
    spool_ = await place.open()
    names = [f"clip-000{i}" for i in range(5)]
    tasks: list[asyncio.Task[Event]] = []
    for name in names:
        tasks.append(asyncio.create_task(spool_.land(take(name))))
        await waiting(spool_, len(tasks))
    assert len(place.files()) == 5
    assert await clips(place) == []
    place.storage.fails = StorageFull()  # that may pass too
    await asyncio.sleep(0)
    place.storage.fails = None
    events = await asyncio.gather(*tasks)
    assert [event.data.clip for event in events if isinstance(event.data, ClipLanded)] == names
    assert [event.seq for event in events] == sorted(event.seq for event in events)
    assert place.storage.put_ids == names
    await until(lambda: place.files() == [])
    blob = await place.storage.get("clip-0003")
    assert blob == Blob("clip-0003", "wonder", b"sound")


async def test_who_comes_later_does_not_overtake(place: Place) -> None:
    spool_ = await place.open()
    first = asyncio.create_task(spool_.land(take("clip-0001")))
    await waiting(spool_, 1)
    second = asyncio.create_task(spool_.land(take("clip-0002")))
    place.storage.fails = None
    await asyncio.gather(first, second)
    assert place.storage.put_ids == ["clip-0001", "clip-0002"]


async def test_what_waited_at_a_kill_lands_at_the_next_start_and_once(place: Place) -> None:
    spool_ = await place.open()
    tasks = [asyncio.create_task(spool_.land(take(f"clip-000{i}"))) for i in range(3)]
    await waiting(spool_, 3)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await spool_.close()
    assert len(place.files()) == 3
    place.storage.fails = None
    await Landings(place.registry, place.storage).land(take("clip-0001"))  # as if the kill came in between
    again = await place.open()
    await waiting(again, 0)
    await until(lambda: place.files() == [])
    state = await place.registry.look("wonder")
    assert [f"clip-000{i}" in state.clips for i in range(3)] == [True, True, True]
    events = (await place.registry.wake("wonder")).tail.head
    assert events == 1 + 3
    place.storage.fails = Away("again")
    later = asyncio.create_task(again.land(take("clip-0009")))
    await waiting(again, 1)
    assert place.files() == ["000000000004.take"]
    later.cancel()


async def test_more_than_fits_is_refused(place: Place) -> None:
    spool_ = await place.open(1_500)
    kept = asyncio.create_task(spool_.land(take("clip-0001", bytes(1_000))))
    await waiting(spool_, 1)
    with pytest.raises(Away, match="too many clips wait"):
        await spool_.land(take("clip-0002", bytes(1_000)))
    place.storage.fails = None
    await kept
    await waiting(spool_, 0)
    await spool_.land(take("clip-0002", bytes(1_000)))


async def test_a_disk_that_takes_nothing_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    spool_ = await place.open()
    monkeypatch.setattr(spool.os, "fsync", full)  # type: ignore[attr-defined]
    with pytest.raises(Away, match="No space left"):
        await spool_.land(take("clip-0001"))
    assert (spool_.waiting, place.files()) == (0, [])


@pytest.mark.parametrize("why", [Refused("muted", "You are muted."), NoSuchRoom("gone")])
async def test_what_its_room_refuses_later_is_told_and_leaves_nothing(
    place: Place, why: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool_ = await place.open()
    task = asyncio.create_task(spool_.land(take("clip-0001")))
    await waiting(spool_, 1)

    async def refuse(*_: object, **__: object) -> list[Event]:
        raise why

    monkeypatch.setattr(place.registry, "send", refuse)
    place.storage.fails = None
    with pytest.raises(type(why)):
        await task
    await until(lambda: place.files() == [])


async def test_a_server_that_stops_leaves_what_waits(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    spool_ = await place.open()
    task = asyncio.create_task(spool_.land(take("clip-0001")))
    await waiting(spool_, 1)
    asked = asyncio.Event()

    async def stops(*_: object, **__: object) -> list[Event]:
        asked.set()
        raise restarting()

    monkeypatch.setattr(place.registry, "send", stops)
    place.storage.fails = None
    await asked.wait()
    task.cancel()
    await spool_.close()
    assert len(place.files()) == 1


async def test_what_keeps_failing_is_set_aside_and_holds_up_nobody(place: Place) -> None:
    spool_ = await place.open()
    bad = asyncio.create_task(spool_.land(take("clip-0001")))
    await waiting(spool_, 1)
    place.storage.fails = OSError("too large for it")
    with pytest.raises(Refused) as refused:
        await bad
    assert refused.value.code == BROKEN
    await until(lambda: place.files() == ["000000000001.failed"])
    await spool_.close()
    place.storage.fails = None
    (place.folder / "000000000001.failed").rename(place.folder / "000000000001.take")
    again = await place.open()
    await waiting(again, 0)
    await again.land(take("clip-0002"))
    assert place.storage.put_ids == ["clip-0001", "clip-0002"]


async def test_so_many_that_failed_stay(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "FAILED_KEPT", 2)
    place.folder.mkdir()
    for number in (7, 8):
        (place.folder / f"00000000000{number}.failed").write_bytes(b"of a process before")
    spool_ = await place.open()
    bad = asyncio.create_task(spool_.land(take("clip-0001")))
    await waiting(spool_, 1)
    place.storage.fails = OSError("too large for it")
    with pytest.raises(Refused):
        await bad
    await until(lambda: place.files() == ["000000000008.failed", "000000000009.failed"])


async def test_what_failed_a_day_ago_goes_with_the_next_start(place: Place) -> None:
    place.folder.mkdir()
    for number, age_s in ((7, spool.FAILED_KEPT_S + 60), (8, spool.FAILED_KEPT_S - 600)):
        path = place.folder / f"00000000000{number}.failed"
        path.write_bytes(b"a voice")
        os.utime(path, (time.time() - age_s,) * 2)
    await place.open()
    assert place.files() == ["000000000008.failed"]


async def test_nobody_else_may_read_what_waits(place: Place) -> None:
    spool_ = await place.open()
    kept = asyncio.create_task(spool_.land(take("clip-0001")))
    await waiting(spool_, 1)
    (path,) = place.folder.iterdir()
    assert [oct(each.stat().st_mode)[-3:] for each in (place.folder, path)] == ["700", "600"]
    place.storage.fails = None
    await kept


async def test_a_file_that_is_damaged_is_set_aside(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    spool_ = await place.open()
    task = asyncio.create_task(spool_.land(take("clip-0001")))
    await waiting(spool_, 1)
    task.cancel()
    await asyncio.wait([task])
    await spool_.close()
    (path,) = place.folder.iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    (place.folder / "000000000002.new").write_bytes(b"half")
    (place.folder / "notes.txt").write_text("not ours")
    place.storage.fails = None
    again = await place.open()
    await waiting(again, 0)
    await until(lambda: place.files() == ["000000000001.failed", "notes.txt"])
    assert "damaged" in caplog.text
    assert place.storage.put_ids == []
