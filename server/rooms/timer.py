"""The one timer of an awake room: for what is due, for takes nobody ended, and for falling asleep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

SHORTEST_IDLE_MS = 5  # who woke the room must have time to hold it
QUIET_MS = 20  # who woke it quietly must have time to send what it wants
SHORTEST_SLEEP_MS = 10_000  # for less, waking costs more than staying awake
LONGEST_WAIT_MS = 60_000  # the loop's timers stand still while a machine sleeps, the clock does not
TICK_EVERY_MS = 20
IDLE_TICK_EVERY_MS = 1_000  # when a tick found nothing to do though something was due


class TimedRoom(Protocol):
    """The room as its timer knows it."""

    @property
    def needed(self) -> bool:
        """Tell whether somebody holds the room or speaks in it."""

    def next_due_ms(self) -> int | None:
        """Return when the rules have something to do; None for never."""

    def takes_end_ms(self) -> list[int]:
        """Return when each open take counts as ended."""

    def expire_takes(self, now_ms: int) -> None:
        """End the takes that nobody ended in time."""

    def tick(self) -> None:
        """Do what is due."""

    def fall_asleep(self, due_ms: int | None) -> None:
        """Drop all that only an awake room has, until it is needed or due."""


class Timer:
    """Rings when the room has something to do next; `stop` it while the writer works."""

    def __init__(self, room: TimedRoom, clock: Callable[[], int], idle_ms: int) -> None:
        self._room, self._clock = room, clock
        self._idle_ms = max(idle_ms, SHORTEST_IDLE_MS)
        self._used_at_ms = clock() - self._idle_ms  # who does not wake it quietly uses it
        self._next_tick_ms = 0
        self._ringing: asyncio.TimerHandle | None = None

    def use(self) -> None:
        """Keep the room awake for `idle_ms` more: time enough to hold it."""
        self._used_at_ms = self._clock()

    def hasten(self) -> None:
        """Let the next tick come soon, for something happened."""
        self._next_tick_ms = min(self._next_tick_ms, self._clock() + TICK_EVERY_MS)

    def stop(self) -> None:
        """Do not ring until the next `start`."""
        if self._ringing is not None:
            self._ringing.cancel()
            self._ringing = None

    def start(self, *, after_ms: int = 0) -> None:
        """Ring at the next moment that matters, but not at once when `after_ms` have to pass first."""
        self.stop()
        now_ms = self._clock()
        wait_ms = min(max(self._next_ms(now_ms) - now_ms, after_ms), LONGEST_WAIT_MS)
        self._ringing = asyncio.get_running_loop().call_later(wait_ms / 1000, self.ring)

    def _next_ms(self, now_ms: int) -> int:
        ends_ms, due_ms = self._room.takes_end_ms(), self._due_ms()
        times = ends_ms if due_ms is None else [*ends_ms, due_ms]
        sleep_ms = max(self._used_at_ms + self._idle_ms, now_ms)
        if not ends_ms and _is_far(due_ms, sleep_ms):
            times.append(sleep_ms)
        return min(times)

    def _due_ms(self) -> int | None:
        due_ms = self._room.next_due_ms()
        return None if due_ms is None else max(due_ms, self._next_tick_ms)

    def ring(self) -> None:
        """Expire takes, then tick, fall asleep, or wait on."""
        self._ringing = None
        now_ms = self._clock()
        self._room.expire_takes(now_ms)
        due_ms = self._due_ms()
        if due_ms is not None and due_ms <= now_ms:
            self._next_tick_ms = now_ms + IDLE_TICK_EVERY_MS
            self._room.tick()
        elif _is_far(due_ms, now_ms) and self._is_idle(now_ms):
            self._room.fall_asleep(due_ms)
        else:
            self.start()

    def _is_idle(self, now_ms: int) -> bool:
        if self._room.needed:
            self._used_at_ms = now_ms
        return now_ms >= self._used_at_ms + self._idle_ms


def _is_far(due_ms: int | None, now_ms: int) -> bool:
    return due_ms is None or due_ms - now_ms >= SHORTEST_SLEEP_MS
