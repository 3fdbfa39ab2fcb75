"""Serve many with few tasks: each who waits is served in turn, one step at a time, with pauses of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar, cast

log = logging.getLogger(__name__)

W = TypeVar("W", bound=Hashable)


class Rota(Generic[W]):
    """Those who wait, each once; `serve` does one step, and returns after which pause it wants another.

    `name` is what its tasks are called, and what begins the line for a step that failed.
    """

    def __init__(self, serve: Callable[[W], Awaitable[float | None]], *, at_once: int, name: str) -> None:
        self._serve, self._at_once, self._name = serve, at_once, name
        self._waiting: dict[W, None] = {}
        self._served: dict[W, bool] = {}  # whether it was woken meanwhile
        self._pausing: dict[W, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def is_idle(self) -> bool:
        """Tell whether nobody waits and nobody is served; some may pause."""
        return not self._waiting and not self._served

    def wake(self, who: W) -> None:
        """Let somebody be served soon: after a pause that is under way, or once more."""
        if self._is_closed or who in self._pausing:
            return
        if who in self._served:
            self._served[who] = True
            return
        self._waiting[who] = None
        if len(self._tasks) < self._at_once:
            task = asyncio.get_running_loop().create_task(self._work(), name=self._name)
            self._tasks.add(task)

    def drop(self, who: W) -> None:
        """Let somebody wait no more; a step that is under way is their last."""
        self._waiting.pop(who, None)
        if (pause := self._pausing.pop(who, None)) is not None:
            pause.cancel()

    async def close(self, within_s: float) -> None:
        """Begin no step, and see those under way done; may be called again."""
        self._is_closed = True
        self._waiting.clear()
        for pause in self._pausing.values():
            pause.cancel()
        self._pausing.clear()
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, within_s))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self) -> None:
        """Serve those who wait until nobody does; the root of its task."""
        try:
            while self._waiting:
                await self._next()
        finally:  # at once: whoever is woken from now on needs another task
            self._tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _next(self) -> None:
        who = next(iter(self._waiting))
        del self._waiting[who]
        self._served[who] = False
        pause_s = None
        try:
            pause_s = await self._serve(who)
        except Exception:
            log.exception("%s.step_failed", self._name)
        finally:
            is_woken = self._served.pop(who)
        self._go_on(who, pause_s, is_woken=is_woken)

    def _go_on(self, who: W, pause_s: float | None, *, is_woken: bool) -> None:
        if self._is_closed:
            return
        if pause_s is not None:
            self._pausing[who] = asyncio.get_running_loop().call_later(pause_s, self._rested, who)
        elif is_woken:
            self._waiting[who] = None

    def _rested(self, who: W) -> None:
        del self._pausing[who]
        self.wake(who)
