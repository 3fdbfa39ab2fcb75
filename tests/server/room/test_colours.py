"""Colours are as different as they look, and voices get such that differ."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.room.colours import APART, Lab, apart, difference, lab_difference
from server.room.ids import COLOURS


# Of the data that Sharma, Wu and Dalal published to test implementations of CIEDE2000 (2005).
@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 3.1571, -77.2803), (50.0, 0.0, -82.7485), 2.8615),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_difference_is_ciede2000(one: Lab, other: Lab, expected: float) -> None:
    assert lab_difference(one, other) == pytest.approx(expected, abs=5e-5)
    assert lab_difference(other, one) == pytest.approx(expected, abs=5e-5)


def test_black_and_white_are_a_hundred_apart() -> None:
    assert difference("#000000", "#ffffff") == pytest.approx(100, abs=0.01)
    assert difference("#123456", "#123456") == 0


@given(st.lists(st.sampled_from(COLOURS), max_size=30), st.sampled_from(COLOURS))
def test_a_colour_that_is_far_from_all_others_stays_ones_own(taken: list[str], own: str) -> None:
    got = apart(own, taken)
    assert got in COLOURS
    assert got == own or min(difference(own, other) for other in taken) < APART


@pytest.mark.parametrize("own", COLOURS)
def test_six_voices_that_come_one_after_another_differ_at_a_glance(own: str) -> None:
    taken: list[str] = []
    for _ in range(6):  # the worst there is: all would have the same
        taken.append(apart(own, taken))
    assert min(difference(*two) for two in combinations(taken, 2)) >= APART
