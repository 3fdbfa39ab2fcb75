"""What a node does for others: it decides commands for its rooms, and lets nodes follow them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Protocol

from server.cluster.audience import Audience
from server.cluster.messages import (
    Act,
    Answer,
    Compare,
    Different,
    Done,
    Doubted,
    Failed,
    Follow,
    Heard,
    Junk,
    Leave,
    MoreHolds,
    Query,
    Send,
    Signalled,
    Stored,
    Taken,
    Tell,
    Wake,
    Woken,
    decode_query,
    encode,
    pack_events,
    refusal,
    unpack,
)
from server.cluster.visitors import Visitors
from server.log.base import Conflict, StorageFull
from server.room.commands import Refused, storage_full
from server.rooms.base import NoSuchRoom, Room
from server.rooms.changes import Change, TakeEnded, carry_out
from server.rooms.local import LocalRoom

logger = logging.getLogger(__name__)


class Owner(Protocol):
    """The node of the rooms that are served."""

    node: str

    async def epoch_of(self, room: str) -> int | None:
        """Return in which epoch this node owns a room; None when it does not. Raises `OSError`."""

    async def wake(self, room: str) -> Room:
        """Return a room, awake. Raises `NoSuchRoom` and what the log raises."""

    def known(self, room: str) -> Room | None:
        """Return a room that is awake here or has readers."""

    def rouse(self, room: str) -> None:
        """Begin to wake a room. Raises `Refused`."""

    def publish_tail(self, room: str, body: bytes) -> None:
        """Send a frame to all who follow a room."""

    def lateness_ms(self, node: str, deadline_ms: int) -> int:
        """Return how long ago a deadline on a node's clock was; negative when it is to come."""

    def met(self, node: str) -> None:
        """Note that a node lives."""

    def doubted(self) -> None:
        """Begin to ask the log which rooms are still those of this node."""

    async def taken(self, room: str) -> None:
        """Give a room up if the log says that another node has it."""


