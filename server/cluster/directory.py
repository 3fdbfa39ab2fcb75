"""Who owns a room, when nodes share a log: the newest message of the room says so.

Beats only say when a claim may be tried. Who loses a race looks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from typing import Any, Protocol

from server.cluster.members import MEMBERS_MOST, Members
from server.cluster.messages import (
    CHANGES_MOST,
    Compare,
    Different,
    Doubted,
    Frame,
    Junk,
    Taken,
    decode_answer,
    encode,
)
from server.cluster.remote import RemoteRoom
from server.cluster.transport import Transport, Unreachable, tail_of
from server.log.base import Conflict, Log
from server.log.claims import Claims, Ownership
from server.room.commands import Refused
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry

# The node that all choose claims first; the others give it this time.
CHOSEN_FIRST_S = 0.3
# After a lost race, and when a node that leaves waits for another to claim.
LOST_S, LEAVING_S = 0.02, 0.1
LEAVING_ROUNDS = 30  # 3 s: the others have this long to claim what this node leaves
TAKEN_S = 1.0  # the old owner is told within this time, or finds out by itself

logger = logging.getLogger(__name__)


class ClaimedLog(Log, Claims, Protocol):
    """A log that several nodes share."""


class ClusterDirectory:
    """The directory of one node, and the rooms of others that are used here."""

    def __init__(self, node: str, log: ClaimedLog, transport: Transport, members: Members) -> None:
        self.node, self.log, self.transport = node, log, transport
        self._members = members
        self._registry: RoomRegistry | None = None
        self._remotes: dict[str, RemoteRoom] = {}
        self._finding: dict[str, asyncio.Task[Ownership | None]] = {}
        self._claimed_elsewhere: dict[str, asyncio.Event] = {}  # by room that is searched for
        self._displaced: dict[str, None] = {}  # nodes whose rooms were claimed here, and that may live
        self._errands: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def join(self, registry: RoomRegistry) -> None:
        """Work for a registry from now on."""
        self._registry = registry

    @property
    def registry(self) -> RoomRegistry:
        """Return the registry of the node."""
        assert self._registry is not None, "`join` comes first"
        return self._registry

    def remotes(self) -> Iterator[RemoteRoom]:
        """Yield the rooms of other nodes that are used here."""
        yield from list(self._remotes.values())

    async def owner(self, room: str) -> Room | None:
        """Return the room as another node owns it, awake; None when this one does, or there is none."""
        while True:
            remote = self._remotes.get(room)
            if remote is None:
                found = await self.find(room)
                if found is None or found.owner == self.node:
                    return None
                remote = self._remotes.get(room) or await self._begun(room)
            if await remote.is_woken():
                return remote

    async def _begun(self, room: str) -> RemoteRoom:
        if self._is_closed:
            raise Unreachable("this node is closing")
        remote = self._remotes[room] = RemoteRoom(room, self, self.registry.shared, self.registry.view)
        try:
            await remote.start()
        except BaseException:
            self.left(remote, is_own=False)
            raise
        return remote

    async def find(self, room: str) -> Ownership | None:
        """Return who owns a room and lives, this node perhaps; None when there is no such room.

        All who ask at once share one search. Raises `OSError`.
        """
        task = self._finding.get(room)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._find(room), name=f"find {room[:6]}")
            task.add_done_callback(lambda done: self._found(room, done))
            self._finding[room] = task
            self._claimed_elsewhere[room] = asyncio.Event()
        await asyncio.wait([task])
        if task.cancelled():
            raise Unreachable("this node is closing")
        return task.result()

    def _found(self, room: str, task: asyncio.Task[Ownership | None]) -> None:
        del self._finding[room], self._claimed_elsewhere[room]
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("cluster.owner_not_found room=%.6s %s", room, type(error).__name__)

    async def _find(self, room: str) -> Ownership | None:
        waited_for: Ownership | None = None
        leaving_rounds = 0
        while True:
            seen = await self.log.look(room)
            now_ms = self._now_ms()
            if seen is None or seen.owner == self.node:
                return seen
            if seen.owner and not self._members.is_gone(seen.owner, now_ms):
                return seen
            if self._members.is_leaving(self.node):
                leaving_rounds += 1
                if leaving_rounds > LEAVING_ROUNDS:
                    raise Unreachable("this node leaves, and no other claims the room")
                await asyncio.sleep(LEAVING_S)
            elif seen != waited_for and self._members.choice(room, now_ms) != self.node:
                waited_for = seen
                await self._let_claim(room)
            elif (mine := await self._claimed(room, seen)) is not None:
                return mine

    async def _let_claim(self, room: str) -> None:
        """Give the node that all choose its time, or less when somebody has claimed the room."""
        claimed = self._claimed_elsewhere[room]
        claimed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(CHOSEN_FIRST_S):
                await claimed.wait()

    def claimed_elsewhere(self, room: str) -> None:
        """Note that a room has another owner, as far as one hears."""
        if room in self._claimed_elsewhere:
            self._claimed_elsewhere[room].set()

    async def _claimed(self, room: str, seen: Ownership) -> Ownership | None:
        try:
            mine = await self.log.claim(room, seen)
        except Conflict:
            await asyncio.sleep(LOST_S)
            return None
        logger.info("cluster.claimed room=%.6s epoch=%d from=%s", room, mine.epoch, seen.owner or "nobody")
        frame = Frame(room, self.node, mine.epoch, 0, awake=False, prev=mine.last, last=mine.last)
        self.transport.publish(tail_of(room), encode(frame))
        if seen.owner:
            self._errand(self._tell_deposed(seen.owner, room))
            self._displaced[seen.owner] = None
            if len(self._displaced) > MEMBERS_MOST:
                del self._displaced[next(iter(self._displaced))]
        return mine

    def heard(self, node: str) -> None:
        """Tell a node that it was taken for gone, when it is heard again: it may not know of all claims."""
        if node in self._displaced:
            del self._displaced[node]
            self._errand(self._tell_doubted(node))

    async def compare(self) -> None:
        """Ask all owners whether anything of their rooms was missed here, and follow those anew."""
        places: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        for room in self.remotes():
            if room.owner and room.place is not None:
                places[room.owner].append((room.id, *room.place))
        for owner, rooms in places.items():
            for at in range(0, len(rooms), CHANGES_MOST):
                await self._compare(owner, rooms[at : at + CHANGES_MOST])

    async def _compare(self, owner: str, rooms: list[tuple[str, int, int]]) -> None:
        try:
            answer = decode_answer(
                await self.transport.ask(owner, encode(Compare(self.node, rooms)), timeout_s=TAKEN_S)
            )
        except (OSError, Junk) as error:
            logger.debug("cluster.not_compared node=%s %s", owner, type(error).__name__)
            return
        for id_ in answer.rooms if isinstance(answer, Different) else ():
            room = self._remotes.get(id_)
            if room is not None and room.owner == owner:
                room.look_again()

    async def _tell_doubted(self, node: str) -> None:
        """Tell a node that its rooms may be others'; the root of its task."""
        try:
            await self.transport.ask(node, encode(Doubted()), timeout_s=TAKEN_S)
        except OSError:
            self._displaced[node] = None

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _tell_deposed(self, owner: str, room: str) -> None:
        """Tell the old owner, if it lives; the root of its task."""
        try:
            await self.transport.ask(owner, encode(Taken(room)), timeout_s=TAKEN_S)
        except OSError as error:
            logger.debug("cluster.old_owner_not_told room=%.6s %s", room, type(error).__name__)

    @staticmethod
    def _now_ms() -> int:
        return round(asyncio.get_running_loop().time() * 1000)

    # What rooms ask and tell

    async def wake(self, room: str) -> Room:
        """Return a room, awake, from wherever it is."""
        return await self.registry.wake(room)

    def left(self, room: RemoteRoom, *, is_own: bool) -> None:
        """Forget a room that is not followed any more, and wake it when it lives here from now on."""
        if self._remotes.get(room.id) is room:
            del self._remotes[room.id]
        self._errand(room.close())
        if is_own and not self._is_closed:
            try:
                self.registry.rouse(room.id)
            except Refused:
                logger.debug("cluster.closing room=%.6s", room.id)

    async def close(self) -> None:
        """Leave all rooms of other nodes; may be called again."""
        self._is_closed = True
        for room in self.remotes():
            self.left(room, is_own=False)
        while tasks := [*self._errands, *self._finding.values()]:
            for task in self._finding.values():
                task.cancel()
            await asyncio.wait(tasks)
