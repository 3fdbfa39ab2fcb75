"""What becomes of rooms and their visitors when nodes die, freeze, leave, and are cut off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from server.cluster.members import node_id
from server.cluster.remote import RemoteRoom
from server.cluster.transport import BEATS
from server.room.commands import Say
from server.room.events import Voice
from server.rooms.base import Room
from server.rooms.local import LocalRoom
from server.rooms.presence import SPEAKER
from tests.support.actors import ANNA, BELA, texts, toy_room, until
from tests.support.room_contract import Reader
from tests.support.wires import Nodes, TestNode

pytestmark = pytest.mark.virtual_time

TAKEN_WITHIN_S = 3.0
VISITS: list[Visit] = []


class Visit:
    """Somebody in a room, who comes back when the room moves."""

    def __init__(self, node: TestNode, room: Room, voice: Voice) -> None:
        self.node, self.room, self.voice = node, room, voice
        self.events: list[object] = []
        self.moves = 0
        self._coming_back: asyncio.Future[None] | None = None
        self._sit()
        VISITS.append(self)

    def stop(self) -> None:
        """Stay away from now on."""
        self.close()
        if self._coming_back is not None:
            self._coming_back.cancel()

    def _sit(self) -> None:
        self.close = self.room.tail.subscribe(
            lambda batch: self.events.extend(each.event for each in batch.events), ended=self._moved
        )
        self.room.set_presence(self.voice.id, None, SPEAKER)

    def _moved(self) -> None:
        self.moves += 1
        self._coming_back = asyncio.ensure_future(self._come_back())

    async def _come_back(self) -> None:
        after = self.room.tail.head
        self.room = await self.node.wake()
        missed = self.room.tail.since(after) or []
        self.events += [each.event for each in missed]
        self._sit()


@pytest.fixture
async def three() -> AsyncIterator[Nodes]:
    """Three nodes that may judge; the first owns the room, and it is a visitor's on the second."""
    nodes = Nodes("abc", delay_s=0.001)
    await nodes.start()
    await toy_room(nodes.all[0].registry)
    await nodes.settle()
    yield nodes
    while VISITS:
        VISITS.pop().stop()
    await nodes.close()


def seconds() -> float:
    return asyncio.get_running_loop().time()


async def test_two_nodes_see_one_room(three: Nodes) -> None:
    owner, *edges = three.all
    rooms = [await node.wake() for node in three.all]
    assert [type(room) for room in rooms] == [LocalRoom, RemoteRoom, RemoteRoom]
    readers = [Reader(room) for room in rooms]
    for number, room in enumerate(rooms):
        await room.send(Say(f"{number}"), by=ANNA)
    rooms[1].tail.signal("cue", {"clip": "c"})
    await until(lambda: all(len(reader.events) == 3 and reader.signals() for reader in readers))
    for reader in readers:
        assert texts(reader.events) == ["0", "1", "2"]
        assert [signal["kind"] for signal in reader.signals()] == ["cue"]
        assert reader.has_no_gap()
    assert {room.state.voices_language for room in rooms} == {"en"}
    assert len(edges) == 2
    assert owner.transport.asked == 0


async def test_who_is_here_is_known_on_all_nodes(three: Nodes) -> None:
    rooms = [await node.wake() for node in three.all[:2]]
    rooms[0].set_presence(ANNA.id, None, SPEAKER)
    rooms[1].set_presence(BELA.id, None, SPEAKER)
    rooms[1].consent(BELA.id)
    rooms[1].wear(BELA.id, "robot")
    rooms[1].set_network(BELA.id, "net")
    rooms[1].begin_speaking(BELA.id, "take", until_ms=10**15)
    colour = rooms[1].coloured(BELA).colour
    await until(lambda: rooms[0].has_take(BELA.id, "take"))
    late = await three.all[2].wake()
    for room in (*rooms, late):
        await until(lambda room=room: set(room.context().here) == {ANNA.id, BELA.id})  # type: ignore[misc]
        context = room.context()
        assert set(context.speakers) == {ANNA.id, BELA.id}
        assert set(context.speaking) == {BELA.id}
        assert BELA.id in context.consented
        assert (context.masks[BELA.id], context.networks[BELA.id]) == ("robot", "net")
        assert room.coloured(BELA).colour == colour
    rooms[1].end_speaking(BELA.id, "take")
    rooms[1].set_presence(BELA.id, SPEAKER, None)
    await until(lambda: all(set(room.context().here) == {ANNA.id} for room in (*rooms, late)))
    assert not late.speaking


