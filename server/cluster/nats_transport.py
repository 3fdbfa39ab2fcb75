"""The way between nodes over NATS: core subjects, which keep nothing and promise nothing.

Queries go to `cmd.<node>` and are answered to an inbox of the asker; beats and tails are published. What
is lost, also by a server that is paused or a reader that is slow, is noticed by the numbers in it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import nats.errors
from nats.aio.msg import Msg

from server.cluster.messages import Failed, encode
from server.cluster.transport import NoAnswer, Unreachable
from server.nats.connection import Connection, NatsSilent, TooLarge

# What was published and is not sent yet; of more, the oldest is dropped, and repaired by who misses it.
UNSENT_MOST = 10_000
NOBODY_THERE = "503"  # the status with which a server answers a query that nobody receives

logger = logging.getLogger(__name__)


class NatsTransport:
    """One node's way to the others, on a connection that others may use too; made by `open`."""

    def __init__(self, connection: Connection) -> None:
        self.on_reconnected: Callable[[], None] = _nothing
        self._connection = connection
        self._inbox = connection.inbox()
        self._numbers = 0
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        self._unsent: deque[tuple[str, bytes]] = deque(maxlen=UNSENT_MOST)
        self._poke = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._is_closed = False

    @classmethod
    async def open(cls, connection: Connection) -> NatsTransport:
        """Return a transport that can ask and publish. Raises `OSError`."""
        transport = cls(connection)
        connection.on_return(transport._returned)
        await transport._receive(f"{transport._inbox}.*", transport._take_answer)
        transport._sending = asyncio.get_running_loop().create_task(
            transport._send_on(), name="cluster sends"
        )
        return transport

    async def serve(self, node: str, answer: Callable[[bytes], Awaitable[bytes]]) -> None:
        """Answer queries to this node from now on."""

        async def reply(message: Msg) -> None:
            try:
                await self._connection.send(message.reply, await answer(message.data))
            except NatsSilent as error:
                logger.warning("cluster.answer_lost %s", type(error).__name__)
            except TooLarge as error:
                logger.warning("cluster.answer_too_large node=%s %s", node, error)
                with suppress(NatsSilent):
                    await self._connection.send(message.reply, encode(Failed("broken")))

        async def received(message: Msg) -> None:
            if message.reply and not self._is_closed:
                self._begin(reply(message))

        await self._receive(f"cmd.{node}", received)

    async def ask(self, node: str, body: bytes, *, timeout_s: float) -> bytes:
        """Return a node's answer. Raises `Unreachable`, `NoAnswer`, and `OSError` for what is too large."""
        self._numbers += 1
        token = str(self._numbers)
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers[token] = answered
        try:
            await self._connection.send(f"cmd.{node}", body, reply=f"{self._inbox}.{token}")
            async with asyncio.timeout(timeout_s):
                return await answered
        except NatsSilent as error:
            raise Unreachable("this node is not connected") from error
        except TimeoutError as error:
            raise NoAnswer("no answer in time") from error
        except TooLarge as error:
            raise OSError(f"a query is too large: {error}") from error
        finally:
            del self._answers[token]

    async def _take_answer(self, message: Msg) -> None:
        answered = self._answers.get(message.subject.rpartition(".")[2])
        if answered is None or answered.done():
            return
        if not message.data and (message.headers or {}).get("Status") == NOBODY_THERE:
            answered.set_exception(Unreachable("nobody answers there"))
        else:
            answered.set_result(message.data)

    def publish(self, subject: str, body: bytes) -> None:
        """Send to all who subscribed; what cannot be sent now is dropped."""
        if self._connection.is_connected and not self._is_closed:
            self._unsent.append((subject, body))
            self._poke.set()

    async def _send_on(self) -> None:
        """Send what was published, in its order; the root of its task."""
        while True:
            await self._poke.wait()
            self._poke.clear()
            while self._unsent:
                subject, body = self._unsent.popleft()
                try:
                    await self._connection.send(subject, body)
                except NatsSilent:
                    self._unsent.clear()
                except TooLarge as error:
                    # The last part may be the id of a private room, which only its visitors may know.
                    logger.warning("cluster.too_large subject=%.6s %s", subject.rpartition(".")[2], error)

    async def subscribe(self, subject: str, told: Callable[[bytes], None]) -> Callable[[], None]:
        """Be told of what is published from now on; returns what ends it."""

        async def received(message: Msg) -> None:
            if not self._is_closed and not has_ended:
                told(message.data)

        has_ended = list[None]()
        unsubscribe = await self._receive(subject, received)

        def end() -> None:
            if unsubscribe in self._ends:
                has_ended.append(None)
                self._ends.remove(unsubscribe)
                self._begin(unsubscribe())

        return end

    async def _receive(
        self, subject: str, received: Callable[[Msg], Awaitable[None]]
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        try:
            subscription = await self._connection.subscribe(subject, received)
        except nats.errors.Error as error:
            raise Unreachable(f"not subscribed: {type(error).__name__}") from error

        async def end() -> None:
            try:
                await subscription.unsubscribe()
            except Exception as error:  # noqa: BLE001 - the root of its task: the client has its own errors
                logger.debug("cluster.not_unsubscribed %s", type(error).__name__)

        self._ends.append(end)
        return end

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _returned(self) -> None:
        if not self._is_closed:
            self.on_reconnected()

    async def close(self) -> None:
        """Let go of the others, not of the connection; may be called again."""
        self._is_closed = True
        ends, self._ends = self._ends, []
        for end in ends:
            self._begin(end())
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        while self._tasks:
            await asyncio.wait(list(self._tasks))


def _nothing() -> None:
    """Do nothing: the default of `on_reconnected`."""
