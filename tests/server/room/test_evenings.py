from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.room.evenings import HOUR_MS, PAUSE_MS, Evening, evenings


def test_clips_without_a_long_pause_are_one_evening() -> None:
    noon = 1_000 * HOUR_MS
    times = [noon, noon + HOUR_MS, noon + 4 * HOUR_MS, noon + 7 * HOUR_MS + 1]
    newest, oldest = evenings(reversed(times))
    assert newest == Evening(times[3], times[3], 1)
    assert oldest == Evening(noon, noon + 4 * HOUR_MS, 3)
    assert oldest.is_over(noon + 7 * HOUR_MS + 1)
    assert not oldest.is_over(noon + 7 * HOUR_MS)


def test_a_room_without_clips_has_no_evening() -> None:
    assert not list(evenings([]))


@given(st.lists(st.integers(0, 40 * HOUR_MS), min_size=1))
def test_evenings_hold_each_clip_once_and_no_two_have_one_number(times: list[int]) -> None:
    newest = sorted(times, reverse=True)
    found = list(evenings(newest))
    assert sum(evening.clips for evening in found) == len(times)
    assert len({evening.number for evening in found}) == len(found)
    for later, earlier in pairwise(found):
        assert later.from_ms - earlier.to_ms > PAUSE_MS
    for evening in found:
        assert sum(evening.from_ms <= at_ms <= evening.to_ms for at_ms in times) == evening.clips


def test_an_evening_keeps_its_number_when_its_first_clip_goes() -> None:
    begins = 300 * PAUSE_MS + 60_000
    (whole,) = evenings([begins + 90_000, begins + 30_000, begins])
    (left,) = evenings([begins + 90_000, begins + 30_000])
    assert left.number == whole.number
