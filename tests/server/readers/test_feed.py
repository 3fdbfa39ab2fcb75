"""The feed that all readers share: what it answers is what the log would, read as seldom as can be."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.log.base import Change
from server.log.memory import MemoryLog
from server.readers.feed import Feed
from tests.support.log_contract import said


class Counting(MemoryLog):
    """Counts how often its changes are read."""

    reads = 0

    async def changes(self, after: int = 0, limit: int = 500) -> list[Change]:
        self.reads += 1
        await asyncio.sleep(0)
        return await super().changes(after, limit)


@pytest.fixture
def log() -> Counting:
    return Counting()


async def test_readers_that_want_the_same_page_have_it_read_once(log: Counting) -> None:
    await log.append("r", [said("a"), said("b")])
    feed = Feed(log)
    pages = await asyncio.gather(*(feed.changes(0, 128) for _ in range(4)))
    assert [change.event.seq for change in pages[0]] == [1, 2]
    assert all(page == pages[0] for page in pages)
    assert await feed.changes(pages[0][0].position, 1) == pages[0][1:]
    assert log.reads == 1


async def test_what_comes_during_a_read_is_not_missed(log: Counting) -> None:
    feed = Feed(log)
    reading = asyncio.create_task(feed.changes(0, 128))
    await asyncio.sleep(0)
    await log.append("r", [said("a")])
    await reading
    assert [change.event.seq for change in await feed.changes(0, 128)] == [1]


async def test_who_is_cancelled_while_it_reads_leaves_the_feed_to_others(log: Counting) -> None:
    await log.append("r", [said("a")])
    feed = Feed(log)
    reading = asyncio.create_task(feed.changes(0, 128))
    await asyncio.sleep(0)
    reading.cancel()
    assert len(await feed.changes(0, 128)) == 1


@given(st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 12), st.integers(1, 6))), max_size=30))
def test_it_answers_what_the_log_would(steps: list[tuple[int, int] | None]) -> None:
    async def play() -> None:
        log = MemoryLog()
        feed = Feed(log)
        for step in steps:
            if step is None:
                await log.append("r", [said("word")])
            else:
                assert await feed.changes(*step) == await log.changes(*step)

    asyncio.run(play())
