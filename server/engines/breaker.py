"""A breaker: who failed several times in a row is left alone for a while, then tried once.

Pure but for its clock, which is given.
"""

from __future__ import annotations

from collections.abc import Callable

# So many failures in a row open it.
FAILURES = 3
# Somebody waits 4 s for a server that hangs: with this rest it is asked in one of nine such spans.
REST_S = 30.0


class Breaker:
    """Says whether to ask; `clock` returns seconds that only grow.

    Closed it lets everything pass. Open it lets nothing pass for `rest_s`, then one (half-open): when that
    succeeds it is closed, when it fails it rests again.
    """

    def __init__(
        self, clock: Callable[[], float], *, failures: int = FAILURES, rest_s: float = REST_S
    ) -> None:
        self._clock = clock
        self._failures, self._rest_s = failures, rest_s
        self._in_a_row = 0
        self._rests_until_s: float | None = None
        self._tries = False

    @property
    def is_open(self) -> bool:
        """Whether it failed too often and has not succeeded since."""
        return self._rests_until_s is not None

    def passes(self) -> bool:
        """Return whether to ask now; who was let pass says what came of it by one of the three below."""
        if self._rests_until_s is None:
            return True
        if self._tries or self._clock() < self._rests_until_s:
            return False
        self._tries = True
        return True

    def succeeded(self) -> None:
        """Note that it worked: it is closed."""
        self._in_a_row, self._rests_until_s, self._tries = 0, None, False

    def failed(self) -> None:
        """Note that it did not work."""
        self._in_a_row = min(self._failures, self._in_a_row + 1)
        if self._in_a_row >= self._failures:
            self._rests_until_s = self._clock() + self._rest_s
        self._tries = False

    def gave_up(self) -> None:
        """Note that whoever asked no longer waits, and nothing is known."""
        self._tries = False
