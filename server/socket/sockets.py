"""All sockets of the server: who may come in, who is still there, and how all are sent away.

One sweep looks after every socket, for a timer each would cost memory. A peer that is gone without a
goodbye is asked for a sign of life, counts as nobody after `SocketLimits.away_after_sweeps`, and is let
go after `dead_after_sweeps`. Sweeps are counted, not seconds: when this process itself was held up,
nobody else is thought dead for it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from server.http.floods import RoomFloods
from server.http.limits import Limits
from server.http.problems import Problem
from server.log.base import Log
from server.room.commands import Refused, restarting
from server.room.state import RoomState
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from server.rooms.requests import digest, id_used
from server.socket.connection import CLOSE_GRACE_S, Connection
from server.socket.conversation import SocketContext, Takes
from server.socket.fanout import Fanout
from server.socket.frames import RESTARTING
from server.web.counts import Counts
from server.web.rooms import shown

T = TypeVar("T")

# Answers to `speak.start` and `speak.stop` that are remembered, for a repeat may come by another socket.
ANSWERS_KEPT = 1_024
# Connections that are looked at before other work gets its turn.
SWEPT_PER_TURN = 256


class SocketLimits(Struct, frozen=True):
    """How many sockets there may be, and how long a silent one counts as here, and as alive.

    Who owes the answers to two pings is away, 9 to 12 s after their last byte: no round begins for them and
    no turn waits. They are here again with the first byte; only the dead have to connect anew.
    """

    sockets: int = 10_000
    sockets_per_address: int = 1_500
    sweep_every_s: float = 3.0
    ping_after_sweeps: int = 2
    away_after_sweeps: int = 4
    dead_after_sweeps: int = 6
    drain_s: float = 1.0  # for answers that are on their way when the takes have been finished


class Sockets:
    """Every connection of every room, and the fan-out of each room that has connections."""

    def __init__(
        self,
        registry: RoomRegistry,
        log: Log,
        takes: Takes,
        limits: Limits,
        *,
        bounds: SocketLimits | None = None,
        listening: Callable[[str], None] | None = None,
        forgotten: Callable[[str, str], Awaitable[None]] | None = None,
        came: Callable[[bytes], None] | None = None,
    ) -> None:
        self.log = log
        self.context = SocketContext(
            takes,
            limits,
            RoomFloods(limits.floods),
            registry.clock,
            self._own,
            self._once,
            lambda: self._draining,
            listening or _ignore,
            forgotten or _nothing_else,
            came or _ignore,
        )
        self._registry = registry
        self._bounds = bounds or SocketLimits()
        self._fanouts: dict[str, Fanout] = {}
        self._connections: dict[Connection, Fanout] = {}
        self._addresses: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._answers: OrderedDict[str, tuple[bytes, asyncio.Task[int | Refused]]] = OrderedDict()
        self._draining = False
        self._left = asyncio.Event()
        self._sweeper: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many sockets there are."""
        return len(self._connections)

    @property
    def connections(self) -> Collection[Connection]:
        """Return every connection there is."""
        return self._connections.keys()

    def counts(self, room_id: str) -> Counts:
        """Return who is in a room by socket."""
        fanout = self._fanouts.get(room_id)
        return replace(fanout.roster.counts, screens=fanout.screens) if fanout else Counts()

    def wants_speech(self, room_id: str, radio_listeners: int) -> bool:
        """Tell whether somebody who listens in a room wants to hear words of the radio itself."""
        fanout = self._fanouts.get(room_id)
        return fanout.roster.wants_speech(radio_listeners) if fanout else radio_listeners > 0

    def name_of(self, room_id: str, voice_id: str) -> str:
        """Return the name of a voice that is in a room by socket, "" for none."""
        fanout = self._fanouts.get(room_id)
        return fanout.roster.name_of(voice_id) if fanout else ""

    # --- coming and going

    def check_open(self) -> None:
        """Raise `Problem` or `Refused` when no socket is taken at all now."""
        if self._draining:
            raise restarting(2_000)
        if len(self._connections) >= self._bounds.sockets:
            raise Problem("busy", "This place is full. Come back in a while.", retry_after_ms=10_000)

    def is_crowded(self, address: str) -> bool:
        """Tell whether an address (as `limits.prefix` gives it) has as many sockets as it may."""
        return self.context.limits.on and self._addresses[address] >= self._bounds.sockets_per_address

    def fanout(self, room: Room) -> Fanout:
        """Return the fan-out of a room that is awake."""
        return self._fanouts.get(room.id) or self._new_fanout(room)

    def _new_fanout(self, room: Room) -> Fanout:
        shared = self._registry.shared
        described = partial(describe, expects_words=shared.expects_words, speech=shared.spoken_ms is not None)
        fanout = Fanout(room, describe=described, clock=self._registry.clock, empty=self._forget)
        self._fanouts[room.id] = fanout
        return fanout

    def _forget(self, fanout: Fanout) -> None:
        if self._fanouts.get(fanout.room.id) is fanout:
            del self._fanouts[fanout.room.id]

    def add(self, connection: Connection, fanout: Fanout) -> None:
        """Look after a connection from now on."""
        self._connections[connection] = fanout
        self._addresses[connection.address] += 1
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().create_task(self._sweep(), name="socket sweep")

    def remove(self, connection: Connection) -> None:
        """Let a connection go that has ended; may be called again."""
        fanout = self._connections.pop(connection, None)
        if fanout is None:
            return
        fanout.leave(connection)
        self._addresses[connection.address] -= 1
        if not self._addresses[connection.address]:
            del self._addresses[connection.address]
        if not self._connections:
            self._left.set()

    async def _sweep(self) -> None:
        """Ask silent connections for a sign of life, and let the dead go; the root of its task."""
        while True:
            await asyncio.sleep(self._bounds.sweep_every_s)
            for number, connection in enumerate(list(self._connections)):
                self._look_after(connection)
                if number % SWEPT_PER_TURN == SWEPT_PER_TURN - 1:
                    await asyncio.sleep(0)

    def _look_after(self, connection: Connection) -> None:
        connection.silent_sweeps += 1
        if connection.silent_sweeps >= self._bounds.dead_after_sweeps:
            self.remove(connection)
            connection.transport.abort()
        elif connection.silent_sweeps >= self._bounds.ping_after_sweeps:
            connection.ping()
            if connection.silent_sweeps >= self._bounds.away_after_sweeps:
                self._connections[connection].miss(connection)

    # --- the tasks of conversations

    def _own(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _once(self, key: str, asked: bytes, work: Callable[[], Coroutine[None, None, int]]) -> int:
        """Do a piece of work once a key, and give its answer to all who ask for the same."""
        use = digest(asked)
        before, task = self._answers.get(key, (use, None))
        if before != use:
            raise id_used()
        if task is None:
            task = self._own(_outcome(work()))
            self._answers[key] = (use, task)
            while len(self._answers) > ANSWERS_KEPT:
                self._answers.popitem(last=False)
        answer = await asyncio.shield(task)
        if isinstance(answer, Refused):
            raise Refused(answer.code, answer.message, answer.retry_after_ms)
        return answer

    # --- the end

    async def drain(self) -> None:
        """Take no one in, finish what is under way, and send all away with 1012."""
        self._draining = True
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=self._bounds.drain_s)
        for fanout in list(self._fanouts.values()):
            fanout.flush()
        for connection in list(self._connections):
            connection.end(RESTARTING, "restarting")
        self._left.clear()
        if self._connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), CLOSE_GRACE_S)

    async def close(self) -> None:
        """Cut every socket and stop every task; may be called again."""
        self._draining = True
        for connection in list(self._connections):
            self.remove(connection)
            connection.transport.abort()
        tasks = [*self._tasks]
        if self._sweeper is not None:
            tasks.append(self._sweeper)
            self._sweeper = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ignore(_: object) -> None:
    """Stand in where nobody asks who listens, or who came."""


async def _nothing_else(_room: str, _voice: str) -> None:
    """Stand in where nobody else knows of a voice that takes everything back."""


async def _outcome(work: Coroutine[None, None, int]) -> int | Refused:
    """Return an answer that can be kept: a refusal without the socket that its trace would hold on to."""
    try:
        return await work
    except Refused as refusal:
        return refusal.with_traceback(None)


def describe(
    id: str,  # noqa: A002
    state: RoomState,
    counts: Counts,
    *,
    expects_words: Callable[[str], bool] = lambda _: False,
    speech: bool = False,
) -> bytes:
    """Return a room's JSON object, as the welcome carries it."""
    able = {"captions": expects_words(state.language), "speech": speech}
    described = shown(id, state, listeners=counts.listeners, speakers=counts.speakers, **able)
    return msgspec.json.encode(described)
