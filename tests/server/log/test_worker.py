"""What waits is done as one batch, answered in order, and a mistake reaches those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from server.log.base import Unusable
from server.log.worker import Worker


class Doubler:
    """Doubles numbers; refuses the negative ones; fails as a whole at 1300."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.tidied = 0

    def serve(self, jobs: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(jobs))
        if 1_300 in jobs:
            raise RuntimeError("too many")
        return [ValueError(job) if job < 0 else job * 2 for job in jobs]

    def after(self) -> None:
        self.tidied += 1


@pytest.fixture
def doubler() -> Doubler:
    return Doubler()


async def test_the_jobs_of_one_turn_are_one_batch(doubler: Doubler) -> None:
    worker: Worker[int, int] = Worker("test", doubler.serve, after=doubler.after)
    assert await asyncio.gather(*[worker.ask(i) for i in range(50)]) == [i * 2 for i in range(50)]
    assert doubler.batches == [list(range(50))]
    await worker.close()
    assert doubler.tidied == 1


async def test_a_refused_job_harms_no_other(doubler: Doubler) -> None:
    worker: Worker[int, int] = Worker("test", doubler.serve)
    good, bad, more = worker.ask(1), worker.ask(-1), worker.ask(2)
    assert (await good, await more) == (2, 4)
    with pytest.raises(ValueError, match="-1"):
        await bad
    await worker.close()


async def test_a_mistake_of_ours_reaches_who_waits_and_the_thread_lives(
    doubler: Doubler, caplog: pytest.LogCaptureFixture
) -> None:
    worker: Worker[int, int] = Worker("test", doubler.serve)
    with pytest.raises(RuntimeError, match="too many"):
        await worker.ask(1_300)
    assert "log.worker_failed" in caplog.text
    assert await worker.ask(1) == 2
    await worker.close()


async def test_who_left_is_not_answered_but_seen(doubler: Doubler) -> None:
    seen: list[tuple[int, int | Exception]] = []
    worker: Worker[int, int] = Worker(
        "test", doubler.serve, served=lambda job, result: seen.append((job, result))
    )
    left, stays = worker.ask(1), worker.ask(2)
    left.cancel()
    assert await stays == 4
    assert seen == [(1, 2), (2, 4)]
    await worker.close()


async def test_closing_does_what_was_asked_and_nothing_more(doubler: Doubler) -> None:
    worker: Worker[int, int] = Worker("test", doubler.serve)
    last = worker.ask(4)
    await asyncio.gather(worker.close(), worker.close())
    assert await last == 8
    with pytest.raises(Unusable):
        worker.ask(1)
    await worker.close()
