"""A take on its way to a room while it is spoken: the same payloads, a little later, nothing decoded.

The delay absorbs the jitter of the speaker's network; a packet that was overtaken by more is not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from server.rtc import rtp

# What is this far from the first packet is no sound of this take.
LONGEST_S = 120.0
# What is due later than so is a broken clock; what was due earlier than so was held back by a stall, or by
# a clock that stood still in a pause: it and what follows is said later.
AHEAD_S = 2.0


class LiveRelay:
    """One take; `send(payload, due_s, marker)` is called when each packet is due."""

    def __init__(
        self,
        take: str,
        delay_ms: int,
        send: Callable[[bytes, float, bool], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.take = take
        self._delay_s = delay_ms / 1000
        self._send = send
        self._loop = loop
        self._first = 0
        self._starts_s: float | None = None
        self._sent_s = 0.0
        self._due: dict[int, asyncio.TimerHandle] = {}

    def push(self, at: int, payload: bytes) -> bool:
        """Take a packet and its place in samples; False when it came twice, late, or out of all bounds."""
        now_s = self._loop.time()
        if self._starts_s is None:
            self._first, self._starts_s = at, now_s + self._delay_s
        step = at - self._first
        due_s = self._starts_s + step / rtp.RATE_HZ
        if at in self._due or due_s <= self._sent_s or abs(step) > LONGEST_S * rtp.RATE_HZ:
            return False
        if due_s > now_s + self._delay_s + AHEAD_S:
            return False
        if due_s < now_s - AHEAD_S:
            self._starts_s += now_s + self._delay_s - due_s
            due_s = now_s + self._delay_s
        self._due[at] = self._loop.call_at(due_s, self._ripe, at, payload, due_s)
        return True

    def _ripe(self, at: int, payload: bytes, due_s: float) -> None:
        del self._due[at]
        if due_s <= self._sent_s:
            return
        marker, self._sent_s = not self._sent_s, due_s
        self._send(payload, due_s, marker)

    def close(self) -> None:
        """Send nothing more; may be called again."""
        for timer in self._due.values():
            timer.cancel()
        self._due.clear()
