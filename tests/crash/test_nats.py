"""NATS is killed, paused and cut off, and nodes write to one room: nothing is lost or stored twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from server.blobs.base import Away
from server.log.base import Conflict, Deposed, Entry, Snapshot
from server.log.claims import Ownership
from server.log.jetstream import following, sending, writing
from server.log.jetstream.reading import message_of
from server.log.jetstream.records import EVENTS, Place, record_of
from server.log.nats import NatsLog
from server.nats.codes import NO_CONSUMER
from server.nats.connection import NatsRefused, NatsSilent, connect
from tests.support.feed_contract import all_changes
from tests.support.log_contract import lists, opened, said, texts
from tests.support.nats_nodes import SHARDS, Node, nodes_of, patched
from tests.support.nats_server import NatsServer, deaf_proxy, nats_cluster, nats_server

KILLS, KILLS_IN_SOAK = 3, 100
RACES, RACES_IN_SOAK = 40, 1_000


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def node(server: NatsServer) -> AsyncIterator[Node]:
    async with nodes_of(server) as open_:
        yield open_


async def own(log: NatsLog, room: str) -> Ownership:
    """Claim a room as it is now."""
    seen = await log.look(room)
    assert seen is not None
    return await log.claim(room, seen)


async def records(server: NatsServer, room: str) -> list[Place]:
    """Read a whole room past the log: what is where, in its order."""
    connection = await connect(server.url, name="checker")
    found: list[Place] = []
    for shard in range(SHARDS):
        seq = 1
        while page := await connection.batch(
            f"ROOMS_{shard}", {"seq": seq, "batch": 256, "next_by_subj": f"rooms.{shard}.{room}"}
        ):
            seq = page[-1].seq + 1
            found += [Place(m.seq, m.seq, message.record) for m in page if (message := message_of(room, m))]
    await connection.close()
    return found


async def checked(server: NatsServer, room: str) -> None:
    """Hold the whole room against what no fault may break: dense, epochs never back, each append once."""
    places = await records(server, room)
    last, epoch = 0, 0
    for place in places:
        assert place.record.first == last + 1
        assert place.record.epoch >= epoch
        last, epoch = place.record.last, place.record.epoch
    assert not [id_ for id_, times in Counter(place.record.append for place in places).items() if times > 1]


# The server dies, stands still, or is cut off


async def killed(server: NatsServer, log: NatsLog, kills: int) -> None:
    """Append to three rooms while the server is killed again and again."""
    stored: dict[str, list[str]] = {f"r{i}": [] for i in range(3)}
    running = True

    async def write(room: str) -> None:
        while running:
            number = len(stored[room]) // 2
            await log.append(room, [said(f"{number}a"), said(f"{number}b")], expect=2 * number)
            stored[room] += [f"{number}a", f"{number}b"]

    writers = [asyncio.create_task(write(room)) for room in stored]
    for _ in range(kills):
        reached = {room: len(words) for room, words in stored.items()}
        while any(len(words) < reached[room] + 10 for room, words in stored.items()):
            await asyncio.sleep(0.01)
            for writer in writers:
                assert not writer.done() or writer.result()
        server.kill()
        await server.start()
    running = False
    await asyncio.gather(*writers)
    for room, words in stored.items():
        assert texts(await log.read(room, 0, 100_000)) == words
        await checked(server, room)
    named = Counter((change.room, change.event.seq) for change in await all_changes(log))
    assert named == {(room, seq): 1 for room, words in stored.items() for seq in range(1, len(words) + 1)}


async def test_a_killed_server_loses_nothing_that_was_acknowledged(server: NatsServer, node: Node) -> None:
    await killed(server, await node("a", claims="implied"), KILLS)


@pytest.mark.soak
async def test_a_hundred_kills_lose_nothing(server: NatsServer, node: Node) -> None:
    await killed(server, await node("a", claims="implied"), KILLS_IN_SOAK)


async def test_a_server_that_stands_still_stores_what_waited_once(server: NatsServer, node: Node) -> None:
    log = await node("a", claims="implied")
    await log.append("r", [said("a")])
    with patched(sending, ANSWER_S=0.1):
        server.pause()
        append = asyncio.create_task(log.append("r", [said("b")], expect=1))
        await asyncio.sleep(0.5)  # it was sent, and again
        assert not append.done()
    server.resume()
    assert texts(await append) == ["b"]
    assert texts(await log.append("r", [said("c")], expect=2)) == ["c"]
    assert texts(await log.read("r")) == ["a", "b", "c"]
    await checked(server, "r")


async def test_an_append_whose_answer_is_lost_is_stored_once(server: NatsServer, node: Node) -> None:
    async with deaf_proxy(server) as proxy:
        log = await node("a", url=proxy.url, claims="implied")
        await log.append("r", [said("a")])
        with patched(sending, ANSWER_S=0.2):
            proxy.lose_answers()
            append = asyncio.create_task(log.append("r", [said("b")], expect=1, key="k"))
            while (await records(server, "r"))[-1].last < 2:
                await asyncio.sleep(0.02)
        proxy.cut()
        assert texts(await append) == ["b"]
        assert texts(await log.append("r", [said("again")], key="k")) == ["b"]
        assert texts(await log.read("r")) == ["a", "b"]
        await log.close()
    await checked(server, "r")


async def test_a_look_that_is_not_answered_does_not_end_the_doubt(node: Node) -> None:
    log = await node("a", claims="implied")
    await log.append("r", [said("a")])
    for target, name in ((log._rooms, "look_surely"), (log.connection, "newest")):
        look = failing(getattr(target, name), is_done=False)
        with (
            patched(log.connection, publish=failing(log.connection.publish)),
            patched(target, **{name: look}),
        ):
            if target is log._rooms:
                assert texts(await log.append("r", [said("b")], expect=1)) == ["b"]
            else:
                await log.advance("reader", 5, expect=0)
    assert texts(await log.read("r")) == ["a", "b"]
    assert await log.cursor("reader") == 5


def failing(call: Callable[..., Any], *, is_done: bool = True) -> Callable[..., Any]:
    """Return a call whose first answer is lost; whether it was done is said."""
    lost: list[str] = []

    async def fail_once(*given: Any, **more: Any) -> Any:
        if lost:
            return await call(*given, **more)
        lost.append("it")
        if is_done:
            await call(*given, **more)
        raise NatsSilent("no answer")

    return fail_once


async def test_what_is_given_up_in_doubt_is_found_later(server: NatsServer, node: Node) -> None:
    log = await node("a", claims="implied")
    await log.append("r", [said("a")])
    with patched(sending, ANSWER_S=0.1, DOUBT_S=0.1):
        server.kill()
        with pytest.raises(Away):
            await log.append("r", [said("b")], expect=1)
    await server.start()
    with patched(sending, DOUBT_S=20.0):
        assert texts(await log.append("r", [said("c")], expect=await _head(log, "r"))) == ["c"]
    assert texts(await log.read("r")) in (["a", "c"], ["a", "b", "c"])
    await checked(server, "r")


async def _head(log: NatsLog, room: str) -> int:
    while True:
        try:
            return await log.head(room)
        except OSError:
            await asyncio.sleep(0.05)


# Two nodes


async def test_a_claim_fences_the_owner_before(server: NatsServer, node: Node) -> None:
    one, two = await node("one"), await node("two")
    await one.append("r", [opened("R")], expect=0)
    assert await two.look("r") == Ownership(1, 1, "one", 1)
    with pytest.raises(Deposed):
        await two.extend("r", [Entry([said("not mine")])], expect=1)
    with pytest.raises(Conflict):
        await two.append("r", [opened("taken")], expect=0)
    claimed = await own(two, "r")
    assert (claimed.epoch, claimed.owner, claimed.last) == (2, "two", 1)
    with pytest.raises(Deposed):
        await one.extend("r", [Entry([said("late")], "k")], expect=1)
    with pytest.raises(Deposed):
        await one.extend("r", [Entry([said("later")], "k")], expect=1)
    with pytest.raises(Deposed):
        await one.keep_snapshot("r", Snapshot(1, b"v", b"old"))
    (stored,) = lists(await two.extend("r", [Entry([said("mine")])], expect=1))
    assert stored == await one.read("r", 1)
    await checked(server, "r")


async def test_control_a_takeover_by_belief_lets_the_owner_before_append(node: Node) -> None:
    """Without a claim record the head of a quiet room is what the owner before believes it to be."""
    one, two = await node("one"), await node("two")
    await one.append("r", [opened("R")], expect=0)
    assert texts(await two.read("r")) == [""]  # it folds the room, and believes that it owns it
    outcomes = [await one.extend("r", [Entry([said(str(i))])], expect=1 + i) for i in range(5)]
    assert sum(len(lists(outcome)[0]) for outcome in outcomes) == 5


async def test_control_who_catches_up_and_goes_on_is_not_fenced(server: NatsServer, node: Node) -> None:
    """An owner that takes in what another wrote, and appends after it, brings back an epoch that is over."""

    async def send(self: Any, room: str, place: Place, *given: Any) -> Place:
        try:
            stored: Place = await self._sender.store(room, place, *given)
        except sending.Moved:
            self._rooms.forget(room)
            raise
        return stored

    one, two = await node("one"), await node("two")
    await one.append("r", [opened("R")], expect=0)
    await own(two, "r")
    with patched(writing.Writing, _send=send, _epoch=lambda *_: 1):
        await one.append("r", [said("from who was deposed")])
    with pytest.raises(AssertionError):
        await checked(server, "r")


async def races(first: NatsLog, second: NatsLog, times: int) -> None:
    for i in range(times):
        await first.append(f"race{i}", [opened("R")], expect=0)
        seen = await second.look(f"race{i}")
        assert seen is not None
        claims = (log.claim(f"race{i}", seen) for log in (second, first, second))
        results = await asyncio.gather(*claims, return_exceptions=True)
        (won,) = [result for result in results if isinstance(result, Ownership)]
        assert all(isinstance(result, Conflict) for result in results if result is not won)
        assert await first.look(f"race{i}") == won


async def test_of_all_who_claim_at_once_one_owns_the_room(node: Node) -> None:
    await races(await node("one"), await node("two"), RACES)


@pytest.mark.soak
async def test_of_a_thousand_races_each_has_one_winner(node: Node) -> None:
    await races(await node("one"), await node("two"), RACES_IN_SOAK)


async def test_a_server_that_is_alone_takes_its_rooms_over_by_writing(server: NatsServer, node: Node) -> None:
    old = await node("old", claims="implied")
    await old.append("r", [said("a")])
    new = await node("new", claims="implied")
    assert texts(await new.append("r", [said("b")], expect=1)) == ["b"]
    with pytest.raises(Deposed):
        await old.extend("r", [Entry([said("c")])], expect=1)
    assert texts(lists(await old.extend("r", [Entry([said("c")])], expect=2))[0]) == ["c"]
    assert [place.record.epoch for place in await records(server, "r")] == [1, 2, 3]


async def test_nodes_read_one_order_whoever_writes_it(node: Node) -> None:
    logs = [await node(f"n{i}", claims="implied") for i in range(3)]
    for at in range(4):
        appends = [log.append(f"r{i}-{at}", [said("a"), said("b")]) for i, log in enumerate(logs * 4)]
        _, *seen = await asyncio.gather(asyncio.gather(*appends), *(all_changes(log) for log in logs))
        longest = max(seen, key=len)
        assert all(found == longest[: len(found)] for found in seen)
    one, two, three = [await _all(log, 96) for log in logs]
    assert one == two == three
    assert len({change.position for change in one}) == 96


async def _all(log: NatsLog, count: int) -> Any:
    while True:
        rings = log.bell.rings
        if len(found := await all_changes(log)) >= count:
            return found
        await log.bell.wait(rings)


async def consumers(shard: int, *nodes: NatsLog) -> list[str]:
    """Return the names of a shard's consumers as soon as these nodes have theirs."""
    while True:
        answer = await nodes[0].connection.js(f"CONSUMER.LIST.ROOMS_{shard}")
        found = {each["config"]["deliver_subject"]: each["name"] for each in answer["consumers"] or ()}
        if {log._following[shard]._inbox for log in nodes} <= found.keys():
            return list(found.values())
        await asyncio.sleep(0.02)


