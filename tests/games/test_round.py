from __future__ import annotations

from games.round import (
    ChallengeMade,
    Round,
    RoundClosed,
    RoundJoined,
    RoundOpened,
    Take,
    TurnGiven,
    VerdictGiven,
    VoteCast,
    apply,
    landed,
    opened,
)

ROUND = opened(RoundOpened("r", "g", "snap", None, ("a",)), 5)


def test_a_round_begins_as_it_was_opened() -> None:
    assert Round("r", "g", "snap", 5, None, ("a",), heard_at_ms=5) == ROUND
    assert ROUND.turn is None


def test_facts_gather_in_order() -> None:
    round_ = ROUND
    for fact in (
        RoundJoined("r", "b"),
        RoundJoined("r", "b"),
        TurnGiven("r", 1, "?", 1, 2),
        TurnGiven("r", 2, "?", 3, 4),
        VoteCast("r", "c", 1, "b"),
        ChallengeMade("r", "c", "b"),
        VerdictGiven("r", "c", "too_long", "!"),
        RoundClosed("r", "done"),
    ):
        round_ = apply(round_, fact)

    assert round_.players == ("a", "b")
    assert round_.turn == TurnGiven("r", 2, "?", 3, 4)
    assert (len(round_.votes), len(round_.verdicts), len(round_.challenges)) == (1, 1, 1)
    assert round_.closed == "done"


def test_facts_of_another_round_change_nothing() -> None:
    assert apply(ROUND, TurnGiven("other", 1, "?", 1, 2)) == ROUND


def test_takes_are_found_by_their_turn() -> None:
    first, second = Take("c1", "a", 1, 900, 0, 0), Take("c2", "b", 2, 900, 0, 0)
    round_ = landed(landed(ROUND, first), second)

    assert round_.takes == (first, second)
    assert round_.takes_of(2) == (second,)