class Serving:
    """Answers the queries of other nodes."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._audiences: dict[str, Audience] = {}
        self._own: dict[str, Visitors] = {}  # by room: the visitors of this node
        self._parts: dict[tuple[str, str], list[list[Change]]] = {}  # of those who begin to follow
        self._origin: str | None = None  # the node whose visitor's change is carried out now

    async def answer(self, body: bytes) -> bytes:
        """Return the answer to a query; the root of its task."""
        try:
            return encode(await self._answered(decode_query(body)))
        except Refused as refused:
            return encode(refusal(refused))
        except StorageFull:
            return encode(refusal(storage_full()))
        except Junk as why:
            logger.warning("cluster.junk_query %s", why)
            return encode(Failed("junk"))
        except NoSuchRoom:
            return encode(Failed("gone"))
        except (OSError, Conflict) as error:
            logger.warning("cluster.query_failed %s", type(error).__name__)
            return encode(Failed("storage"))
        except Exception:
            logger.exception("cluster.query_failed")
            return encode(Failed("broken"))

    async def _answered(self, query: Query) -> Answer:
        if not isinstance(query, Taken | Doubted):
            self._owner.met(query.node)
        match query:
            case Send():
                return await self._decide(query)
            case Wake():
                room = await self._room(query.room)
                return Failed("elsewhere") if room is None else Woken(room.tail.head)
            case Follow():
                return await self._follow(query)
            case Tell():
                return self._tell(query)
            case Leave():
                self._parts.pop((query.room, query.node), None)
                self._take_back(query.room, query.node)
                return Done()
            case Taken(room_id):
                await self._owner.taken(room_id)
                return Done()
            case Compare(node, rooms):
                return Different([room for room, epoch, nr in rooms if self._differs(room, node, epoch, nr)])
            case Doubted():
                self._owner.doubted()
                return Done()

    async def _decide(self, query: Send) -> Answer:
        if self._owner.lateness_ms(query.node, query.deadline_ms) > 0:
            return Failed("late")
        command = unpack(query.command)
        room = self._owner.known(query.room)
        if room is None:
            room = await self._room(query.room)
            if self._owner.lateness_ms(query.node, query.deadline_ms) > 0:
                return Failed("late")
        if not isinstance(room, LocalRoom):
            return Failed("elsewhere")
        events = await room.send(command, by=query.by, key=query.key, salt=query.salt, quiet=query.quiet)
        return Stored(pack_events(events))

    async def _room(self, room_id: str) -> LocalRoom | None:
        """Return a room of this node, awake; None when another owns it."""
        if self._owner.known(room_id) is None and await self._owner.epoch_of(room_id) is None:
            return None
        room = await self._owner.wake(room_id)
        return room if isinstance(room, LocalRoom) else None

    # Who follows

    async def _follow(self, query: Follow) -> Answer:
        epoch = await self._owner.epoch_of(query.room)
        room = self._owner.known(query.room)
        if epoch is not None and room is None:
            room = await self._owner.wake(query.room)
        if epoch is None or not isinstance(room, LocalRoom):
            return Failed("elsewhere")
        parts = self._parts.pop((query.room, query.node), []) if query.part else []
        if len(parts) != query.part:
            return Failed("unknown")
        parts.append(query.changes)
        if query.more:
            self._parts[query.room, query.node] = parts
            return Done()
        audience = self._audience(room, epoch)
        visitors = Visitors(chain.from_iterable(parts), holds=query.holds)
        changes = audience.follow(query.node, visitors)
        held = audience.nodes.get(query.node, Visitors()).holds
        audience.nodes.setdefault(query.node, Visitors())
        for change in changes:
            self._carry_out(audience, query.node, change)
        self._carry_out(audience, query.node, MoreHolds(query.holds - held))
        return audience.joined(query.node)

    def _audience(self, room: LocalRoom, epoch: int) -> Audience:
        audience = self._audiences.get(room.id)
        if audience is not None and audience.room is room and audience.epoch == epoch:
            return audience
        if audience is not None:
            self._close(audience)
        own = self._own.setdefault(room.id, Visitors())
        audience = self._audiences[room.id] = Audience(
            room,
            self._owner.node,
            epoch,
            own=own,
            publish=lambda body: self._owner.publish_tail(room.id, body),
            ended=self._ended,
        )
        return audience

    def _differs(self, room_id: str, node: str, epoch: int, nr: int) -> bool:
        audience = self._audiences.get(room_id)
        return audience is None or audience.differs(node, epoch, nr)

    def _tell(self, query: Tell) -> Answer:
        audience = self._audiences.get(query.room)
        if audience is None or query.node not in audience.nodes or audience.told[query.node] != query.nr:
            return Failed("unknown")
        audience.told[query.node] += 1
        for act in query.acts:
            self._carry_out(audience, query.node, act)
        return Done()

    def _carry_out(self, audience: Audience, node: str, act: Act) -> None:
        room = audience.room
        match act:
            case Heard(voice, on):
                room.hear(voice, on=on)
            case Signalled(to, body):
                room.tail.relay(to, bytes(body))
            case MoreHolds(more):
                audience.nodes[node].holds += more
                for _ in range(abs(more)):
                    (room.hold if more > 0 else room.release)()
                if more > 0 and not room.is_awake:
                    self._owner.rouse(room.id)
            case _:
                audience.nodes[node].note(act)
                with self._from(node):
                    carry_out(act, room)

    @contextmanager
    def _from(self, node: str) -> Iterator[None]:
        self._origin = node
        try:
            yield
        finally:
            self._origin = None

    def watch(self, room_id: str, change: Change) -> None:
        """Note a change of who is in a room of this node, and tell those who follow it."""
        if self._origin is None:
            self._own.setdefault(room_id, Visitors()).note(change)
        if (audience := self._audiences.get(room_id)) is not None:
            if self._origin is None and isinstance(
                change, TakeEnded
            ):  # perhaps one of theirs that nobody ended
                for visitors in audience.nodes.values():
                    visitors.note(change)
            audience.note(self._origin or self._owner.node, change)
        else:
            self._forget_empty(room_id)

    def _forget_empty(self, room_id: str) -> None:
        if not self._own.get(room_id):
            self._own.pop(room_id, None)

    # Awake, asleep, gone

    def attach(self, room: Room) -> None:
        """Tell those who follow a room that it woke."""
        if (audience := self._audiences.get(room.id)) is not None and audience.room is room:
            audience.show()

    def detach(self, room: Room) -> None:
        """Forget the visitors of a room that another node has claimed; of one that sleeps the tail tells."""
        if isinstance(room, LocalRoom) and room.is_deposed:
            self._own.pop(room.id, None)

    def drop(self, silent: Callable[[str], bool]) -> None:
        """Take back the visitors of nodes that are silent."""
        for key in [key for key in self._parts if silent(key[1])]:
            del self._parts[key]
        for room_id, audience in list(self._audiences.items()):
            for node in [node for node in audience.nodes if silent(node)]:
                logger.info("cluster.visitors_dropped room=%.6s node=%s", room_id, node)
                self._take_back(room_id, node)

    def _take_back(self, room_id: str, node: str) -> None:
        audience = self._audiences.get(room_id)
        if audience is None or (visitors := audience.nodes.get(node)) is None:
            return
        for change in list(visitors.taken_back()):
            self._carry_out(audience, node, change)
        self._carry_out(audience, node, MoreHolds(-visitors.holds))
        audience.drop(node)
        if not audience.nodes:
            self._close(audience)

    def _ended(self, audience: Audience) -> None:
        """Forget who followed a room that another node has claimed: they follow that one."""
        self._close(audience)

    def _close(self, audience: Audience) -> None:
        if self._audiences.get(audience.room.id) is audience:
            del self._audiences[audience.room.id]
            self._forget_empty(audience.room.id)
        audience.close()

    def close(self) -> None:
        """Serve nobody any more; may be called again."""
        for audience in list(self._audiences.values()):
            self._close(audience)
