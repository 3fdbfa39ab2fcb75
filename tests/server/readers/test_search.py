"""The reader that keeps the index of words: what comes into it, what leaves it, and what it survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from server.blobs.base import Blob
from server.log.memory import MemoryLog
from server.readers import search as search_module
from server.readers.search import Search
from server.readers.search_index import SearchIndex
from server.room.commands import Caption, Forget, Land, Say
from server.room.events import ClipCaptioned, ClipLanded
from server.rooms.registry import RoomRegistry
from tests.support.actors import now_ms
from tests.support.media import ANNA, Clock, registry
from tests.support.reading import caught_up, running
from tests.support.rooms import BELA


class Place:
    """A registry, its log, and where the index is."""

    def __init__(self, registry_: RoomRegistry, log: MemoryLog, path: Path | None) -> None:
        self.registry, self.log, self.path = registry_, log, path

    async def say(self, text: str) -> int:
        (said,) = await self.registry.send("wonder", Say(text), by=ANNA)
        return said.seq

    async def clip(self, clip: str, words: str) -> None:
        landed = Land(ClipLanded(clip, 900, 0, 0, -16.0, ()))
        await self.registry.send("wonder", landed, by=BELA, blobs=[Blob(clip, "wonder", b"x")])
        await self.registry.send("wonder", Caption(ClipCaptioned(clip, words, "en")), by=None)

    async def find(self, query: str) -> list[str]:
        """Let a reader see everything, from wherever the cursor is, and ask it."""
        reader = Search(self.log, self.path, now_ms)
        try:
            async with running(self.log, reader) as (runner,):
                await caught_up(self.log, runner)
                return await reader.find("wonder", query, 50)
        finally:
            await reader.close()
            await reader.close()


@pytest.fixture(params=["memory", "file"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    registry_, log = await registry(Clock())
    yield Place(registry_, log, None if request.param == "memory" else tmp_path / "search.db")
    await registry_.close()
    await log.close()


async def test_words_of_clips_and_lines_are_found_also_after_a_restart(place: Place) -> None:
    seq = await place.say("a wet umbrella")
    await place.clip("clip-0001", "umbrellas again")
    assert await place.find("umbrella") == ["clip-0001", str(seq)]
    later = await place.say("one umbrella more")
    assert await place.find("umbrella") == [str(later), "clip-0001", str(seq)]


async def test_what_is_taken_back_leaves_the_index_before_and_after_it_was_read(place: Place) -> None:
    await place.say("annaquux one")
    await place.clip("clip-0001", "belaquux one")
    assert await place.find("annaquux") != []
    await place.say("annaquux two")
    for voice in (ANNA, BELA):
        await place.registry.send("wonder", Forget(everything=True), by=voice)
    assert (await place.find("annaquux"), await place.find("belaquux")) == ([], [])
    if place.path is not None:
        assert b"quux" not in b"".join(each.read_bytes() for each in place.path.parent.iterdir())


async def test_an_index_that_was_lost_is_made_anew(place: Place) -> None:
    seq = await place.say("a wet umbrella")
    assert await place.find("umbrella") == [str(seq)]
    if place.path is not None:
        place.path.unlink()
    assert await place.find("umbrella") == [str(seq)]
    if place.path is not None:
        place.path.write_bytes(b"\0" * 8_192)
        assert await place.find("umbrella") == [str(seq)]


async def test_words_are_written_together_and_none_is_lost_when_they_were_not(place: Place) -> None:
    reader = Search(place.log, place.path, lambda: 10_000)  # no time passes: nothing more is due
    async with running(place.log, reader) as (runner,):
        first = str(await place.say("first umbrella"))
        await caught_up(place.log, runner)
        seqs = [str(await place.say(f"umbrella {number}")) for number in range(3)]
        await caught_up(place.log, runner)
        if place.path is not None:
            index = SearchIndex(place.path)
            assert index.find("wonder", "umbrella", 9) == [first]
            index.close()
    await reader.close()  # as a kill would: what waited is not in the index
    assert await place.find("umbrella") == [*seqs[::-1], first]


async def test_one_that_is_damaged_while_it_is_used_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry_, log = await registry(Clock())
    place = Place(registry_, log, tmp_path / "search.db")
    seqs = [str(await place.say(f"umbrella {number}")) for number in range(50)]
    assert len(await place.find("umbrella")) == 50

    class Damaged(SearchIndex):
        puts = 0

        def put(self, room: str, item: str, text: str) -> None:
            Damaged.puts += 1
            if Damaged.puts == 2:
                raise apsw.CorruptError("damaged")
            super().put(room, item, text)

    monkeypatch.setattr(search_module, "SearchIndex", Damaged)
    seqs += [str(await place.say("umbrella once more")), str(await place.say("umbrella at last"))]
    reader = Search(log, place.path, now_ms)
    async with running(log, reader), asyncio.timeout(30):
        while await reader.find("wonder", "umbrella", 99) != seqs[::-1]:
            await asyncio.sleep(0.01)
    await reader.close()
    await registry_.close()
    await log.close()


async def test_stopped_at_any_turn_it_misses_nothing(tmp_path: Path) -> None:
    registry_, log = await registry(Clock())
    place = Place(registry_, log, tmp_path / "search.db")
    seqs = [str(await place.say(f"umbrella {number}")) for number in range(6)]
    gone = await place.say("umbrella gone")
    for turns in range(1, 40, 3):
        reader = Search(log, place.path, now_ms)
        async with running(log, reader):
            for _ in range(turns):
                await asyncio.sleep(0)
        await reader.close()
        if turns == 19:
            await registry_.send("wonder", Forget(everything=True), by=BELA)  # who said nothing
    assert await place.find("umbrella") == [str(gone), *seqs[::-1]]
    await registry_.close()
    await log.close()
