"""The log in memory keeps the contract of all logs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

from server.log.base import Log, LogWithBlobs
from server.log.memory import MemoryLog
from tests.support.feed_contract import FeedContract
from tests.support.log_contract import BlobsInCommitContract, Open
from tests.support.log_machine import LogMachine
from tests.support.moving_contract import MovingContract


class TestMemoryLog(MovingContract, FeedContract, BlobsInCommitContract):
    @pytest.fixture
    def open(self, tmp_path: Any) -> Open:
        async def open_() -> Log:
            return MemoryLog()

        return open_

    @pytest.fixture
    def open_small(self, tmp_path: Any) -> Open:
        async def open_() -> Log:
            return MemoryLog(max_bytes=100_000)

        return open_

    def lasts(self) -> bool:
        return False


class MemoryMachine(LogMachine):
    async def open(self) -> LogWithBlobs:
        return MemoryLog()

    def close_and_open(self) -> None:
        """Do nothing: what is in memory does not outlive its log."""


MemoryMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestMemoryMachine = MemoryMachine.TestCase
