"""A follower sleeps on a bell, reads on when it rings, and is let go of."""

from __future__ import annotations

import asyncio

from server.log.follow import Followers
from server.room.events import Event, numbered
from tests.support.log_contract import said


class Source:
    """A list of events that is read as a log is; `reads` counts."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.reads = 0

    def add(self) -> None:
        head = len(self.events)
        self.events.append(numbered(said("x"), head + 1, head))

    async def read(self, room: str, after: int, limit: int) -> list[Event]:
        self.reads += 1
        await asyncio.sleep(0)
        return self.events[after : after + limit]


async def test_nothing_is_read_while_no_bell_rings() -> None:
    source = Source()
    followers = Followers(source.read)
    waiting = asyncio.ensure_future(anext(aiter(followers.follow("r", 0))))
    for _ in range(50):
        followers.ring("other")
        await asyncio.sleep(0)
    assert source.reads == 1
    source.add()
    followers.ring("r")
    assert [event.seq for event in await waiting] == [1]


async def test_a_bell_that_rings_during_a_read_is_not_missed() -> None:
    source = Source()
    followers = Followers(source.read)
    following = followers.follow("r", 0)
    seen: list[int] = []
    for i in range(200):
        source.add()
        followers.ring("r")
        if i % 3 == 0:
            seen += [event.seq for event in await anext(following)]
    while len(seen) < 200:
        seen += [event.seq for event in await anext(following)]
    assert seen == list(range(1, 201))
    await following.aclose()  # type: ignore[attr-defined]


async def test_followers_that_left_are_forgotten() -> None:
    source = Source()
    source.add()
    followers = Followers(source.read)
    async for _ in followers.follow("r", 0):
        break
    following = followers.follow("r", 0)
    await anext(following)
    await following.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    assert not followers._bells


async def test_closing_ends_who_follows_and_who_comes_later() -> None:
    followers = Followers(Source().read)
    waiting = asyncio.ensure_future(anext(aiter(followers.follow("r", 0)), None))
    await asyncio.sleep(0)
    followers.close()
    assert await waiting is None
    assert await anext(aiter(followers.follow("r", 0)), None) is None
