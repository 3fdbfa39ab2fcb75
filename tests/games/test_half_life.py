from __future__ import annotations

from itertools import pairwise

from games.half_life import LIVES_MS
from tests.support.play import Played


def test_the_time_halves_and_the_takes_make_a_series() -> None:
    played = Played("half_life", "a")
    limits = []
    while played.closed is None:
        limits.append(played.turn.limit_ms)
        played.say("a")

    assert len(limits) == len(LIVES_MS)
    assert all(before == 2 * after for before, after in pairwise(limits))
    assert played.closed.replay == ("c1", "c2", "c3", "c4")


def test_the_key_words_should_survive() -> None:
    played = Played("half_life", "a")

    assert played.say("a", "Two lighthouse keepers ate the candle") == []
    assert played.say("a", "Lighthouse: no candle") == []
    assert played.say("a", "Oh no") == ["key_lost"]


def test_silence_ends_it() -> None:
    played = Played("half_life", "a")
    played.wait()

    assert played.closed is not None
    assert played.closed.reason == "silent"
