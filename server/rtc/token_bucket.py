"""How much a peer may send: a bucket that refills with time (pure)."""

from __future__ import annotations


class TokenBucket:
    """Up to `per_second` on average, and at once what comes together in `burst_s`."""

    __slots__ = ("_left", "_most", "_per_second", "_seen_s")

    def __init__(self, per_second: float, burst_s: float = 1.0) -> None:
        self._per_second = per_second
        self._left = self._most = per_second * burst_s
        self._seen_s: float | None = None

    def take(self, amount: float, now_s: float) -> bool:
        """Tell whether `amount` is allowed now, and count it if so."""
        if self._seen_s is not None and now_s > self._seen_s:
            self._left = min(self._most, self._left + (now_s - self._seen_s) * self._per_second)
        self._seen_s = now_s
        if amount > self._left:
            return False
        self._left -= amount
        return True
