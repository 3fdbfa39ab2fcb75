from __future__ import annotations

import pytest
from msgspec.structs import replace

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
    captioned,
    is_beyond_words,
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


ONE_WORD = apply(ROUND, TurnGiven("r", 1, "?", 1, 2, max_words=1))
LINE = apply(ROUND, TurnGiven("r", 1, "?", 1, 2))
TAKE = Take("c", "a", 1, 500, 0, 0)


@pytest.mark.parametrize(
    ("round_", "language", "changes", "text", "uncertain"),
    [
        (ONE_WORD, "en", {}, "rain", False),
        (ONE_WORD, "en", {"masked": True}, "rain", True),
        (LINE, "en", {"masked": True}, "rain again", False),
        (ONE_WORD, "de", {}, "Regen", True),
        (LINE, "de", {}, "Regen", True),
        (LINE, "de", {"masked": True}, "Regen und Wind", False),
        (ONE_WORD, "de", {"written": True, "masked": True}, "Regen", False),
    ],
)
def test_single_words_through_a_mask_or_in_german_are_shown_and_never_gone_by(
    round_: Round, language: str, changes: dict[str, bool], text: str, uncertain: bool
) -> None:
    words = tuple(text.lower().split())
    take = replace(TAKE, **changes)
    said = captioned(landed(round_, take), "c", text, words, language).takes[0]

    assert (said.text, said.words) == (text, () if uncertain else words)
    assert said.is_worded is not uncertain
    assert is_beyond_words(round_, replace(take, words=words), language) is uncertain


def test_a_take_in_which_no_words_are_heard_has_a_text_and_no_words() -> None:
    said = captioned(landed(LINE, TAKE), "c", "", (), "en").takes[0]
    assert (said.text, said.words, said.is_worded) == ("", (), False)
    assert captioned(LINE, "other", "words", ("words",), "en") == LINE
