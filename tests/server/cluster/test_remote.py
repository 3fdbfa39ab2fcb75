"""A room of another node keeps what every room keeps, and more that only its way there can break."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.cluster.remote import RemoteRoom
from tests.support.actors import toy_room
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
