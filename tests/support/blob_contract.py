"""What every form of the blobs must hold: one suite of tests."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from msgspec import Struct

from server.blobs.base import Blob, BlobInfo, Blobs
from server.log.base import Conflict, Entry, Log, StorageFull
from server.room.events import ClipLanded, Draft
from tests.support.snapshot_contract import said

SOUND = bytes(range(256)) * 40


def landing(clip: str, at_ms: int = 1_000) -> Draft:
    """Return the draft that tells of a clip."""
    return Draft(ClipLanded(clip, 1_000, 0, 0, -16.0, ()), at_ms)


class Storage(Struct):
    """Blobs and the log of their events, over one storage that may be opened again."""

    blobs: Blobs
    log: Log
    close: Callable[[], Awaitable[None]]

    async def land(self, blob: Blob, *, expect: int | None = None) -> None:
        """Do what a landing does: put the sound, then append its event with what the sound left over."""
        beside = await self.blobs.put(blob)
        await self.log.append(blob.room, [landing(blob.id)], blobs=beside, expect=expect)


Opening = Callable[[], Awaitable[Storage]]


class BlobContract(ABC):
    """Subclass it and give `open`: the same storage each time it is called in a test.

    A storage is closed before it is opened again; one without a disk returns the same object.
    """

    @pytest.fixture
    @abstractmethod
    def open(self, tmp_path: Any) -> Opening: ...

    @pytest.fixture
    @abstractmethod
    def open_small(self, tmp_path: Any) -> Opening:
        """Open a storage that is full after some 100 KB."""

    def lasts(self) -> bool:
        """Return whether the storage outlives its closing."""
        return True

    @pytest.fixture
    async def storage(self, open: Opening) -> AsyncIterator[Storage]:
        self.opened = [await open()]
        yield self.opened[0]
        for storage in self.opened:
            await storage.close()

    async def reopen(self, storage: Storage, open: Opening) -> Storage:
        """Close the storage and open it again, when it is one that lasts."""
        if not self.lasts():
            return storage
        await storage.close()
        self.opened.append(await open())
        return self.opened[-1]

    async def test_what_landed_is_there_as_it_was_put(self, storage: Storage, open: Opening) -> None:
        sounds = [Blob("b1", "r", b"\x00" * 5), Blob("b2", "r", SOUND), Blob("b3", "s", b"")]
        for blob in sounds:
            await storage.land(blob)
        storage = await self.reopen(storage, open)
        assert [await storage.blobs.get(blob.id) for blob in sounds] == sounds
        infos = [BlobInfo(blob.id, blob.room, len(blob.body)) for blob in sounds]
        assert [await storage.blobs.info(blob.id) for blob in sounds] == infos
        assert await storage.blobs.get("none") is None
        assert await storage.blobs.info("none") is None
        assert await storage.blobs.get_range("none", 0, 5) is None

    async def test_no_event_is_there_without_its_sound(self, storage: Storage) -> None:
        for i in range(8):
            task = asyncio.create_task(storage.land(Blob(f"b{i}", "r", SOUND)))
            for _ in range(i):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        await storage.log.append("r", [said("end")])
        events = (await storage.log.read("r"))[:-1]
        assert all([await storage.blobs.get(getattr(event.data, "clip", "")) for event in events])

    async def test_a_part_is_what_lies_there_and_no_more(self, storage: Storage) -> None:
        await storage.land(Blob("b", "r", SOUND))
        ranges = [(0, 1), (0, len(SOUND)), (100, 57), (len(SOUND) - 3, 3), (len(SOUND) - 3, 99)]
        for first, size in ranges:
            assert await storage.blobs.get_range("b", first, size) == SOUND[first : first + size]
        assert await storage.blobs.get_range("b", len(SOUND), 5) == b""

    async def test_an_id_is_used_once(self, storage: Storage) -> None:
        await storage.land(Blob("b", "r", b"first"))
        with pytest.raises(Conflict):
            await storage.land(Blob("b", "r", b"other"))
        with pytest.raises(Conflict):
            await storage.land(Blob("b", "s", b"first"))
        assert await storage.blobs.get("b") == Blob("b", "r", b"first")
        assert (await storage.log.head("r"), await storage.log.head("s")) == (1, 0)

    async def test_one_that_was_put_and_did_not_land_can_land_later(self, storage: Storage) -> None:
        blob = Blob("b", "r", SOUND)
        with pytest.raises(Conflict):
            await storage.land(blob, expect=7)
        await storage.land(blob, expect=0)
        assert await storage.blobs.get("b") == blob

    async def test_one_that_was_put_and_did_not_land_can_be_deleted(self, storage: Storage) -> None:
        with pytest.raises(Conflict):
            await storage.land(Blob("b", "r", SOUND), expect=7)
        await storage.blobs.delete("r", ["b"])
        assert await storage.blobs.get("b") is None
        assert await storage.blobs.ids() == []

    async def test_delete_takes_those_of_its_room_alone(self, storage: Storage, open: Opening) -> None:
        for blob in (Blob("b1", "r", b"1"), Blob("b2", "r", b"2"), Blob("b3", "s", b"3")):
            await storage.land(blob)
        await storage.blobs.delete("r", ["b1", "b3", "none"])
        await storage.blobs.delete("r", [])
        await storage.blobs.delete("none", ["b2"])
        storage = await self.reopen(storage, open)
        assert [await storage.blobs.get(id_) is None for id_ in ("b1", "b2", "b3")] == [True, False, False]
        assert await storage.blobs.info("b1") is None
        assert await storage.log.head("r") == 2

    async def test_an_append_takes_the_sounds_that_it_takes_back(self, storage: Storage) -> None:
        await storage.land(Blob("b1", "r", SOUND))
        await storage.land(Blob("b2", "r", SOUND))
        taking = Entry([said("taken back")], erases=[1], drops=["b1"])
        assert isinstance((await storage.log.extend("r", [taking], expect=1))[0], Conflict)
        assert await storage.blobs.get("b1") is not None
        await storage.log.extend("r", [taking], expect=2)
        assert await storage.blobs.get("b1") is None
        assert await storage.blobs.ids() == ["b2"]

    async def test_a_room_that_goes_takes_its_sounds(self, storage: Storage) -> None:
        await storage.land(Blob("b1", "r", SOUND))
        await storage.land(Blob("b2", "s", SOUND))
        await storage.log.erase("r")
        assert await storage.blobs.ids() == ["b2"]

    async def test_what_exists_is_told_in_pages(self, storage: Storage, open: Opening) -> None:
        names = [f"b{i:02}" for i in range(11)]
        for name in reversed(names):
            await storage.land(Blob(name, f"r{name[-1]}", b"x"))
        storage = await self.reopen(storage, open)
        assert await storage.blobs.ids() == names
        found, after = list[str](), ""
        while page := await storage.blobs.ids(after, 4):
            found, after = found + page, page[-1]
        assert found == names
        assert await storage.blobs.ids(limit=0) == await storage.blobs.ids("c") == []

    async def test_a_full_storage_refuses_and_keeps_what_it_has(self, open_small: Opening) -> None:
        storage = await open_small()
        kept: list[str] = []
        for i in range(100):
            try:
                await storage.land(Blob(f"b{i:02}", "r", bytes([i]) * 4_000))
                kept.append(f"b{i:02}")
            except StorageFull:
                pass
        assert 5 < len(kept) < 100
        found = [await storage.blobs.get(id_) for id_ in kept]
        assert [len(blob.body) for blob in found if blob] == [4_000] * len(kept)
        assert await storage.log.head("r") == len(kept)
        await storage.close()
