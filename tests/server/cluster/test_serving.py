"""What a node answers to others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.cluster.members import node_id
from server.cluster.messages import (
    Act,
    Answer,
    Done,
    Failed,
    Follow,
    Followed,
    Leave,
    MoreHolds,
    Query,
    Refusal,
    Send,
    Stored,
    Taken,
    Tell,
    Wake,
    Woken,
    decode_answer,
    encode,
    pack,
    unpack_events,
)
from server.room.commands import Command, Say
from server.rooms.changes import Moved, TakeBegun, TakeEnded
from server.rooms.local import LocalRoom
from server.rooms.presence import PRESENT, SPEAKER
from tests.support.actors import ANNA, local, now_ms, texts, toy_room, until
from tests.support.wires import Nodes, TestNode

pytestmark = pytest.mark.virtual_time

OTHER, THIRD = node_id("z", 1, 1), node_id("y", 1, 1)


@pytest.fixture
async def nodes() -> AsyncIterator[Nodes]:
    made = Nodes("ab", idle_ms=100)
    await made.start()
    await toy_room(made.all[0].registry)
    yield made
    await made.close()


@pytest.fixture
def owner(nodes: Nodes) -> TestNode:
    return nodes.all[0]


async def asked(node: TestNode, query: Query) -> Answer:
    return decode_answer(await node.node.serving.answer(encode(query)))


def say(text: str, *, room: str = "room", in_ms: int = 5_000, key: str | None = None) -> Send:
    return command(Say(text), room=room, in_ms=in_ms, key=key)


def command(wish: Command, *, room: str = "room", in_ms: int = 5_000, key: str | None = None) -> Send:
    return Send(room, OTHER, now_ms() + in_ms, pack(wish), ANNA, key)


async def test_a_command_is_decided_and_a_key_decides_it_once(owner: TestNode) -> None:
    first = await asked(owner, say("a", key="k"))
    assert isinstance(first, Stored)
    assert texts(unpack_events(first.events)) == ["a"]
    assert await asked(owner, say("a", key="k")) == first


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("no", Refusal("no", "No.")),
        ("boom", Failed("broken")),
        ("nothing", Stored([])),
    ],
)
async def test_refusals_and_mistakes_are_told(owner: TestNode, text: str, answer: Answer) -> None:
    assert await asked(owner, say(text)) == answer


async def test_a_command_that_comes_late_is_not_done(owner: TestNode) -> None:
    assert await asked(owner, say("late", in_ms=-1)) == Failed("late")
    assert await owner.log.head("room") == 1


async def test_a_storage_that_fails_is_told_as_doubt(owner: TestNode) -> None:
    owner.log.error = OSError("broken")
    assert await asked(owner, say("a")) == Failed("storage")


async def test_what_is_elsewhere_or_nowhere_is_told(nodes: Nodes, owner: TestNode) -> None:
    other = nodes.all[1]
    for query in (say("a"), Wake("room", OTHER), Follow("room", OTHER)):
        assert await asked(other, query) == Failed("elsewhere")
    assert await asked(owner, Tell("room", OTHER, 0, [])) == Failed("unknown")
    assert await asked(owner, Wake("nowhere", OTHER)) == Failed("elsewhere")
    assert await asked(owner, Leave("room", OTHER)) == Done()
    assert decode_answer(await owner.node.serving.answer(b"junk")) == Failed("junk")


async def test_a_sleeping_room_is_woken(owner: TestNode) -> None:
    await until(lambda: owner.registry.awake("room") is None)
    assert await asked(owner, Wake("room", OTHER)) == Woken(1)
    assert owner.registry.awake("room") is not None


async def test_what_a_node_tells_is_done_in_order_and_taken_back_when_it_leaves(owner: TestNode) -> None:
    followed = await asked(owner, Follow("room", OTHER, [Moved("v", None, PRESENT)], 1))
    assert isinstance(followed, Followed)
    room = local(await owner.registry.wake("room"))
    acts: list[Act] = [Moved("v", PRESENT, SPEAKER), TakeBegun("v", "t", now_ms() + 60_000), MoreHolds(1)]
    assert await asked(owner, Tell("room", OTHER, 0, acts)) == Done()
    assert (dict(room.speakers), set(room.speaking), room._holds) == ({"v": 1}, {"v"}, 2)
    assert await asked(owner, Tell("room", OTHER, 0, [])) == Failed("unknown"), "told twice"
    assert await asked(owner, Tell("room", OTHER, 2, [])) == Failed("unknown"), "something is missing"
    assert await asked(owner, Tell("room", OTHER, 1, [TakeEnded("v", "t")])) == Done()
    assert await asked(owner, Leave("room", OTHER)) == Done()
    assert (dict(room.speakers), set(room.context().here), room._holds) == ({}, set(), 0)
    assert not owner.node.serving._audiences


async def test_who_follows_again_is_known_by_what_it_says_now(owner: TestNode) -> None:
    await asked(owner, Follow("room", OTHER, [Moved("v", None, SPEAKER), Moved("w", None, PRESENT)], 2))
    await asked(owner, Follow("room", THIRD, [Moved("v", None, PRESENT)]))
    room = local(await owner.registry.wake("room"))
    await asked(owner, Follow("room", OTHER, [Moved("v", None, PRESENT)], 1))
    assert (dict(room.speakers), room._holds) == ({}, 1)
    assert set(room.context().here) == {"v"}
    await asked(owner, Leave("room", OTHER))
    assert set(room.context().here) == {"v"}, "it is here by another node, too"


async def test_a_hold_wakes_a_room_that_has_just_fallen_asleep(owner: TestNode) -> None:
    await asked(owner, Follow("room", OTHER))
    await until(lambda: owner.registry.awake("room") is None)
    await asked(owner, Tell("room", OTHER, 0, [MoreHolds(1)]))
    await until(lambda: owner.registry.awake("room") is not None)
    await asyncio.sleep(1)
    assert owner.registry.awake("room") is not None
    await asked(owner, Leave("room", OTHER))
    await until(lambda: owner.registry.awake("room") is None)


async def test_a_room_is_given_up_only_when_the_log_says_so(nodes: Nodes, owner: TestNode) -> None:
    room = await owner.registry.wake("room")
    assert isinstance(room, LocalRoom)
    room.set_presence("v", None, PRESENT)
    assert owner.node.serving._own
    assert await asked(owner, Taken("room")) == Done()
    assert not room.is_deposed
    seen = await nodes.all[1].log.look("room")
    assert seen is not None
    await nodes.all[1].log.claim("room", seen)
    assert await asked(owner, Taken("room")) == Done()
    assert (await owner.registry.wake("room")) is not room
    assert not owner.node.serving._own


async def test_who_tells_of_its_visitors_in_parts_keeps_all_until_the_last(owner: TestNode) -> None:
    room = await owner.wake()
    every = [Moved(f"v{number}", None, SPEAKER) for number in range(6)]
    assert isinstance(await asked(owner, Follow("room", OTHER, list(every))), Followed)

    def part(nr: int, count: int, *, more: bool = True) -> Follow:
        return Follow("room", OTHER, list(every[2 * nr : 2 * nr + count]), part=nr, more=more)

    for query in (part(0, 2), part(1, 2)):
        assert await asked(owner, query) == Done()
    assert await asked(owner, part(1, 2)) == Failed("unknown")  # it came twice: begin anew
    assert await asked(owner, part(2, 2, more=False)) == Failed("unknown")
    assert set(room.speakers) == {f"v{number}" for number in range(6)}
    for query in (part(0, 2), part(1, 2)):
        assert await asked(owner, query) == Done()
    assert isinstance(await asked(owner, part(2, 1, more=False)), Followed)
    assert set(room.speakers) == {f"v{number}" for number in range(5)}


async def test_a_command_that_waited_for_its_room_past_its_deadline_is_not_begun(owner: TestNode) -> None:
    await until(lambda: owner.registry.known("room") is None)

    async def slow() -> None:
        await asyncio.sleep(0.2)

    owner.log.pause = slow
    assert await asked(owner, say("late", in_ms=100)) == Failed("late")
