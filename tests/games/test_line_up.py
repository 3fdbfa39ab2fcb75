from __future__ import annotations

import pytest
from msgspec.structs import replace

from games.line_up import STAGED_TAKES
from server.room.commands import Refused
from tests.support.play import Played, voice_of


def test_there_is_no_vote_on_one_take_nor_where_nothing_is_scored() -> None:
    alone = Played("world_worst")
    alone.say("a")
    alone.wait()
    unscored = Played("world_worst", scored=False)
    unscored.say("a")
    unscored.say("b")
    unscored.wait()

    assert alone.closed is not None
    assert unscored.closed is not None


def test_a_vote_takes_no_takes() -> None:
    played = Played("world_worst")
    played.say("a")
    played.say("b")
    played.wait()

    assert played.turn.act == "vote"
    played.room.land("late", voice_of("c"))
    assert [take.clip for take in played.round.takes] == ["c1", "c2"]


def crowd(seed: int, missed: int = 0) -> Played:
    """Twelve answers, and a vote; the first of the voices, a given number, were missed the last time."""
    played = Played("world_worst", seed=seed)
    voices = "abcdefghijkl"
    if missed:
        before = replace(played.room.state.set_rounds, missed=tuple(voices[:missed]))
        played.room.state = replace(played.room.state, set_rounds=before)
    for voice in voices:
        played.say(voice)
    played.wait()
    assert played.turn.act == "vote"
    return played


def test_eight_are_staged_by_lot_and_those_who_were_missed_come_first() -> None:
    lots = {crowd(seed).turn.clips for seed in range(10)}
    assert {len(clips) for clips in lots} == {STAGED_TAKES}
    assert len(lots) > 1
    assert {clip for clips in lots for clip in clips} == {f"c{number}" for number in range(1, 13)}

    for seed in range(5):
        played = crowd(seed, missed=3)
        assert {"c1", "c2", "c3"} <= {*played.turn.clips}
        staged = {take.voice for take in played.round.takes if take.clip in played.turn.clips}
        assert {*played.room.state.set_rounds.missed} == {*"abcdefghijkl"} - staged


def test_only_what_is_staged_can_be_liked_in_a_vote() -> None:
    played = crowd(1)
    out = next(take.clip for take in played.round.takes if take.clip not in played.turn.clips)
    with pytest.raises(Refused, match="not on the stage"):
        played.vote("x", out, 1)
    played.vote("x", out, -1)

    played.wait()
    assert played.closed is not None
    played.vote("x", "c1" if out != "c1" else "c2", 1)


def test_the_favourite_and_its_twin_are_crowned_and_nobody_without_a_heart() -> None:
    liked, unliked = (Played("world_worst") for _ in range(2))
    for played in (liked, unliked):
        for voice, line in zip("abc", ("bad", "worse", "bad"), strict=True):
            played.say(voice, line)
        played.wait()
    liked.vote("b", "c1", 1)
    for played in (liked, unliked):
        played.wait()
        assert played.closed is not None

    assert liked.closed is not None
    assert unliked.closed is not None
    assert (liked.closed.ending, liked.closed.winners) == ("votes", ("c1", "c3"))
    assert (unliked.closed.ending, unliked.closed.winners) == ("votes", ())
