"""Who owns a room, and what becomes of a room that another process has claimed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.log.base import Entry
from server.room.commands import Refused, Say
from server.room.events import Draft, RoomOpened
from server.rooms.base import Room
from server.rooms.directory import Directory, LocalDirectory
from server.rooms.local import LocalRoom
from server.rooms.presence import SPEAKER
from tests.support.actors import ANNA, BELA, local, now_ms, shown, texts, toy_room, until
from tests.support.directory_contract import DirectoryContract, Node, Town

pytestmark = pytest.mark.virtual_time

OPENED = Entry([Draft(RoomOpened("wonder", "Room"), 1, ANNA)])


class TestLocalDirectory(DirectoryContract):
    def directories(self, count: int) -> list[Directory]:
        return [LocalDirectory()]


class TestTown(DirectoryContract):
    """The fake that the tests below stand on keeps the contract too."""

    most = 3

    def directories(self, count: int) -> list[Directory]:
        town = Town()
        for room in ("room", "room0", "room1", "room2"):
            town.storage._append(room, OPENED, 0)
        return [town.node() for _ in range(count)]


class Neighbours:
    """A room of one node, and another node."""

    def __init__(self, here: Node, there: Node, room: LocalRoom) -> None:
        self.here, self.there, self.room = here, there, room
        self.ends = 0
        self.signals: list[bytes] = []
        room.tail.subscribe(
            lambda batch: self.signals.extend(body for _, body in batch.signals), ended=self._end
        )

    def _end(self) -> None:
        self.ends += 1

    async def at_the_owners(self) -> LocalRoom:
        return local(await self.there.registry.wake("room"))


@pytest.fixture
async def near() -> AsyncIterator[Neighbours]:
    town = Town()
    here, there = town.node(), town.node()
    yield Neighbours(here, there, await toy_room(here.registry))
    for node in (here, there):
        node.log.gate.set()
        await node.registry.close()


async def test_a_room_of_another_process_is_reached_there(near: Neighbours) -> None:
    room = await near.there.registry.wake("room")
    assert room is near.room
    assert texts(await near.there.registry.send("room", Say("a"), by=ANNA)) == ["a"]
    assert len(near.there.registry) == 0
    assert shown(near.room) == ["a"]


async def test_a_deposed_room_hands_on_what_waits_in_order_with_its_keys(near: Neighbours) -> None:
    near.here.log.gate.clear()
    first = [asyncio.ensure_future(near.room.send(Say("0"), by=ANNA, key="0"))]
    await until(lambda: near.here.log.chains or (near.room._writer and not near.room._writer._inbox))
    rest = [asyncio.ensure_future(near.room.send(Say(f"{i}"), by=ANNA, key=f"{i}")) for i in range(1, 5)]
    same = asyncio.ensure_future(near.room.send(Say("2"), by=ANNA, key="2"))
    other = asyncio.ensure_future(near.room.send(Say("not 2"), by=ANNA, key="2"))
    refused = asyncio.ensure_future(near.room.send(Say("no"), by=ANNA))
    await asyncio.sleep(0)
    near.there.claim("room")
    near.here.log.gate.set()

    answers = await asyncio.gather(*first, *rest)
    assert [texts(events) for events in answers] == [["0"], ["1"], ["2"], ["3"], ["4"]]
    assert await same == answers[2]
    for late, code in ((other, "id_used"), (refused, "no")):
        with pytest.raises(Refused) as why:
            await late
        assert why.value.code == code
    assert texts(await near.there.log.read("room")) == ["0", "1", "2", "3", "4"]
    assert await (await near.at_the_owners()).send(Say("3"), by=ANNA, key="3") == answers[3]


async def test_a_deposed_room_keeps_neither_state_nor_timer_nor_presence_and_signals_no_more(
    near: Neighbours,
) -> None:
    near.room.set_presence(ANNA.id, None, SPEAKER)
    near.room.begin_speaking(BELA.id, "take", until_ms=now_ms() + 60_000)
    near.there.claim("room")
    await near.room.send(Say("a"), by=ANNA)
    assert (near.room._writer, near.room._timer) == (None, None)
    assert not near.room.context().here
    assert not near.room.speaking
    assert len(near.here.registry) == 0
    assert list(near.here.registry.rooms()) == []
    assert near.ends == 1
    near.room.hear(BELA.id, on=True)
    near.room.tail.signal("cue", {})
    near.room.set_presence(ANNA.id, None, SPEAKER)
    await asyncio.sleep(0.02)
    assert near.signals == []
    assert len(near.here.registry) == 0
    assert not near.here.registry._waking


async def test_who_still_knows_a_deposed_room_reaches_its_owner(near: Neighbours) -> None:
    near.there.claim("room")
    await near.room.send(Say("a"), by=ANNA)
    assert texts(await near.room.send(Say("b"), by=ANNA, key="b")) == ["b"]
    assert await near.room.awake() is (await near.at_the_owners()).state
    assert shown(await near.at_the_owners()) == ["a", "b"]


async def test_no_tick_of_a_deposed_room_reaches_the_log(near: Neighbours) -> None:
    near.room.hold()
    await near.room.send(Say(f"due {now_ms() + 30}"), by=ANNA)
    near.there.claim("room")
    await until(lambda: near.ends)
    owner = await near.at_the_owners()
    await until(lambda: len(shown(owner)) == 2)
    assert shown(owner)[1] == "tick [] []"
    assert owner.tail.head == 3


async def test_when_the_owner_cannot_be_found_those_who_wait_are_told(
    near: Neighbours, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def lost(room: str) -> None:
        raise OSError("nobody answers")

    monkeypatch.setattr(near.here, "owner", lost)
    near.there.claim("room")
    answers = await asyncio.gather(
        *(near.room.send(Say(f"{i}"), by=ANNA) for i in range(3)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [OSError] * 3
    assert "room.owner_not_found" in caplog.text


async def test_a_room_that_comes_back_is_another_and_goes_on(near: Neighbours) -> None:
    near.there.claim("room")
    await near.room.send(Say("a"), by=ANNA)
    near.here.claim("room")
    again = local(await near.here.registry.wake("room"))
    assert again is not near.room
    assert texts(await near.room.send(Say("b"), by=ANNA)) == ["b"]
    assert shown(again) == ["a", "b"]
    assert len(near.here.registry) == 1


async def test_who_comes_back_to_a_room_while_its_owner_is_asked_for_reaches_it(
    near: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await toy_room(near.here.registry, "room1")
    await old.close()
    near.there.claim("room1")
    asked, ends, owner = asyncio.Event(), list[None](), near.here.owner

    async def slow(room: str) -> Room | None:
        asked.set()
        await asyncio.sleep(0.01)
        return await owner(room)

    monkeypatch.setattr(near.here, "owner", slow)
    waking = asyncio.ensure_future(near.here.registry.wake("room1"))
    await asked.wait()
    old.tail.subscribe(lambda _: None, ended=lambda: ends.append(None))
    saying = asyncio.ensure_future(old.send(Say("a"), by=ANNA))
    async with asyncio.timeout(5):
        assert await waking is await near.there.registry.wake("room1")
        assert texts(await saying) == ["a"]
    assert near.here.registry.known("room1") is None
    assert ends == [None]
