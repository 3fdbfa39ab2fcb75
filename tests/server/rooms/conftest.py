"""A toy room in a house of its own, over a log with a gate."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.rooms.local import LocalRoom
from server.rooms.registry import RoomRegistry
from tests.support.actors import GatedLog, toy_house, toy_room


@pytest.fixture
def log() -> GatedLog:
    return GatedLog()


@pytest.fixture
async def house(log: GatedLog) -> AsyncIterator[RoomRegistry]:
    house = toy_house(log)
    yield house
    log.gate.set()
    await house.close()


@pytest.fixture
async def room(house: RoomRegistry) -> LocalRoom:
    return await toy_room(house)
