"""The tail of a room goes out once, in frames that are numbered and not too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.cluster.audience import REPEATS_S, Audience
from server.cluster.members import node_id
from server.cluster.messages import FRAME_BYTES, Frame, decode_frame, unpack_events
from server.cluster.visitors import Visitors
from server.room.commands import Say
from server.room.events import Draft, TextSaid, numbered
from server.rooms.changes import Moved
from server.rooms.local import LocalRoom
from server.rooms.presence import PRESENT
from tests.support.actors import ANNA, texts, toy_registry, toy_room, until
from tests.support.wires import Storage

pytestmark = pytest.mark.virtual_time

A, B, C = (node_id(name, 1, 1) for name in "abc")


class Stand:
    """An audience, and the frames that it said."""

    def __init__(self, room: LocalRoom) -> None:
        self.bodies: list[bytes] = []
        self.ends: list[Audience] = []
        self.first = round(asyncio.get_running_loop().time() * 1_000_000)
        self.own = Visitors([Moved("own", None, PRESENT)])
        self.audience = Audience(room, A, 3, own=self.own, publish=self.bodies.append, ended=self.ends.append)

    @property
    def frames(self) -> list[Frame]:
        return [decode_frame(body) for body in self.bodies]


def commit(stand: Stand, *words: str) -> None:
    """Show what was said and a signal in one."""
    drafts = [Draft(TextSaid(word), 1, ANNA) for word in words]
    events = [numbered(draft, 2 + at, 1 + at) for at, draft in enumerate(drafts)]
    stand.audience.room.tail.bring(events, [(None, b"{}")])


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    registry = toy_registry(Storage().log, idle_ms=200)
    made = Stand(await toy_room(registry))
    yield made
    made.audience.close()
    await registry.close()


async def test_events_and_signals_of_one_commit_are_one_frame(stand: Stand) -> None:
    commit(stand, "a", "b", "c")
    (frame,) = stand.frames
    assert (frame.epoch, frame.nr - stand.first, frame.prev, frame.last, frame.awake) == (3, 1, 1, 4, True)
    assert texts(unpack_events(frame.events)) == ["a", "b", "c"]
    assert len(frame.signals) == 1


async def test_what_is_too_long_for_a_frame_goes_in_several(stand: Stand) -> None:
    commit(stand, *["x" * (FRAME_BYTES * 2 // 5)] * 7)
    frames = stand.frames
    assert [len(frame.events) for frame in frames] == [2, 2, 2, 1]
    assert [(frame.prev, frame.last) for frame in frames] == [(1, 3), (3, 5), (5, 7), (7, 8)]
    assert [frame.nr - stand.first for frame in frames] == [1, 2, 3, 4]
    assert [len(frame.signals) for frame in frames] == [0, 0, 0, 1]


async def test_who_joins_is_told_of_all_others_and_where_the_frames_are(stand: Stand) -> None:
    audience = stand.audience
    changes = audience.follow(B, Visitors([Moved("bela", None, PRESENT)]))
    assert changes == [Moved("bela", None, PRESENT)]
    audience.nodes[B] = Visitors(changes)
    audience.note(B, changes[0])
    joined = audience.joined(C)
    assert (joined.epoch, joined.nr - stand.first, joined.head, joined.awake) == (3, 1, 1, True)
    assert joined.others == [Moved("own", None, PRESENT), Moved("bela", None, PRESENT)]
    assert audience.joined(B).others == [Moved("own", None, PRESENT)]
    assert stand.frames[-1].changes == [(B, changes[0])]
    assert audience.follow(B, Visitors()) == [Moved("bela", PRESENT, None)]


async def test_that_the_room_sleeps_is_said(stand: Stand) -> None:
    await until(lambda: stand.bodies)
    assert [(frame.awake, frame.nr - stand.first) for frame in stand.frames] == [(False, 1)]
    await stand.audience.room.awake()
    await asyncio.sleep(0)
    stand.audience.show()
    assert stand.frames[-1].awake


async def test_the_newest_number_is_said_again_twice_after_the_last_frame(stand: Stand) -> None:
    stand.audience.room.hold()
    for _ in range(10):
        await stand.audience.room.send(Say("a"), by=ANNA)
        await asyncio.sleep(REPEATS_S[0] / 2)
    said = len(stand.bodies)
    assert said == 10
    await asyncio.sleep(10)
    again = [(frame.nr - stand.first, frame.again, frame.last) for frame in stand.frames[said:]]
    assert again == [(10, True, 11)] * 2
    stand.audience.room.release()


async def test_an_audience_that_is_made_anew_goes_on_with_higher_numbers(stand: Stand) -> None:
    for _ in range(50):
        stand.audience.show()
    stand.audience.close()
    await asyncio.sleep(0.001)
    assert Stand(stand.audience.room).audience.joined(B).nr > stand.frames[-1].nr


async def test_it_ends_with_the_room_and_says_nothing_more(stand: Stand) -> None:
    await stand.audience.room.give_way()
    assert stand.ends == [stand.audience]
    stand.audience.close()
    await asyncio.sleep(5)
    assert stand.bodies == []
