from __future__ import annotations

import pytest

from games.round import Round, RoundClosed, RoundOpened, Take, TurnGiven, landed, opened
from server.room.commands import Forget, React, RoundStart, RoundStop, Throw, Vote
from server.room.events import ReactionGiven, Voice
from server.room.sets import (
    LIKED_TAKES,
    LIKERS_KEPT,
    MISSED_KEPT,
    NO_SET,
    SET_PAUSE_MS,
    SET_ROUNDS,
    RoundSet,
    is_praise,
)
from server.room.view import view
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom


def round_of(id_: str, *voices: str) -> Round:
    round_ = opened(RoundOpened(id_, "g", "snap"), 5)
    for voice in voices:
        round_ = landed(round_, Take(f"{id_}-{voice}", voice, 1, 900, 0, 0))
    return round_


def played(*places: int) -> RoundSet:
    """Return the set after rounds that closed at these places."""
    set_ = NO_SET
    for number, place in enumerate(places):
        set_ = set_.with_round(
            round_of(f"r{number}"), RoundClosed(f"r{number}", "done", set_place=place), 100
        )
    return set_


def test_five_rounds_are_a_set_and_the_next_begins_another() -> None:
    set_ = NO_SET
    for place in (1, 2, 3, 4, 5, 1, 2):
        assert set_.next_place(100) == place
        set_ = set_.with_round(round_of("r"), RoundClosed("r", "done", set_place=place), 100)
    assert len(set_.rounds) == 2


def test_a_round_that_counts_for_none_changes_nothing_and_a_long_rest_ends_a_set() -> None:
    assert [each.round for each in played(1, 0, 2).rounds] == ["r0", "r2"]
    assert played(1, 2).next_place(100 + SET_PAUSE_MS) == 3
    assert played(1, 2).next_place(101 + SET_PAUSE_MS) == 1


def test_the_line_is_what_most_voices_liked_in_the_set_and_is_there() -> None:
    set_ = played(1, 2).with_like("a", "r0", "x").with_like("a", "r0", "x").with_like("b", "r1", "x")
    set_ = set_.with_like("b", "r1", "y").with_like("c", "other", "x")
    for voice in "xyz":
        set_ = set_.with_like("c", "other", voice)

    assert set_.liked_best("r2", lambda _: True) == "b"
    assert set_.liked_best("r2", lambda clip: clip != "b") == "a"
    assert set_.without("b").liked_best("r2", lambda _: True) == "a"
    assert NO_SET.liked_best("r2", lambda _: True) == ""
    assert set_.with_round(round_of("r2"), RoundClosed("r2", "done", set_place=1), 9).liked == {}


def test_who_was_not_staged_is_remembered_until_they_are() -> None:
    first = round_of("r", "a", "b", "c")
    vote = TurnGiven("r", 2, "Vote", 1, 2, act="vote", clips=("r-a",))
    set_ = NO_SET.with_stage(first, vote)
    assert set_.missed == ("b", "c")
    assert set_.with_stage(first, TurnGiven("r", 1, "?", 1, 2)) == set_

    second = round_of("s", "b", "d")
    vote = TurnGiven("s", 2, "Vote", 1, 2, act="vote", clips=("s-b",))
    assert set_.with_stage(second, vote).missed == ("d", "c")


def test_nothing_of_it_grows_without_bound() -> None:
    set_ = played(1)
    for number in range(LIKED_TAKES + 50):
        set_ = set_.with_like(f"c{number}", "r0", "x")
    for number in range(LIKERS_KEPT + 50):
        set_ = set_.with_like("best", "r0", f"v{number}")
    assert len(set_.liked) == LIKED_TAKES
    assert len(set_.liked["best"].voices) == LIKERS_KEPT

    crowd = round_of("r", *(f"v{number}" for number in range(MISSED_KEPT + 20)))
    vote = TurnGiven("r", 2, "Vote", 1, 2, act="vote", clips=("r-v0",))
    assert len(set_.with_stage(crowd, vote).missed) == MISSED_KEPT
    assert len(played(*range(1, SET_ROUNDS + 1)).rounds) == SET_ROUNDS


