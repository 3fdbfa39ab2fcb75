"""The contract suite of directories of rooms, and simulated processes that share rooms."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence

from server.log.base import Deposed, Entry, Outcome
from server.rooms.base import Room
from server.rooms.directory import Directory
from server.rooms.registry import RoomRegistry
from tests.support.actors import GatedLog, toy_registry


class Town:
    """Processes that share one storage; who claimed a room last owns it."""

    def __init__(self) -> None:
        self.storage = GatedLog()
        self.owners: dict[str, Node] = {}

    def node(self, *, idle_ms: int = 60_000) -> Node:
        """Return another process."""
        return Node(self, idle_ms)


class Node:
    """A process of a town: its directory, its own way to the log, and its registry."""

    def __init__(self, town: Town, idle_ms: int) -> None:
        self.town = town
        self.log = ClaimedLog(self)
        self.registry: RoomRegistry = toy_registry(self.log, idle_ms=idle_ms, directory=self)

    async def owner(self, room: str) -> Room | None:
        """Return the room of the node that owns it; None when that is this one, from now on."""
        await asyncio.sleep(0)
        owner = self.town.owners.setdefault(room, self)
        return None if owner is self else await owner.registry.wake(room)

    def claim(self, room: str) -> None:
        """Take a room from whoever owns it, as if that one had died."""
        self.town.owners[room] = self


class ClaimedLog(GatedLog):
    """One node's way to the storage: appends of who does not own the room are turned away."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node
        self._room_logs = node.town.storage._room_logs  # the storage is one

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        await self.gate.wait()
        if self._node.town.owners.get(room) is not self._node:
            raise Deposed
        return await super().extend(room, entries, expect=expect)


class DirectoryContract(ABC):
    """Subclass it and give the directories of `count` processes that share rooms, if there can be several."""

    most = 1

    @abstractmethod
    def directories(self, count: int) -> list[Directory]: ...

    async def test_a_room_that_nobody_owns_becomes_ones_own_and_stays_so(self) -> None:
        (directory,) = self.directories(1)
        assert [await directory.owner("room") for _ in range(3)] == [None, None, None]

    async def test_of_all_who_ask_at_once_one_owns_the_room(self) -> None:
        directories = self.directories(self.most)
        asked = [directory.owner("room") for _ in range(4) for directory in directories]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        owning = [i % self.most for i, answer in enumerate(answers) if answer is None]
        assert len(set(owning)) == 1
        assert len(owning) == 4

    async def test_rooms_are_owned_one_by_one(self) -> None:
        directories = self.directories(self.most)
        for number, directory in enumerate(directories):
            assert await directory.owner(f"room{number}") is None
