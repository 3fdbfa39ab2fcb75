"""All comes over as it is, and a copy that is ended anywhere goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from server.log.base import Entry, Outcome, StorageFull, Unusable
from server.log.memory import MemoryLog
from server.moving import copying
from server.moving.copying import Copying
from server.moving.ends import End
from tests.support.houses import memory_end, quiet, two_ends, unread, whole
from tests.support.log_contract import opened, said


class Ending(MemoryLog):
    """A log whose `last`-th write from the beginning is its last: it is stored, or not, and nobody hears."""

    last = -1
    stores = True

    def __init__(self) -> None:
        super().__init__()
        self._writes = 0

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        ends = self._ends()
        if ends and not self.stores:
            raise OSError("ended before")
        outcomes = await super().extend(room, entries, expect=expect)
        if ends:
            raise OSError("ended after")
        return outcomes

    async def advance(self, reader: str, position: int, **given: Any) -> None:
        ends = self._ends()
        if ends and not self.stores:
            raise OSError("ended before")
        await super().advance(reader, position, **given)
        if ends:
            raise OSError("ended after")

    def _ends(self) -> bool:
        self._writes += 1
        return self._writes == self.last


async def _begun_again(source: End, room: str, unread: list[int]) -> list[int]:
    """Return what is not read yet, from the first event of what one key stored."""
    uses = await source.log.key_uses(room, 1, 10_000)
    within = [use.first for use in uses if unread and use.first < unread[0] <= use.last]
    return [*range(within[0], unread[0]), *unread] if within else unread


async def same(source: End, target: End) -> None:
    """Hold that all of one end is at the other, and readers have as much before them."""
    await target.log.adopt_secret(await source.log.secret())
    assert await whole(target.log, target.blobs) == await whole(source.log, source.blobs)
    for reader in ("early", "middle", "late"):
        here, there = await unread(target.log, reader), await unread(source.log, reader)
        for room in {*here, *there}:
            assert await _begun_again(source, room, there.get(room, [])) == here.get(room, [])
        rows = await source.log.projection(reader, "part", limit=10_000)
        assert await target.log.projection(reader, "part", limit=10_000) == rows


@pytest.mark.parametrize("page", [1, 7, 256])
async def test_all_comes_over_whatever_a_page_holds(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "PAGE_EVENTS", page)
    async with two_ends() as (source, target):
        assert await Copying(source, target, quiet).run() == []
        await same(source, target)


@pytest.mark.parametrize("stores", [True, False])
async def test_ended_at_any_write_it_goes_on_and_nothing_is_there_twice(
    stores: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PAGE_EVENTS", 40)
    async with two_ends() as (source, _):
        last = 1
        while True:
            log = Ending()
            log.last, log.stores = last, stores
            target = memory_end("the new house", log)
            try:
                await Copying(source, target, quiet).run()
                break
            except OSError:
                await Copying(source, target, quiet).run()
            await same(source, target)
            last += 1
        assert last > 20


async def test_the_index_of_words_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two_ends() as (source, target):
        await source.log.advance("search", 3, expect=0)
        assert await Copying(source, target, quiet).run() == ["search"]
        assert await target.log.cursor("search") == 0


async def test_what_readers_keep_no_more_goes_when_the_copy_goes_on() -> None:
    async with two_ends() as (source, target):
        await Copying(source, target, quiet).run()
        await source.log.erase("chain-0")
        await Copying(source, target, quiet).run()
        rows = await target.log.projection("late", "part", limit=10_000)
        assert rows == await source.log.projection("late", "part", limit=10_000)


async def test_a_full_target_is_said_and_the_copy_goes_on_when_there_is_room() -> None:
    async with two_ends() as (source, _):
        log = MemoryLog(max_bytes=3_000)
        target = memory_end("the new house", log)
        with pytest.raises(Unusable, match="the new house is full: make room there"):
            await Copying(source, target, quiet).run()
        log._max_bytes = None
        await Copying(source, target, quiet).run()
        await same(source, target)


async def test_a_full_storage_of_clips_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two_ends() as (source, target):

        async def put(_blob: object) -> Sequence[object]:
            raise StorageFull

        monkeypatch.setattr(target.blobs, "put", put)
        with pytest.raises(Unusable, match="is full"):
            await Copying(source, target, quiet).run()


async def test_a_target_that_lacks_what_came_before_is_none() -> None:
    source, target = memory_end("old"), memory_end("new")
    await source.log.append("r", [opened("r"), said("one"), said("two")])
    await target.log.advance("move", 2 * 2 + 1, expect=0)
    with pytest.raises(Unusable, match="new has 0 events of the room r, and number 3 comes next"):
        await Copying(source, target, quiet).run()


async def test_somebody_else_at_the_target_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two_ends() as (source, target):

        async def head(_room: str) -> int:
            return 0

        await target.log.append("chain-0", [opened("chain-0")])
        monkeypatch.setattr(target.log, "head", head)
        with pytest.raises(Unusable, match="Somebody else writes to the new house"):
            await Copying(source, target, quiet).run()


async def test_progress_grows_to_its_end() -> None:
    shown: list[tuple[str, int, int]] = []
    async with two_ends() as (source, target):
        await Copying(source, target, lambda *told: shown.append(told)).run()
        end = await source.log.end_of_feed()
    assert [there for _, there, _ in shown] == sorted(there for _, there, _ in shown)
    assert shown[-1] == ("moving", end, end)
