from __future__ import annotations

import pytest

from server.telegram.quiet import ASKED_OFFSETS, Quiet, quiet_of, written

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("quiet", "hours"),
    [
        (Quiet(22, 8), {22, 23, *range(8)}),
        (Quiet(22, 8, 120), {20, 21, 22, 23, *range(6)}),
        (Quiet(13, 15, -60), {14, 15}),
        (Quiet(0, 1, -12 * 60), {12}),
    ],
)
def test_they_are_hours_of_the_chats_own_clock(quiet: Quiet, hours: set[int]) -> None:
    assert {hour for hour in range(24) if quiet.is_at(hour * HOUR_MS)} == hours
    assert {hour for hour in range(24) if quiet.is_at((24 * 365 + hour) * HOUR_MS + HOUR_MS - 1)} == hours


def test_a_half_hour_counts() -> None:
    quiet = Quiet(22, 8, 5 * 60 + 30)
    assert quiet.clock(0) == "5:30"
    assert quiet.is_at(2 * HOUR_MS + HOUR_MS // 2 - 1)
    assert not quiet.is_at(2 * HOUR_MS + HOUR_MS // 2)


@pytest.mark.parametrize(
    ("words", "quiet"),
    [
        ("22-8 +2", Quiet(22, 8, 120)),
        ("22:00 – 8:00 utc-3", Quiet(22, 8, -180)),
        (" 0-24 0", None),
        ("23 - 7 GMT+5:30", Quiet(23, 7, 330)),
        ("23-7 0545", Quiet(23, 7, 345)),
        ("24-6 2", Quiet(0, 6, 120)),
        ("8-8 1", None),
        ("22-25 1", None),
        ("22-8 +15", None),
        ("22-8 +5:31", None),
        ("at night", None),
        ("", None),
    ],
)
def test_what_people_write_is_read(words: str, quiet: Quiet | None) -> None:
    assert written(words, None) == (quiet and (quiet, True))


def test_without_an_offset_the_known_clock_goes_on() -> None:
    assert written("22-8", 60) == (Quiet(22, 8, 60), True)
    assert written("22-8", None) == (Quiet(22, 8, 0), False)


def test_every_time_of_day_is_offered_once() -> None:
    shown = [Quiet(22, 8, ahead).clock(12_345_678) for ahead in ASKED_OFFSETS]
    assert len(set(shown)) == len(shown) == 24
    assert all(quiet_of(22, 8, ahead) for ahead in ASKED_OFFSETS)