async def test_who_lost_its_consumer_hears_of_others_again(node: Node) -> None:
    with patched(following, SILENT_S=0.3, HEARTBEAT_S=0.1, AGAIN_S=0.01):
        one, two = await node("one"), await node("two")
        for shard in range(SHARDS):
            for name in await consumers(shard, one, two):
                try:
                    await one.connection.js(f"CONSUMER.DELETE.ROOMS_{shard}.{name}")
                except NatsRefused as refused:
                    if refused.code != NO_CONSUMER:  # it is gone: they made others
                        raise
        rings = two.bell.rings
        await one.append("r", [opened("R")], expect=0)
        await two.bell.wait(rings, ["room.opened"])
        assert texts([change.event for change in await two.changes()]) == [""]
        assert [listing.room for listing in await two.rooms()] == ["r"]


# Others


async def test_junk_on_our_subjects_is_stepped_over(server: NatsServer, node: Node) -> None:
    log = await node("a", claims="implied")
    connection = await connect(server.url, name="junk")

    async def junk() -> None:
        for shard in range(SHARDS):
            for subject in (
                f"rooms.{shard}.r",
                f"rooms.{shard}.none",
                f"blank.{shard}.r.1",
                f"rooms.{shard}.=zz",
            ):
                await connection.publish(subject, b"junk", {"W-Record": '["junk"]'})
        for subject in ("feed", "snaps.r", "readers.reader"):
            await connection.publish(subject, b"\xff{")

    await junk()
    await log.append("r", [said("a")], expect=0)
    await log.advance("reader", 5, expect=0)
    await junk()
    await log.append("r", [said("b")], expect=1)
    assert texts([change.event for change in await all_changes(log)]) == ["a", "b"]
    await junk()
    assert texts(await log.append("r", [said("c")], expect=2)) == ["c"]
    await log.advance("reader", 7, expect=5)
    fresh = await node("b", claims="implied")
    for each in (log, fresh):
        assert texts(await each.read("r")) == texts(await each.newest("r")) == ["a", "b", "c"]
        assert texts([change.event for change in await all_changes(each)]) == ["a", "b", "c"]
        assert await each.cursor("reader") == 7
        assert await each.head("none") == 0
        assert await each.snapshot("r") is None
    assert await fresh.keep_snapshot("r", Snapshot(3, b"v", b"body")) is True
    assert record_of({}) is None
    assert {place.record.kind for place in await records(server, "r")} == {EVENTS}
    await connection.close()


# Three servers


@pytest.mark.soak
async def test_a_cluster_loses_nothing_when_its_leaders_die(tmp_path: Path) -> None:
    """Each of three servers is killed once, and paused once; appends wait until another leads."""
    async with nats_cluster(tmp_path) as servers:
        url = ",".join(server.url for server in servers)
        log = await NatsLog.open(url, node="a", claims="implied", shards=SHARDS)
        assert all("replicas" not in sentence for sentence in log.weak)
        stored: list[str] = []
        running = True

        async def write() -> None:
            while running:
                await log.append("r", [said(str(len(stored)))], expect=len(stored))
                stored.append(str(len(stored)))

        writing_ = asyncio.create_task(write())
        routes = [server.route for server in servers]
        for server in servers:
            for pause in (True, False):
                reached = len(stored)
                while len(stored) < reached + 50:
                    await asyncio.sleep(0.02)
                    assert not writing_.done() or writing_.result()
                if pause:
                    server.pause()
                    await asyncio.sleep(3)
                    server.resume()
                else:
                    server.kill()
                    await server.start(routes)
        running = False
        await writing_
        assert texts(await log.read("r", 0, 100_000)) == stored
        await checked(servers[0], "r")
        await log.close()
