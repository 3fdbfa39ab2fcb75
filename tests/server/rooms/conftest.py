"""A toy room in a registry of its own, over a log with a gate."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.rooms.local import LocalRoom
from server.rooms.registry import RoomRegistry
from tests.support.actors import GatedLog, toy_registry, toy_room


@pytest.fixture
def log() -> GatedLog:
    return GatedLog()


@pytest.fixture
async def registry(log: GatedLog) -> AsyncIterator[RoomRegistry]:
    registry = toy_registry(log)
    yield registry
    log.gate.set()
    await registry.close()


@pytest.fixture
async def room(registry: RoomRegistry) -> LocalRoom:
    return await toy_room(registry)
