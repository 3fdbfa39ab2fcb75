"""A thread that does blocking work for the event loop, in batches: one call into the loop answers a batch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from server.log.base import Unusable

J = TypeVar("J")
R = TypeVar("R")

logger = logging.getLogger(__name__)

AGAIN_S = 1.0


class Worker(Generic[J, R]):
    """Hands the jobs of a loop turn to its thread together, and their results back together.

    `serve` does a batch in the thread; `served` sees each job with its result in the loop, whether
    its asker still waits or not; `after` runs in the thread when the results are on their way, and
    once more after `AGAIN_S` for as long as it asks for that.
    """

    def __init__(
        self,
        name: str,
        serve: Callable[[Sequence[J]], Sequence[R | Exception]],
        *,
        served: Callable[[J, R | Exception], None] | None = None,
        after: Callable[[], bool] | None = None,
    ) -> None:
        self._serve, self._served, self._after = serve, served, after
        self._loop = asyncio.get_running_loop()
        self._turn: list[tuple[J, asyncio.Future[R]]] = []
        self._queue: SimpleQueue[list[tuple[J, asyncio.Future[R]]] | None] = SimpleQueue()
        self._closed = False
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask(self, job: J) -> asyncio.Future[R]:
        """Return what will hold the job's result; nobody needs to wait for it."""
        if self._closed:
            raise Unusable("The log is closed.")
        if not self._turn:
            self._loop.call_soon(self._hand_over)
        future = self._loop.create_future()
        self._turn.append((job, future))
        return future

    async def close(self) -> None:
        """Do what was asked, then end the thread; may be called again."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._turn:
            self._queue.put(self._turn)
            self._turn = []

    def _run(self) -> None:
        """Serve batches until closed; this is the root of the thread."""
        open_, again = True, False
        while open_:
            batch, open_ = self._waiting(AGAIN_S if again else None)
            if batch:
                results = self._results([job for job, _ in batch])
                self._loop.call_soon_threadsafe(self._deliver, batch, results)
            if self._after and (batch or again):
                again = self._after()

    def _waiting(self, within_s: float | None) -> tuple[list[tuple[J, asyncio.Future[R]]], bool]:
        """Wait for jobs and take all there are; False when the last have come."""
        batch: list[tuple[J, asyncio.Future[R]]] = []
        try:
            turn = self._queue.get(timeout=within_s)
            while turn is not None:
                batch += turn
                turn = self._queue.get_nowait()
        except Empty:
            return batch, True
        return batch, False

    def _results(self, jobs: Sequence[J]) -> Sequence[R | Exception]:
        try:
            return self._serve(jobs)
        except Exception as error:  # the root of the thread: our own mistake must reach those who wait
            logger.exception("log.worker_failed thread=%s", self._thread.name)
            return [error for _ in jobs]

    def _deliver(
        self, batch: Sequence[tuple[J, asyncio.Future[R]]], results: Sequence[R | Exception]
    ) -> None:
        for (job, future), result in zip(batch, results, strict=True):
            if self._served:
                self._served(job, result)
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
