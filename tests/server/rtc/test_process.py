"""A worker process that hangs or dies is ended and started again; closing leaves none."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable

import pytest

from server.rtc import process, wire
from server.rtc.media import Counts
from server.rtc.process import WorkerProcess
from server.rtc.settings import Settings


class Watched:
    """A worker, its reports, and how often it ended."""

    def __init__(self) -> None:
        self.reports: list[wire.Report] = []
        self.ends = 0
        opening = wire.Open("127.0.0.1", 0, "", Settings())
        self.worker = WorkerProcess(opening, lambda _, report: self.reports.append(report), self._ended)

    def _ended(self, _: WorkerProcess) -> None:
        self.ends += 1

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.01)


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched()
    await made.worker.start()
    yield made
    await made.worker.close()
    await made.worker.close()
    assert made.worker.pid is None


async def test_it_binds_a_port_and_tells_figures(watched: Watched) -> None:
    assert watched.worker.port > 0
    await watched.until(lambda: bool(watched.reports))

    assert isinstance(watched.reports[0], Counts)


async def test_one_that_hangs_is_ended_and_comes_back(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "ALONE_S", 0.1)
    await watched.until(lambda: len(watched.reports) >= 3)
    pid, port = watched.worker.pid, watched.worker.port
    assert pid is not None
    monkeypatch.setattr(process, "SILENT_S", 1.0)  # for what comes after its next report
    told = len(watched.reports)
    await watched.until(lambda: len(watched.reports) > told)

    os.kill(pid, signal.SIGSTOP)
    await watched.until(lambda: watched.ends == 1)
    monkeypatch.setattr(process, "SILENT_S", 15.0)
    await watched.until(lambda: watched.worker.alive)

    assert (watched.worker.pid != pid, watched.worker.port) == (True, port)


async def test_one_whose_reports_make_no_sense_is_ended_and_comes_back(watched: Watched) -> None:
    def nonsense(_: WorkerProcess, __: wire.Report) -> None:
        raise OSError

    told, watched.worker._told = watched.worker._told, nonsense
    await watched.until(lambda: watched.ends == 1)
    watched.worker._told = told

    await watched.until(lambda: watched.worker.alive)


async def test_what_is_ordered_while_it_closes_is_not_told(watched: Watched) -> None:
    closing = asyncio.ensure_future(watched.worker.close())
    await asyncio.sleep(0)

    watched.worker.tell(wire.Halt("room"))
    await asyncio.wait_for(closing, 10)

    assert not watched.worker.alive


async def test_closing_between_two_starts_ends_it_too(watched: Watched) -> None:
    assert watched.worker.pid is not None
    os.kill(watched.worker.pid, signal.SIGKILL)
    await watched.until(lambda: watched.ends == 1)

    await asyncio.wait_for(watched.worker.close(), 5)

    watched.worker.tell(wire.Halt("room"))
    assert not watched.worker.alive
