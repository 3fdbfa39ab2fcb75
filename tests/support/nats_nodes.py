"""Logs in one NATS server, as several nodes open them, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from server.log.nats import NatsLog
from tests.support.nats_server import NatsServer

SHARDS = 2

Node = Callable[..., Any]


@asynccontextmanager
async def nodes_of(server: NatsServer) -> AsyncIterator[Node]:
    """Open logs as nodes of these names do; they are closed at the end."""
    opened: list[NatsLog] = []

    async def open_(name: str, *, url: str = server.url, claims: Any = "explicit") -> NatsLog:
        log = await NatsLog.open(url, node=name, claims=claims, shards=SHARDS)
        opened.append(log)
        return log

    try:
        yield open_
    finally:
        for log in opened:
            await log.close()


@contextmanager
def patched(target: Any, **values: Any) -> Iterator[None]:
    """Give attributes other values for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setattr(target, name, value)
        yield
