"""A room of another node keeps what every room keeps, and more that only its way there can break."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.cluster.remote import RemoteRoom
from server.room.commands import Forget, React, Refused, RoundJoin, RoundStart, Say, Throw
from server.room.events import RoomOpened, TextSaid, Voice
from server.rooms.presence import SPEAKER
from server.rooms.rules import RULES
from tests.support.actors import ANNA, BELA, toy_room, until
from tests.support.room_contract import RoomContract, World
from tests.support.wires import Nodes

pytestmark = pytest.mark.virtual_time


class TestRemoteRoom(RoomContract):
    delay_s = 0.0

    @pytest.fixture
    async def world(self) -> AsyncIterator[World]:
        self.nodes = Nodes(idle_ms=40, delay_s=self.delay_s)
        await self.nodes.start()
        here, there = self.nodes.all
        await toy_room(there.registry)
        room = await here.wake()
        assert isinstance(room, RemoteRoom)
        yield World(room, self.nodes.storage.log)
        await self.nodes.close()

    def pass_time(self, world: World, ms: int) -> None:
        self.nodes.ahead_ms += ms
        self.nodes.all[1].registry._alarms.ring()  # the loop's timers do not know


class TestRemoteRoomFarAway(TestRemoteRoom):
    """Messages take a while, so that more happens on the way."""

    delay_s = 0.004


async def test_a_copy_of_a_real_room_is_as_its_owner_has_it() -> None:
    nodes = Nodes(delay_s=0.004, rules=RULES)
    await nodes.start()
    here, there = nodes.all
    owner = await there.registry.open(RoomOpened("wonder", "Room"), ANNA, id="room")
    room = await here.wake()
    colours: list[Voice] = []
    for each, voice in ((room, ANNA), (owner, BELA)):
        each.set_presence(voice.id, None, SPEAKER)
        each.consent(voice.id)
        colours.append(each.coloured(voice))
    anna, bela = colours
    (said,) = await room.send(Say("what I said"), by=anna, key="1")
    await owner.send(React(f"{said.seq}", "🔥"), by=bela)
    await room.send(Throw(), by=anna)
    await owner.send(RoundJoin(), by=bela)
    with pytest.raises(Refused):
        await room.send(RoundStart("no such game"), by=anna)
    await room.send(Forget(everything=True), by=anna)
    await until(lambda: room.tail.head == owner.tail.head)
    assert room.state == owner.state
    assert room.state.round is not None
    shown = [[each.public for each in each_room.tail.since(0) or []] for each_room in (room, owner)]
    assert shown[0] == shown[1]
    assert not any(b"what I said" in body for body in shown[0])
    assert isinstance(said.data, TextSaid)
    await nodes.close()


async def test_a_take_that_nobody_ended_holds_nobody_up_for_ever() -> None:
    nodes = Nodes(idle_ms=40, delay_s=0.001)
    await nodes.start()
    edge, owner = nodes.all
    await toy_room(owner.registry)
    room = await edge.wake()
    room.set_presence(ANNA.id, None, SPEAKER)
    room.begin_speaking(ANNA.id, "t", until_ms=owner.registry.clock() + 500)
    owned = await owner.wake()
    await until(lambda: owned.speaking)
    await until(lambda: not room.speaking)
    room.set_presence(ANNA.id, SPEAKER, None)
    await until(lambda: not list(edge.node.directory.remotes()))
    await nodes.close()
