"""Nodes that share rooms in real NATS: they see one room, and its owner may die."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from secrets import randbits

import pytest

from server.cluster.members import GONE_AFTER_MS, node_id
from server.cluster.nats_transport import NatsTransport
from server.cluster.node import Node
from server.cluster.remote import RemoteRoom
from server.log.nats import NatsLog
from server.room.commands import Say
from server.rooms.local import LocalRoom
from server.rooms.presence import SPEAKER
from tests.support.actors import ANNA, BELA, now_ms, texts, toy_registry, toy_room, until
from tests.support.nats_server import NatsServer
from tests.support.room_contract import Reader, RoomContract, World

SHARDS = 2
BUSY_S = 30.0  # a busy machine may be late


class Machine:
    """One process: a connection, a log, a node and a registry."""

    def __init__(self, log: NatsLog, transport: NatsTransport, *, idle_ms: int) -> None:
        self.log, self.transport = log, transport
        self.ahead_ms = 0
        self.node = Node(log.node, log, transport, self._clock)
        self.registry = toy_registry(
            log,
            idle_ms=idle_ms,
            clock=self._clock,
            directory=self.node.directory,
            watch=self.node.serving.watch,
        )
        self.node.join(self.registry)

    def _clock(self) -> int:
        return now_ms() + self.ahead_ms

    @classmethod
    async def start(cls, server: NatsServer, name: str, *, idle_ms: int = 60_000) -> Machine:
        node = node_id(name, now_ms(), randbits(16))
        log = await NatsLog.open(server.url, node=node, shards=SHARDS, within_s=20)
        machine = cls(log, await NatsTransport.open(log.connection), idle_ms=idle_ms)
        await machine.node.start()
        return machine

    @staticmethod
    def now_ms() -> int:
        return round(asyncio.get_running_loop().time() * 1000)

    def has_listened(self) -> None:
        """Let it judge, as if it had been there for long."""
        self.node.members._listening_since_ms -= GONE_AFTER_MS

    async def kill(self) -> None:
        """End without a goodbye: its beats stop, and nothing of it reaches the others or the log."""
        for task in self.node._tasks:
            task.cancel()
        await self.log.close()

    async def close(self) -> None:
        await self.node.close()
        await self.registry.close()
        await self.transport.close()
        await self.log.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server for all tests here, each in a room of its own."""
    server = NatsServer(tmp_path_factory.mktemp("nats"), sync="10s")
    try:
        asyncio.run(server.start())
        yield server
    finally:
        server.kill()


@pytest.fixture
def room_id() -> str:
    return f"room{randbits(32)}"


async def test_a_room_goes_on_when_its_owner_dies(
    server: NatsServer, room_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.cluster.remote.GIVE_UP_S", 40.0)  # it takes 3 s, more on a busy machine
    owner, edge, third = [await Machine.start(server, name) for name in "abc"]
    await toy_room(owner.registry, room_id)
    rooms = [await machine.registry.wake(room_id) for machine in (owner, edge, third)]
    assert [type(room) for room in rooms] == [LocalRoom, RemoteRoom, RemoteRoom]
    readers = [Reader(room) for room in rooms]
    for number, room in enumerate(rooms):
        room.set_presence((ANNA, BELA, ANNA)[number].id, None, SPEAKER)
        await room.send(Say(f"{number}"), by=ANNA, key=f"{number}")
    rooms[2].tail.signal("cue", {"clip": "c"})
    await until(lambda: all(len(reader.events) == 3 and reader.signals() for reader in readers), BUSY_S)
    assert all(texts(reader.events) == ["0", "1", "2"] for reader in readers)
    await until(lambda: all(dict(room.speakers) == {ANNA.id: 2, BELA.id: 1} for room in rooms), BUSY_S)
    await rooms[1].send(Say(f"due {edge.registry.clock() + 1_000}"), by=BELA, key="due")
    nodes = [edge, third]
    await until(lambda: all(len(each.node.members.alive(each.now_ms())) == 3 for each in nodes), BUSY_S)
    for each in nodes:
        each.has_listened()
    await owner.kill()
    first, *others = await asyncio.gather(
        *(
            room.send(Say(f"after {number}"), by=BELA, key=f"after {number}")
            for number, room in enumerate(rooms[1:])
        ),
        edge.registry.send(room_id, Say("last"), by=ANNA, key="last"),
    )
    seen = await edge.log.look(room_id)
    assert seen is not None
    assert seen.epoch > 1
    assert seen.owner in {edge.node.node, third.node.node}
    now = [await machine.registry.wake(room_id) for machine in (edge, third)]
    assert sorted(type(room).__name__ for room in now) == ["LocalRoom", "RemoteRoom"]
    await until(lambda: all(room.tail.head == 9 for room in now), BUSY_S)
    events = await edge.log.read(room_id)
    assert [event.seq for event in events] == list(range(1, 10)), "nothing is lost, nothing comes twice"
    assert sum(text.startswith("tick") for text in texts(events)) == 1, "and what was due happened once"
    assert {*texts(first), *(text for each in others for text in texts(each))} <= set(texts(events))
    for machine in (owner, edge, third):
        await machine.close()


@pytest.mark.soak
class TestRemoteRoomOverNats(RoomContract):
    """In real time, so a busy machine may be late; tests/server/cluster holds the same in virtual time."""

    @pytest.fixture
    async def world(self, server: NatsServer, room_id: str) -> AsyncIterator[World]:
        self.machines = [await Machine.start(server, name, idle_ms=40) for name in "ab"]
        await toy_room(self.machines[1].registry, room_id)
        room = await self.machines[0].registry.wake(room_id)
        assert isinstance(room, RemoteRoom)
        yield World(room, self.machines[1].log)
        for machine in self.machines:
            await machine.close()

    def pass_time(self, world: World, ms: int) -> None:
        for machine in self.machines:
            machine.ahead_ms += ms
        self.machines[1].registry._alarms.ring()
