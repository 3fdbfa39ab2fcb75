"""Nodes of a cluster in one process: what they share is in memory, and what can go wrong is done at will."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from server.cluster.members import node_id
from server.cluster.node import Node
from server.cluster.transport import NoAnswer, Unreachable
from server.log.base import Conflict, Deposed, Entry, Outcome
from server.log.claims import Ownership
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from server.rooms.rules import Rules
from tests.support.actors import RULES, GatedLog, now_ms, toy_registry

Told = Callable[[bytes], None]


class Wires:
    """What connects the nodes; messages arrive in order, `delay_s` after they were sent."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.served: dict[str, Callable[[bytes], Awaitable[bytes]]] = {}
        self.ends: dict[str, WireTransport] = {}
        self.subscribers: dict[str, list[tuple[WireTransport, Told]]] = defaultdict(list)
        self.loses: Callable[[str, bytes], bool] = lambda subject, body: False
        self.published: list[tuple[str, bytes]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_their_way: deque[Callable[[], None]] = deque()

    def later(self, do: Callable[[], None]) -> None:
        """Do something when a message has arrived."""
        loop = asyncio.get_running_loop()
        self._on_their_way.append(do)  # timers of one moment ring in any order
        if self.delay_s:
            loop.call_later(self.delay_s, self._arrive)
        else:
            loop.call_soon(self._arrive)

    def _arrive(self) -> None:
        self._on_their_way.popleft()()

    def begin(self, work: asyncio.Task[None]) -> None:
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)


class WireTransport:
    """One node's end of the wires; cut off, it neither sends nor hears."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.node = ""
        self.is_cut = False
        self.is_silent = False  # cut off, it looks like one that is slow: nobody is told that it is not there
        self.is_frozen = False  # it hears, and does not act on it
        self.asked = 0
        self.on_reconnected: Callable[[], None] = lambda: None
        self._held: list[Callable[[], None]] = []

    async def serve(self, node: str, answer: Callable[[bytes], Awaitable[bytes]]) -> None:
        self.node = node
        self.wires.served[node] = lambda body: self._answered(answer, body)
        self.wires.ends[node] = self

    async def _answered(self, answer: Callable[[bytes], Awaitable[bytes]], body: bytes) -> bytes:
        return await answer(body)

    async def ask(self, node: str, body: bytes, *, timeout_s: float) -> bytes:
        self.asked += 1
        while self.is_frozen:
            await asyncio.sleep(0.01)
        end = self.wires.ends.get(node)
        if self.is_cut or end is None or end.is_cut:
            if end is not None and (self.is_silent or end.is_silent):
                await asyncio.sleep(timeout_s)
                raise NoAnswer("no answer")
            await asyncio.sleep(self.wires.delay_s)
            raise Unreachable("nobody is there")
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def serve() -> None:
            if (served := self.wires.served.get(node)) is None:
                return
            answer = await served(body)
            if not end.is_cut and not self.is_cut:
                self.wires.later(lambda: None if answered.done() else answered.set_result(answer))

        def arrive() -> None:
            end.do(lambda: self.wires.begin(asyncio.get_running_loop().create_task(serve())))

        self.wires.later(arrive)
        try:
            async with asyncio.timeout(timeout_s):
                return await answered
        except TimeoutError:
            raise NoAnswer("no answer") from None

    def publish(self, subject: str, body: bytes) -> None:
        if self.is_cut or self.is_frozen:
            return
        self.wires.published.append((subject, body))
        if self.wires.loses(subject, body):
            return
        for end, told in list(self.wires.subscribers[subject]):
            self.wires.later(lambda end=end, told=told: end.hear(subject, told, body))  # type: ignore[misc]

    def hear(self, subject: str, told: Told, body: bytes) -> None:
        if not self.is_cut and (self, told) in self.wires.subscribers[subject]:
            self.do(lambda: told(body))

    def do(self, what: Callable[[], None]) -> None:
        if self.is_frozen:
            self._held.append(what)
        else:
            what()

    def thaw(self) -> None:
        """Act again, first on what was heard meanwhile."""
        self.is_frozen = False
        held, self._held = self._held, []
        for what in held:
            what()

    async def subscribe(self, subject: str, told: Told) -> Callable[[], None]:
        await asyncio.sleep(0)
        entry = (self, told)
        self.wires.subscribers[subject].append(entry)

        def end() -> None:
            if entry in self.wires.subscribers[subject]:
                self.wires.subscribers[subject].remove(entry)

        return end

    async def close(self) -> None:
        self.wires.served.pop(self.node, None)
        self.wires.ends.pop(self.node, None)


class Message(Struct):
    """A message of a room as a shared log has it: who wrote it, and in which epoch."""

    epoch: int
    owner: str
    events: int
    append: int = 0


class Storage:
    """What the nodes share: the rooms' events, and the messages by which they were written."""

    def __init__(self) -> None:
        self.log = GatedLog()
        self.messages: dict[str, list[Message]] = defaultdict(list)

    def add(self, room: str, message: Message, expect: int) -> int:
        """Add a message when the newest is the one that is expected; returns its place."""
        messages = self.messages[room]
        if expect != len(messages):
            raise Conflict
        messages.append(message)
        return len(messages)

    def newest(self, room: str) -> Ownership | None:
        """Return what the newest message of a room says."""
        messages = self.messages[room]
        if not messages:
            return None
        return Ownership(
            len(messages),
            messages[-1].epoch,
            messages[-1].owner,
            len(self.log._events(room)),
        )

    def epochs(self, room: str) -> list[int]:
        return [message.epoch for message in self.messages[room]]

    def owners(self, room: str) -> dict[int, set[str]]:
        """Return who wrote in each epoch."""
        found: dict[int, set[str]] = defaultdict(set)
        for message in self.messages[room]:
            found[message.epoch].add(message.owner)
        return found


