from __future__ import annotations

from games.story_die import CUT_FROM_MS, CUT_TO_MS
from tests.support.play import Played


def test_each_turn_is_cut_somewhere() -> None:
    played = Played("story_die", "a", "b")
    cut_at_ms = played.turn.cut_at_ms

    assert cut_at_ms is not None
    assert CUT_FROM_MS <= cut_at_ms - played.turn.go_at_ms <= CUT_TO_MS


def test_who_falters_is_out_and_the_last_one_ends_it() -> None:
    played = Played("story_die", "a", "b", "c")

    assert played.say("a", gap_ms=1_200) == ["hesitated"]
    assert played.turn.voice == "b"
    assert played.say("b", "so the king went") == []
    assert played.say("c", "went home") == ["repeat"]
    assert played.closed is not None
    assert played.closed.replay == ("c1", "c2", "c3")


def test_where_nothing_is_scored_nobody_dies() -> None:
    played = Played("story_die", "a", "b", scored=False)
    played.say("a", gap_ms=1_200)

    assert played.codes() == []
    assert played.turn.voice == "b"


def test_who_falters_by_ear_is_out_at_once_where_nobody_knows_the_words() -> None:
    played = Played("story_die", "a", "b", captions=False)
    played.say("a", gap_ms=1_200)

    assert played.closed is not None


def test_a_teller_is_judged_before_the_next_one_begins() -> None:
    played = Played("story_die", "a", "b", "c")
    played.say("a", "so the king went")
    played.land("b")
    assert played.turn.voice == "b"

    assert played.caption("c2", "went home") == ["repeat"]
    assert played.turn.voice == "c"
    played.say("c", "where he slept")
    assert played.turn.voice == "a"


def test_nobody_waits_for_words_that_nobody_dies_of() -> None:
    played = Played("story_die", "a", "b", scored=False)
    played.land("a")

    assert played.turn.voice == "b"


def test_the_last_one_alive_is_crowned() -> None:
    played = Played("story_die", "a", "b", captions=False)
    played.say("a")
    played.say("b", gap_ms=1_200)

    assert played.closed is not None
    assert played.closed.winners == ("c1",)
