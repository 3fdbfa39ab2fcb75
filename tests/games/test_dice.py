from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.dice import DICE_LIMIT, SIDES_LIMIT, roll


@pytest.mark.parametrize(
    ("expression", "dice", "least", "most"),
    [("2d6+1", 2, 3, 13), ("d20", 1, 1, 20), ("D%", 1, 1, 100), ("3 d 4 - 2", 3, 1, 10), ("7", 0, 7, 7)],
)
def test_dice_fall_within_their_bounds(expression: str, dice: int, least: int, most: int) -> None:
    for seed in range(50):
        rolled = roll(expression, Random(seed))
        assert len(rolled.dice) == dice
        assert least <= rolled.total <= most


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "d",
        "d1",
        "0d6",
        "21d6",
        "11d6+10d6",
        "d1001",
        "2d6+",
        "2d6x7",
        "1e9",
        "9" * 50,
        "d6" + "+1" * 8,
        "-",
    ],
)
def test_other_things_are_no_dice(expression: str) -> None:
    with pytest.raises(ValueError, match=r"dice|big"):
        roll(expression, Random(1))


@given(st.text(alphabet="0123456789dD%+- x", max_size=50))
def test_any_text_rolls_within_bounds_or_not_at_all(expression: str) -> None:
    try:
        rolled = roll(expression, Random(1))
    except ValueError:
        return
    assert len(rolled.dice) <= DICE_LIMIT
    assert all(1 <= die <= SIDES_LIMIT for die in rolled.dice)
