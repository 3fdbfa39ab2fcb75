from __future__ import annotations

import pytest

from games.measures import band, is_one_word_long, last_word
from games.round import Take


@pytest.mark.parametrize(
    ("reaction_ms", "name"),
    [(-300, "ahead"), (599, "ahead"), (600, "spontaneous"), (2_000, "editing"), (4_000, "blocked")],
)
def test_reaction_times_fall_into_bands(reaction_ms: int, name: str) -> None:
    assert band(reaction_ms) == name


def test_one_word_is_longer_in_slow_rooms() -> None:
    take = Take("c", "v", 1, 3_000, 0, 0)

    assert not is_one_word_long(take, "snap")
    assert is_one_word_long(take, "slow")


def test_the_last_word_is_known_with_a_caption_only() -> None:
    assert last_word(Take("c", "v", 1, 900, 0, 0)) is None
    assert last_word(Take("c", "v", 1, 900, 0, 0, words=("wet", "tree"))) == "tree"
