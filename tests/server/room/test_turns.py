from __future__ import annotations

import pytest

from games.round import HelpGiven, RoundClosed, RoundLeft, TurnGiven, TurnPassed
from server.room.commands import Refused, RoundJoin, RoundLeave, RoundStart, TurnHelp, TurnPass
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom


def chain(*voices: str, game: str = "word_association", kind: str = "wonder") -> PureRoom:
    room = PureRoom(kind)
    room.here = room.speakers = [ANNA.id, BELA.id, CLEO.id]
    room.do(RoundStart(game), ANNA)
    for voice in (BELA, CLEO):
        if room.state.round is not None and voice.id not in room.state.round.players:
            room.do(RoundJoin(), voice)
    room.now_ms = room.turn().go_at_ms + 100
    return room


def test_who_passes_hands_the_turn_on_at_once() -> None:
    room = chain()
    facts = room.do(TurnPass(), ANNA)

    assert facts[0] == TurnPassed(room.turn().round, 1, ANNA.id)
    assert isinstance(facts[1], TurnGiven)
    assert facts[1].voice not in {None, ANNA.id}


def test_nobody_passes_anothers_turn_or_one_that_is_used() -> None:
    room = chain()
    with pytest.raises(Refused, match="not your turn"):
        room.do(TurnPass(), BELA)
    room.land("one", ANNA)
    with pytest.raises(Refused, match="not your turn"):
        room.do(TurnPass(), ANNA)


def test_a_word_is_given_once_and_late_in_the_window() -> None:
    room = chain()
    turn = room.turn()
    with pytest.raises(Refused, match="in a moment"):
        room.do(TurnHelp(), ANNA)
    room.now_ms = turn.go_at_ms + round((turn.closes_at_ms - turn.go_at_ms) * 0.6)
    given = room.do(TurnHelp(), ANNA)
    assert [type(fact) for fact in given] == [HelpGiven]
    with pytest.raises(Refused, match="had a word"):
        room.do(TurnHelp(), ANNA)


def test_who_leaves_has_no_more_turns_and_the_round_goes_on() -> None:
    room = chain()
    facts = room.do(RoundLeave(), ANNA)

    assert facts[0] == RoundLeft(room.turn().round, ANNA.id, "out")
    assert isinstance(facts[1], TurnGiven)
    assert room.state.round is not None
    assert ANNA.id not in room.state.round.players
    with pytest.raises(Refused, match="not in this round"):
        room.do(RoundLeave(), ANNA)


def test_who_left_may_join_again() -> None:
    room = chain()
    room.do(RoundLeave(), ANNA)
    room.do(RoundJoin(), ANNA)

    assert room.state.round is not None
    assert room.state.round.players[-1] == ANNA.id
    assert room.state.round.left == ()


def test_a_duel_ends_when_one_leaves() -> None:
    room = chain(game="insult_duel", kind="arena")
    (closed,) = room.do(RoundLeave(), BELA)

    assert isinstance(closed, RoundClosed)
    assert closed.reason == "stopped"
