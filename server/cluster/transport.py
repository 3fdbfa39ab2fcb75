"""How nodes reach each other, whatever carries it: a query to one, and messages to all who want them."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Protocol

BEATS = "beat"
SHARDS = 16


class Unreachable(OSError):
    """Nobody answers there, and nothing was done: the node is not connected, or this one is not."""


class NoAnswer(OSError):
    """No answer came in time: it may have been done, or may be done later."""


def tail_of(room: str) -> str:
    """Return the subject of a room's tail."""
    digest = hashlib.blake2b(room.encode(), digest_size=8).digest()
    return f"tail.{int.from_bytes(digest, 'big') % SHARDS}.{room}"


class Transport(Protocol):
    """One node's way to the others. What is published may be lost, and is never sent late.

    `on_reconnected` is called when the way was broken for a while.
    """

    on_reconnected: Callable[[], None]

    async def serve(self, node: str, answer: Callable[[bytes], Awaitable[bytes]]) -> None:
        """Answer queries to this node from now on, each in a task of its own, begun in their order."""

    async def ask(self, node: str, body: bytes, *, timeout_s: float) -> bytes:
        """Return a node's answer. Queries arrive in their order. Raises `Unreachable` and `NoAnswer`."""

    def publish(self, subject: str, body: bytes) -> None:
        """Send to all who subscribed; what cannot be sent now is dropped."""

    async def subscribe(self, subject: str, told: Callable[[bytes], None]) -> Callable[[], None]:
        """Be told of what is published from now on, in the order of each sender; returns what ends it."""

    async def close(self) -> None:
        """Let go of the others; may be called again."""
