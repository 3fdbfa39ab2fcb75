"""The one clock of a server: epoch milliseconds that pass as time really does.

It reads the time of day once, at the start, and counts from there by a clock that nobody can set. So
no deadline of a running round moves when the machine's clock is set, ahead or back, and no event is
older than the one before it. Time that a machine slept through has passed.

Spans (rates, silence on a wire, how long something took) are measured by the loop and by
`time.monotonic`; whatever is an epoch time (`*_at_ms`, `server_ms`) comes from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable

# A machine that shows an earlier time has lost its own (2026-01-01, when this program began to be).
EARLIEST_MS = 1_767_225_600_000
# Where a log ends later than this after the time of day, that time is believed, not the log.
AHEAD_LIMIT_MS = 86_400_000
# Linux's monotonic clock stands still in suspend, this one does not; macOS's own goes on.
_PASSING = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def time_of_day_ms() -> int:
    """Return what the machine's clock shows, in epoch milliseconds; anybody may set it."""
    return time.time_ns() // 1_000_000


def passing_ms() -> int:
    """Return milliseconds since some moment, suspend included."""
    return time.clock_gettime_ns(_PASSING) // 1_000_000


class Clock:
    """Called, it returns the time in epoch milliseconds.

    `newest_ms` is when the newest event of the log happened. When that lies ahead, because the time of
    day was set back while no server ran, the clock begins there: times in a room never go backwards,
    and a turn that was running has the rest of its window. A log that is further ahead than
    `AHEAD_LIMIT_MS` was written while the year was wrong, and is not followed (wrong zones are hours):
    then rounds that began in the future end at once (`rounds.AHEAD_MS`). A machine without a battery
    shows a time before `EARLIEST_MS`: any log knows better.
    """

    def __init__(
        self,
        newest_ms: int = 0,
        *,
        time_of_day: Callable[[], int] = time_of_day_ms,
        passing: Callable[[], int] = passing_ms,
    ) -> None:
        self._passing = passing
        now_ms = time_of_day()
        is_followed = now_ms < EARLIEST_MS or newest_ms <= now_ms + AHEAD_LIMIT_MS
        self._origin_ms = (max(now_ms, newest_ms) if is_followed else now_ms) - passing()

    def __call__(self) -> int:
        """Return the time, now."""
        return self._origin_ms + self._passing()