@pytest.mark.parametrize("emoji", ["❤️", "❤", "😂", "👏", "👏🏽", "🔥"])
def test_a_heart_a_laugh_or_applause_likes_a_line(emoji: str) -> None:
    assert is_praise(emoji)
    assert liked_by(emoji) == (BELA.id,)


@pytest.mark.parametrize("emoji", ["👎", "😴", "🤮", "🥔", "💩", "👎🏽", ""])
def test_any_other_emoji_makes_no_line_the_best_one(emoji: str) -> None:
    assert not is_praise(emoji)
    assert not emoji or liked_by(emoji) == ()


def liked_by(emoji: str) -> tuple[str, ...]:
    """Return who likes a take by what Bela says to it, and to an event beside it."""
    room = PureRoom()
    room.do(Throw(), ANNA)
    room.land("a", ANNA)
    room.do(React("a", emoji), BELA)
    room.do(React(str(room.state.head), "❤️"), CLEO)
    liked = room.state.set_rounds.liked
    return liked["a"].voices if "a" in liked else ()


def evening() -> PureRoom:
    """Four rounds; two liked a line of the second, and one laughed at her own all the time."""
    room = PureRoom()
    for number in range(4):
        room.do(Throw(), ANNA)
        room.land(f"a{number}", ANNA)
        room.land(f"b{number}", BELA)
        for _ in range(3):
            room.do(React(f"b{number}", "😂"), BELA)
        round_ = room.state.round
        assert round_ is not None
        if number == 1:
            room.do(Vote(round_.id, "a1", 1), BELA)
            room.do(React("a1", "😂"), BELA)
            room.do(React("a1", "😂"), CLEO)
        elif number == 2:
            room.do(React("b2", "😂"), DORA)
        room.do(RoundStop(), ANNA)
    return room


def test_the_fifth_round_has_the_line_of_the_evening_and_only_that_one() -> None:
    room = evening()
    assert [(end.set_place, end.line) for end in room.closings()] == [(1, ""), (2, ""), (3, ""), (4, "")]
    room.do(Throw(), ANNA)
    room.land("a4", ANNA)
    room.restart()
    room.do(RoundStop(), ANNA)

    assert (room.closings()[-1].set_place, room.closings()[-1].line) == (5, "a1")


def test_a_line_that_was_taken_back_is_no_line() -> None:
    room = evening()
    room.do(Forget("a1"), ANNA)
    room.do(Throw(), ANNA)
    room.land("a4", ANNA)
    room.do(RoundStop(), ANNA)

    assert room.closings()[-1].line == "b2"


def test_a_round_in_which_nobody_spoke_counts_for_none() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    room.do(Throw(), ANNA)

    assert [end.set_place for end in room.closings()] == [0]


def test_the_fifth_round_that_a_room_begins_by_itself_is_for_all() -> None:
    for seed in range(30):
        room = PureRoom("language", seed=seed)
        for number in range(4):
            room.do(RoundStart("five_likenesses"), ANNA)
            room.land(f"c{number}", ANNA)
            room.pass_time()
        assert room.pass_time(speakers=(ANNA.id, BELA.id, CLEO.id))
        assert room.turn().voice is None
        assert not room.turn().voices


def test_ten_keys_of_one_network_like_a_line_once() -> None:
    room = PureRoom()
    keys = [Voice(f"key-{at}", "Odd", "#000000") for at in range(10)]
    room.here = room.speakers = [voice.id for voice in (ANNA, BELA, CLEO, *keys)]
    room.networks = {ANNA.id: "a", BELA.id: "b", CLEO.id: "c"} | {key.id: "one" for key in keys}
    room.do(Throw(), ANNA)
    room.land("loved", ANNA)
    room.land("pushed", keys[0])
    for voice in (BELA, CLEO):
        room.do(React("loved", "😂"), voice)
    for key in keys[1:]:
        room.do(React("pushed", "😂"), key)
    liked = room.state.set_rounds.liked
    assert liked["loved"].voices == ("b", "c")
    assert liked["pushed"].voices == ("one",)
    seen = [view(event, CLEO.id).data for event in room.events]
    assert all(fact.seat == "" for fact in seen if isinstance(fact, ReactionGiven))
