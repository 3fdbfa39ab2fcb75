"""Quiet hours of a chat: when nothing is sent to it that it did not ask for. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

DAY_HOURS, HOUR_MINUTES = 24, 60
DAY_MINUTES, MINUTE_MS = DAY_HOURS * HOUR_MINUTES, 60_000
# Clocks of the world are ahead of UTC by -12 to 14 hours, in steps of a quarter of an hour.
LEAST_OFFSET, MOST_OFFSET, STEP_MINUTES = -12 * 60, 14 * 60, 15
# Offsets in whole hours, by which every time of day stands once: what is asked of who gave none.
ASKED_OFFSETS = tuple(range(-11 * 60, 12 * 60 + 1, 60))

_HOURS = r"(\d{1,2})(?::00)?\s*[-–]\s*(\d{1,2})(?::00)?"
_OFFSET = r"(?:UTC|GMT)?\s*([+-]?)(\d{1,2})(?::?(\d\d))?"
_WRITTEN = re.compile(rf"\s*{_HOURS}(?:\s+{_OFFSET})?\s*", re.IGNORECASE)


class Quiet(Struct, frozen=True):
    """From one hour up to another, by a clock that is so many minutes ahead of UTC."""

    from_hour: int
    to_hour: int
    offset_minutes: int = 0

    def is_at(self, at_ms: int) -> bool:
        """Tell whether a time is within them."""
        hour = self.minute(at_ms) // HOUR_MINUTES
        if self.from_hour < self.to_hour:
            return self.from_hour <= hour < self.to_hour
        return hour >= self.from_hour or hour < self.to_hour

    def minute(self, at_ms: int) -> int:
        """Return the minute of the day on the chat's clock."""
        return (at_ms // MINUTE_MS + self.offset_minutes) % DAY_MINUTES

    def clock(self, at_ms: int) -> str:
        """Return what the chat's clock shows."""
        hour, minute = divmod(self.minute(at_ms), HOUR_MINUTES)
        return f"{hour}:{minute:02}"


def quiet_of(from_hour: int, to_hour: int, offset_minutes: int) -> Quiet | None:
    """Return quiet hours, None where there are none such."""
    are_hours = 0 <= from_hour <= DAY_HOURS and 0 <= to_hour <= DAY_HOURS
    is_offset = LEAST_OFFSET <= offset_minutes <= MOST_OFFSET and offset_minutes % STEP_MINUTES == 0
    from_hour, to_hour = from_hour % DAY_HOURS, to_hour % DAY_HOURS
    if not are_hours or not is_offset or from_hour == to_hour:
        return None
    return Quiet(from_hour, to_hour, offset_minutes)


def written(words: str, offset_minutes: int | None) -> tuple[Quiet, bool] | None:
    """Return the quiet hours that somebody wrote, and whether their clock is known; None for other words.

    `22-8`, `22:00 - 8:00`, `22-8 +2`, `22-8 UTC+5:30`; without an offset the clock is the one given here.
    """
    found = _WRITTEN.fullmatch(words)
    if found is None:
        return None
    begin, end, sign, hours, minutes = found.groups()
    if hours is not None:
        ahead = int(hours) * HOUR_MINUTES + int(minutes or 0)
        offset_minutes = -ahead if sign == "-" else ahead
    quiet = quiet_of(int(begin), int(end), offset_minutes or 0)
    return None if quiet is None else (quiet, offset_minutes is not None)