async def test_a_dead_owner_is_replaced_in_time_and_the_round_goes_on(three: Nodes) -> None:
    owner, *edges = three.all
    visits = [Visit(node, await node.wake(), voice) for node, voice in zip(edges, (ANNA, BELA), strict=True)]
    due_ms = edges[0].registry.clock() + 4_000
    await visits[0].room.send(Say(f"due {due_ms}"), by=ANNA)
    owner.kill()
    killed_s = seconds()
    await until(lambda: any(isinstance(visit.room, LocalRoom) for visit in visits))
    assert seconds() - killed_s <= TAKEN_WITHIN_S
    await until(lambda: all(len(visit.events) == 2 for visit in visits))
    assert edges[0].registry.clock() >= due_ms
    for visit in visits:
        assert texts(visit.events)[1].startswith("tick")  # type: ignore[arg-type]
    rooms = [visit.room for visit in visits]
    assert sorted(type(room).__name__ for room in rooms) == ["LocalRoom", "RemoteRoom"]
    assert all(set(room.context().here) == {ANNA.id, BELA.id} for room in rooms), "nobody got lost"
    assert [visit.moves for visit in visits].count(0) == 1, "only those of the new owner come back"
    assert three.storage.epochs("room")[-1] == 2


async def test_a_command_on_its_way_to_a_dying_owner_is_decided_once(three: Nodes) -> None:
    owner, edge, _ = three.all
    room = await edge.wake()
    owner.freeze()
    sending = asyncio.ensure_future(room.send(Say("a"), by=ANNA, key="k"))
    lost = asyncio.ensure_future(room.send(Say("b"), by=ANNA))
    began_s = seconds()
    events = await sending
    assert seconds() - began_s < TAKEN_WITHIN_S + 0.5
    with pytest.raises(OSError, match="another owner"):
        await lost
    owner.thaw()
    await asyncio.sleep(1)
    said = texts(await three.storage.log.read("room"))
    assert said.count("a") == 1
    assert await (await edge.wake()).send(Say("a"), by=ANNA, key="k") == events


async def test_an_owner_that_wakes_from_a_freeze_steps_down(three: Nodes) -> None:
    owner, edge, _ = three.all
    old = await owner.wake()
    reader, visit = Reader(old), Visit(edge, await edge.wake(), BELA)
    ends = list[None]()
    old.tail.subscribe(lambda _: None, ended=lambda: ends.append(None))
    owner.freeze()
    await until(lambda: isinstance(visit.room, LocalRoom) or three.storage.epochs("room")[-1] > 1)
    late = asyncio.ensure_future(old.send(Say("late"), by=ANNA, key="late"))
    await asyncio.sleep(0.5)
    owner.thaw()
    assert texts(await late) == ["late"], "handed on, with its key"
    await until(lambda: ends)
    assert reader.signals() == []
    assert isinstance(await owner.wake(), RemoteRoom)
    owners = three.storage.owners("room")
    assert all(len(each) == 1 for each in owners.values())
    assert owners[1] == {owner.id}


async def test_a_quiet_owner_that_was_replaced_is_told(three: Nodes) -> None:
    owner, edge, _ = three.all
    old, visit = await owner.wake(), Visit(edge, await edge.wake(), BELA)
    old.hold()
    owner.transport.is_cut = True  # from the nodes, not from the log
    await until(lambda: three.storage.epochs("room")[-1] > 1)
    owner.transport.is_cut = False
    newest = three.storage.newest("room")
    assert newest is not None
    taker = next(node for node in three.all if node.id == newest.owner)
    await taker.node.directory._tell_deposed(owner.id, "room")
    assert isinstance(old, LocalRoom)
    assert old.is_deposed
    assert isinstance(await owner.wake(), RemoteRoom)
    assert visit.voice.id in (await owner.wake()).context().here


async def test_a_node_that_leaves_gives_its_rooms_away_at_once(three: Nodes) -> None:
    owner, edge, _ = three.all
    visit = Visit(edge, await edge.wake(), BELA)
    owner.node.leave()
    left_s = seconds()
    await until(lambda: three.storage.epochs("room")[-1] == 2)
    assert seconds() - left_s < 1
    await visit.room.send(Say("a"), by=BELA)
    assert isinstance(await owner.wake(), RemoteRoom)


async def test_a_restarted_node_takes_its_rooms_back_without_waiting() -> None:
    nodes = Nodes("ab")
    await nodes.start()
    await toy_room(nodes.all[0].registry)
    nodes.all[0].kill()
    again = TestNode(nodes, node_id("a", 2_000, 7), 60_000, nodes.all[0].registry.shared.rules)
    nodes.all.append(again)
    await again.node.start()
    began_s = seconds()
    room = await again.wake()
    assert isinstance(room, LocalRoom)
    assert seconds() - began_s < 1
    await nodes.close()