class NodeLog(GatedLog):
    """One node's way to the storage.

    The controls break the rule: `claims_by_belief` takes a room without a record, `catches_up` goes on after
    somebody else wrote.
    """

    def __init__(self, storage: Storage, node: str) -> None:
        super().__init__()
        self.storage, self.node = storage, node
        self.pause: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)
        self.claims_by_belief = self.catches_up = False
        self._mine: dict[str, Ownership] = {}
        self._room_logs = storage.log._room_logs
        self._secret = storage.log._secret

    async def look(self, room: str) -> Ownership | None:
        await self.pause()
        seen = self.storage.newest(room)
        if seen is not None and seen.owner == self.node:
            self._mine[room] = seen
        return seen

    async def claim(self, room: str, seen: Ownership) -> Ownership:
        await self.pause()
        if not self.claims_by_belief:
            self.storage.add(room, Message(seen.epoch + 1, self.node, 0), seen.place)
        place = len(self.storage.messages[room])
        mine = self._mine[room] = Ownership(place, seen.epoch + 1, self.node, seen.last)
        await self.pause()
        return mine

    async def append(self, room, drafts, *, expect=None, key=None, digest=b"", blobs=()):  # type: ignore[no-untyped-def]
        await self.pause()
        events = await super().append(room, drafts, expect=expect, key=key, digest=digest, blobs=blobs)
        if expect == 0:
            self.storage.add(room, Message(1, self.node, len(events)), 0)
            self._mine[room] = Ownership(1, 1, self.node, len(events))
        return events

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        await self.gate.wait()
        await self.pause()
        newest, mine = self.storage.newest(room), self._mine.get(room)
        assert newest is not None
        if mine is None:
            raise Deposed
        if newest.place != mine.place:
            if newest.epoch > mine.epoch and not self.catches_up:
                raise Deposed
            mine = Ownership(newest.place, mine.epoch, self.node, newest.last)
        outcomes = await super().extend(room, entries, expect=expect)
        count = sum(
            len(outcome)
            for outcome in outcomes
            if isinstance(outcome, list) and outcome and outcome[0].seq > expect
        )
        if count:
            self.storage.add(room, Message(mine.epoch, self.node, count), mine.place)
            mine = Ownership(mine.place + 1, mine.epoch, self.node, newest.last + count)
        self._mine[room] = mine
        return outcomes


class Nodes:
    """A cluster in one process."""

    def __init__(
        self, names: str = "ab", *, idle_ms: int = 60_000, delay_s: float = 0.0, rules: Rules = RULES
    ) -> None:
        self.wires, self.storage = Wires(delay_s), Storage()
        self.ahead_ms = 0
        self.all = [self.add(name, idle_ms=idle_ms, rules=rules) for name in names]

    def add(self, name: str, *, idle_ms: int = 60_000, rules: Rules = RULES) -> TestNode:
        return TestNode(self, node_id(name, 1_000, 7), idle_ms, rules)

    async def start(self) -> None:
        for node in self.all:
            await node.node.start()

    async def settle(self) -> None:
        """Wait until all nodes may judge."""
        await asyncio.sleep(3.0)

    async def close(self) -> None:
        for node in self.all:
            await node.close()


class TestNode:
    """One process: its node, its registry, its way to the log and to the others."""

    __test__ = False

    def __init__(self, nodes: Nodes, id: str, idle_ms: int, rules: Rules) -> None:
        self.id = id
        self.transport = WireTransport(nodes.wires)
        self.log = NodeLog(nodes.storage, id)
        self.skew_ms = 0

        def clock() -> int:
            return now_ms() + nodes.ahead_ms + self.skew_ms

        self.node = Node(id, self.log, self.transport, clock)
        self.registry: RoomRegistry = toy_registry(
            self.log,
            idle_ms=idle_ms,
            clock=clock,
            rules=rules,
            directory=self.node.directory,
            watch=self.node.serving.watch,
        )
        self.node.join(self.registry)

    async def wake(self, room: str = "room") -> Room:
        return await self.registry.wake(room)

    def kill(self) -> None:
        """Stop without a goodbye: nobody hears of it, and nothing of it reaches the log any more."""
        self.transport.is_cut = True
        self.log.gate.clear()
        for task in self.node._tasks:
            task.cancel()

    def freeze(self) -> None:
        """Let nothing happen in the process until `thaw`; its appends wait before the log."""
        self.transport.is_frozen = True
        self.log.gate.clear()

    def thaw(self) -> None:
        self.transport.thaw()
        self.log.gate.set()

    async def close(self) -> None:
        self.transport.thaw()
        self.transport.is_cut = False
        self.log.gate.set()
        await self.node.close()
        await self.registry.close()
        await self.transport.close()
