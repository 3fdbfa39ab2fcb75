"""A copy of a room is complete and in order whatever becomes of the messages that bring it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from server.cluster.audience import REPEATS_S
from server.cluster.following import RETRY_S
from server.cluster.messages import Frame, decode_frame, encode, pack_events
from server.cluster.node import COMPARE_EVERY_S
from server.cluster.remote import RemoteRoom
from server.cluster.transport import BEATS, tail_of
from server.room.commands import Say
from server.room.events import Draft, Event, TextSaid, numbered
from server.rooms.presence import SPEAKER
from tests.support.actors import ANNA, BELA, texts, toy_room, until
from tests.support.room_contract import Reader
from tests.support.wires import Nodes

pytestmark = pytest.mark.virtual_time

TAIL = tail_of("room")


@pytest.fixture
async def pair() -> AsyncIterator[Nodes]:
    """Two nodes; the first owns the room."""
    nodes = Nodes("ab", delay_s=0.001)
    await nodes.start()
    await toy_room(nodes.all[0].registry)
    await nodes.settle()
    yield nodes
    await nodes.close()


async def remote(nodes: Nodes) -> RemoteRoom:
    room = await nodes.all[1].wake()
    assert isinstance(room, RemoteRoom)
    return room


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_lost_on_the_way_the_copy_is_whole_soon_after(pair: Nodes, seed: int) -> None:
    chance = Random(seed)
    owner = await pair.all[0].wake()
    room = await remote(pair)
    readers = [Reader(owner), Reader(room)]
    loss = chance.choice([0.1, 0.5, 0.9])
    pair.wires.loses = lambda subject, body: subject == TAIL and chance.random() < loss
    for number in range(60):
        who = chance.choice([owner, room])
        await who.send(Say(f"{number}"), by=ANNA)
        if chance.random() < 0.3:
            who.set_presence(ANNA.id, None, SPEAKER)
            await asyncio.sleep(chance.random() * 0.5)
            who.set_presence(ANNA.id, SPEAKER, None)
    who.set_presence(BELA.id, None, SPEAKER)
    pair.wires.loses = lambda subject, body: False
    async with asyncio.timeout(3.0):  # the newest number is said again at 0.2 and 2 s
        await until(lambda: room.tail.head == owner.tail.head)
        await until(lambda: dict(room.speakers) == dict(owner.speakers) == {BELA.id: 1})
    assert [texts(reader.events) for reader in readers] == [[f"{number}" for number in range(60)]] * 2
    assert all(reader.has_no_gap() for reader in readers)
    assert room.state == owner.state


async def test_the_last_message_before_a_silence_may_be_lost_once_or_twice(pair: Nodes) -> None:
    owner, room = await pair.all[0].wake(), await remote(pair)
    for losses, within_s in ((1, 0.25), (2, 2.1)):
        lost = list[bytes]()

        def loses(subject: str, body: bytes, lost: list[bytes] = lost, losses: int = losses) -> bool:
            if subject == TAIL and len(lost) < losses:
                lost.append(body)
                return True
            return False

        pair.wires.loses = loses
        await owner.send(Say("last"), by=ANNA)
        began_s = asyncio.get_running_loop().time()
        await until(lambda: room.tail.head == owner.tail.head)
        assert len(lost) == losses
        assert within_s - 0.1 < asyncio.get_running_loop().time() - began_s < within_s
        await asyncio.sleep(3)


async def test_what_was_lost_for_longer_is_asked_for(pair: Nodes) -> None:
    owner, room = await pair.all[0].wake(), await remote(pair)
    pair.wires.loses = lambda subject, body: subject == TAIL
    await owner.send(Say("last"), by=ANNA)
    owner.set_presence(ANNA.id, None, SPEAKER)
    await asyncio.sleep(REPEATS_S[-1] + 0.1)
    pair.wires.loses = lambda subject, body: False
    assert room.tail.head == 1
    async with asyncio.timeout(2 * COMPARE_EVERY_S):
        while room.tail.head == 1:
            await asyncio.sleep(0.1)
    assert dict(room.speakers) == {ANNA.id: 1}


async def test_a_silent_room_says_its_newest_number_twice_and_no_more(pair: Nodes) -> None:
    owner, _ = await pair.all[0].wake(), await remote(pair)
    await asyncio.sleep(5)
    pair.wires.published.clear()
    await owner.send(Say("a"), by=ANNA)
    await asyncio.sleep(10)
    frames = [decode_frame(body) for subject, body in pair.wires.published if subject == TAIL]
    assert len({frame.nr for frame in frames}) == 1
    assert [len(frame.events) for frame in frames] == [1, 0, 0]


async def test_frames_of_a_deposed_owner_are_dropped(pair: Nodes) -> None:
    owner, edge = pair.all
    room = await remote(pair)
    reader = Reader(room)
    seen = await owner.log.look("room")
    assert seen is not None
    newer = await owner.log.claim("room", seen)
    announced = Frame("room", owner.id, newer.epoch, 0, awake=True, prev=newer.last, last=newer.last)
    owner.transport.publish(TAIL, encode(announced))
    await until(lambda: room._following._epoch == newer.epoch and room._following.is_synced)
    false = numbered(Draft(TextSaid("never stored"), 1, ANNA), 2, 1)
    for nr in range(4):
        late = Frame("room", owner.id, 1, nr, awake=True, prev=1, last=2, events=pack_events([false]))
        owner.transport.publish(TAIL, encode(late))
    await asyncio.sleep(0.05)
    assert reader.events == []
    assert edge.registry.awake("room") is None
    (event,) = await room.send(Say("stored"), by=ANNA)
    assert (event.seq, texts(reader.events)) == (2, ["stored"])


async def test_a_frame_whose_events_cannot_be_read_is_repaired_from_the_log(
    pair: Nodes, caplog: pytest.LogCaptureFixture
) -> None:
    owner, room = await pair.all[0].wake(), await remote(pair)
    reader = Reader(room)

    def breaks(subject: str, body: bytes) -> bool:
        if subject == TAIL and b"text.said" in body and not broken:
            broken.append(body)
            pair.all[0].transport.publish(TAIL, body.replace(b'"seq":', b'"sec":'))
            return True
        return False

    broken = list[bytes]()
    pair.wires.loses = breaks
    await owner.send(Say("a"), by=ANNA)
    await until(lambda: reader.events)
    assert broken
    assert texts(reader.events) == ["a"]
    assert "cluster.junk_events" in caplog.text


async def test_what_is_erased_is_gone_from_the_copy_too(pair: Nodes) -> None:
    owner, room = await pair.all[0].wake(), await remote(pair)
    await owner.send(Say("private"), by=ANNA)
    await owner.send(Say("erase 2"), by=ANNA)
    await until(lambda: room.tail.head == 3)
    assert "private" not in texts([each.event for each in room.tail.since(0) or []])


async def test_a_replica_that_is_behind_is_asked_again(pair: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, edge = pair.all
    owners, room = await owner.wake(), await remote(pair)
    behind, read = [3], edge.log.read

    async def stale(room_id: str, after: int = 0, limit: int = 500) -> list[Event]:
        behind[0] -= 1
        return [] if behind[0] >= 0 else await read(room_id, after, limit)

    monkeypatch.setattr(edge.log, "read", stale)
    pair.wires.loses = lambda subject, body: subject == TAIL and b"text.said" in body
    await owners.send(Say("a"), by=ANNA)
    await until(lambda: room.tail.head == 2)
    assert behind[0] < 0


async def test_a_log_that_fails_for_a_while_only_delays(pair: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, edge = pair.all
    owners, room = await owner.wake(), await remote(pair)
    fails, read = [3], edge.log.read

    async def failing(room_id: str, after: int = 0, limit: int = 500) -> list[Event]:
        fails[0] -= 1
        if fails[0] >= 0:
            raise OSError("away")
        return await read(room_id, after, limit)

    monkeypatch.setattr(edge.log, "read", failing)
    pair.wires.loses = lambda subject, body: subject == TAIL and b"text.said" in body
    await owners.send(Say("a"), by=ANNA)
    await until(lambda: room.tail.head == 2)
    assert fails[0] < 0
    assert RETRY_S < 1


async def test_who_was_away_follows_anew(pair: Nodes) -> None:
    owner, edge = pair.all
    owners, room = await owner.wake(), await remote(pair)
    reader = Reader(room)
    edge.transport.is_cut = True
    for number in range(700):
        await owners.send(Say(f"{number}"), by=ANNA)
    edge.transport.is_cut = False
    edge.transport.on_reconnected()
    await until(lambda: len(reader.events) == 700)
    assert reader.has_no_gap()
    assert not edge.node.members.may_judge(round(asyncio.get_running_loop().time() * 1000))
    assert any(subject == BEATS for subject, _ in pair.wires.published)


async def test_a_copy_that_sleeps_takes_in_a_word_and_the_sleep_after_it_at_once() -> None:
    nodes = Nodes("ab", idle_ms=40, delay_s=0.001)
    await nodes.start()
    owner, edge = nodes.all
    await toy_room(owner.registry)
    await nodes.settle()
    room = await remote(nodes)
    stop = room.tail.subscribe(lambda _: None)
    await until(lambda: room._following.state is None and owner.registry.awake("room") is None)
    edge.freeze()  # what it hears comes in one turn of its loop
    (said,) = await (await owner.wake()).send(Say("quiet"), by=ANNA, quiet=True)
    await until(lambda: owner.registry.awake("room") is None)
    await asyncio.sleep(0.01)
    edge.thaw()
    await until(lambda: room.tail.head == said.seq and room._following.state is None)
    stop()
    await nodes.close()
