"""Queries to the owner of one room, which nobody waits for any more when the room moves."""

from __future__ import annotations

import asyncio

from server.cluster.messages import Answer, Junk, Query, decode_answer, encode
from server.cluster.transport import NoAnswer, Transport

ANSWER_S = 5.5


class Asking:
    """The queries that are under way."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._under_way: set[asyncio.Task[bytes]] = set()

    def __bool__(self) -> bool:
        """Tell whether any is."""
        return bool(self._under_way)

    async def ask(self, node: str, message: Query, *, timeout_s: float = ANSWER_S) -> Answer:
        """Return a node's answer. Raises `Unreachable`, and `NoAnswer` also when the room moves meanwhile."""
        asking = asyncio.get_running_loop().create_task(
            self._transport.ask(node, encode(message), timeout_s=timeout_s)
        )
        self._under_way.add(asking)
        try:
            await asyncio.wait([asking])
        finally:
            self._under_way.discard(asking)
            if not asking.done():
                asking.cancel()
        if asking.cancelled():
            raise NoAnswer("The room has another owner.")
        try:
            return decode_answer(asking.result())
        except Junk as why:
            raise NoAnswer(f"The answer is none: {why}") from why

    def give_up(self) -> None:
        """Wait for none of them any more: it may have been done, or not."""
        for asking in self._under_way:
            asking.cancel()
