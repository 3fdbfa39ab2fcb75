"""What waits is done as one batch, answered in order, and a mistake reaches those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from server.log import worker as worker_module
from server.log.base import Unusable
from server.log.worker import Worker
from tests.support.actors import until


class Doubler:
    """Doubles numbers; refuses the negative ones; fails as a whole at 1300."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.tidied = 0
        self.untidy = 1

    def serve(self, jobs: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(jobs))
        if 1_300 in jobs:
            raise RuntimeError("too many")
        return [ValueError(job) if job < 0 else job * 2 for job in jobs]

    def after(self) -> bool:
        self.tidied += 1
        return self.tidied < self.untidy


@pytest.fixture
def doubler() -> Doubler:
    return Doubler()


async def test_the_jobs_of_one_turn_are_one_batch(doubler: Doubler) -> None:
    worker: Worker[int, int] = Worker("test", doubler.serve, after=doubler.after)
    assert await asyncio.gather(*[worker.ask(i) for i in range(50)]) == [i * 2 for i in range(50)]
    assert doubler.batches == [list(range(50))]
    await worker.close()
    assert doubler.tidied == 1


async def test_what_could_not_be_tidied_is_tried_again_without_a_job(
    doubler: Doubler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "AGAIN_S", 0.001)
    doubler.untidy = 3
    worker: Worker[int, int] = Worker("test", doubler.serve, after=doubler.after)
    await worker.ask(1)
    await until(lambda: doubler.tidied == 3)
    await worker.close()
    assert doubler.tidied == 3
    assert doubler.batches == [[1]]


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
