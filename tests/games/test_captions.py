"""Words that are heard in takes: which are gone by, and which are only shown."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from games.captions import captioned, is_beyond_words, revealed
from games.round import RevealedTake, Round, RoundOpened, Take, TurnGiven, apply, landed, opened

ROUND = opened(RoundOpened("r", "g", "snap", None, ("a",)), 5)
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


def test_a_take_that_is_met_at_its_reveal_has_its_words() -> None:
    heard = RevealedTake("c", "a", 1, 500, masked=True, text="rain")
    (take,) = revealed(LINE, heard, "en").takes
    assert (take.clip, take.masked, take.words) == ("c", True, ("rain",))
    assert revealed(ONE_WORD, heard, "en").takes[0].words == ()
    assert revealed(LINE, replace(heard, text=None), "en").takes[0].words is None