async def test_visitors_of_a_silent_node_are_taken_back_and_come_back_with_it(three: Nodes) -> None:
    owner, edge, _ = three.all
    here, there = await owner.wake(), await edge.wake()
    there.set_presence(BELA.id, None, SPEAKER)
    there.begin_speaking(BELA.id, "take", until_ms=10**15)
    there.hold()
    await until(lambda: BELA.id in here.context().here and here.speaking)
    edge.transport.is_cut = True
    cut_s = seconds()
    await until(lambda: BELA.id not in here.context().here)
    assert 2.0 < seconds() - cut_s < 3.0
    assert not here.speaking
    assert isinstance(here, LocalRoom)
    assert here._holds == 0
    await asyncio.sleep(1)
    edge.transport.is_cut = False
    await until(lambda: BELA.id in here.context().here and here.speaking)
    assert here._holds == 1
    assert dict(here.speakers) == {BELA.id: 1}


async def test_visitors_of_a_node_whose_beats_alone_are_lost_come_back_at_once(
    three: Nodes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    owner, edge, _ = three.all
    here, there = await owner.wake(), await edge.wake()
    there.set_presence(BELA.id, None, SPEAKER)
    await until(lambda: BELA.id in here.context().here)
    three.wires.loses = lambda subject, body: subject == BEATS and edge.id.encode() in body
    owner.node.members.meet(edge.id, 0)  # as if it had not been heard for long
    await until(lambda: "visitors_dropped" in caplog.text)
    await until(lambda: BELA.id in here.context().here)
    await asyncio.sleep(1)
    assert caplog.text.count("visitors_dropped") == 1, "asking is a sign of life too"
    assert dict(there.speakers) == dict(here.speakers) == {BELA.id: 1}


async def test_who_hears_nobody_calls_nobody_gone(three: Nodes) -> None:
    owner, edge, _ = three.all
    room = await edge.wake()
    edge.transport.is_cut = True
    await asyncio.sleep(8)
    edge.transport.is_cut = False
    await room.send(Say("a"), by=ANNA)
    await asyncio.sleep(3)
    assert three.storage.epochs("room")[-1] == 1
    assert isinstance(await owner.wake(), LocalRoom)


async def test_a_node_whose_clock_is_off_says_so(three: Nodes, caplog: pytest.LogCaptureFixture) -> None:
    three.all[2].skew_ms = -90_000
    await asyncio.sleep(65)
    assert caplog.text.count("cluster.clock_off") == 1
    room = await three.all[2].wake()
    assert texts(await room.send(Say("a"), by=ANNA)) == ["a"], "its deadlines are understood all the same"


async def test_junk_on_our_subjects_harms_nobody(three: Nodes) -> None:
    junk = three.all[2].transport
    for body in (b"", b"w1", b"w1{}", b'w1{"node":"x"}', b"\xff" * 100, b'{"type":"frame"}'):
        junk.publish(BEATS, body)
        junk.publish("tail.0.room", body)
        assert b"junk" in await junk.ask(three.all[0].id, body, timeout_s=1)
    await asyncio.sleep(1)
    assert three.storage.epochs("room") == [1]


async def test_nobody_waits_for_the_answer_of_an_owner_that_froze(three: Nodes) -> None:
    owner, edge, _ = three.all
    began_s = seconds()
    owner.freeze()
    await asyncio.sleep(0.1)
    await edge.wake()  # asks, before the owner can be known to be silent
    assert seconds() - began_s < TAKEN_WITHIN_S + 0.5
    owner.thaw()


async def test_a_crowd_follows_anew_once_and_nobody_leaves_in_between(three: Nodes) -> None:
    owner, edge, _ = three.all
    room = await edge.wake()
    assert isinstance(room, RemoteRoom)
    crowd = [f"v{number}" for number in range(2_100)]
    for number, voice in enumerate(crowd):
        room.set_presence(voice, None, SPEAKER)
        room.consent(voice)
        room.wear(voice, "robot")
        if number % 500 == 0:
            await asyncio.sleep(0.1)
    own = await owner.wake()
    await until(lambda: len(own.speakers) == len(crowd))
    follows, fewest = room._follows, len(crowd)
    room.look_again()
    began_s = seconds()
    while seconds() - began_s < 1.0:
        fewest = min(fewest, len(own.speakers))
        await asyncio.sleep(0.01)
    assert room._follows == follows + 1
    assert fewest == len(crowd)
    assert room.place is not None


async def test_an_unexpected_error_ends_none_of_its_tasks(
    three: Nodes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    node = three.all[0].node

    def broken() -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(node, "_look", broken)
        await until(lambda: "cluster.step_failed" in caplog.text)
    looked = asyncio.Event()
    monkeypatch.setattr(node, "_look", looked.set)
    await asyncio.wait_for(looked.wait(), 10)
