"""The log in NATS keeps the contract of all logs, on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.log.base import Log
from server.log.nats import NatsLog
from tests.support.feed_contract import FeedContract
from tests.support.log_contract import Open
from tests.support.nats_server import NatsServer, nats_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


class TestNatsLog(FeedContract):
    @pytest.fixture
    def open(self, server: NatsServer) -> Open:
        async def open_() -> Log:
            return await NatsLog.open(server.url, claims="implied", shards=4)

        return open_

    @pytest.fixture
    def open_small(self, server: NatsServer) -> Open:
        async def open_() -> Log:
            return await NatsLog.open(server.url, claims="implied", shards=1, max_bytes=100_000)

        return open_
