from __future__ import annotations

from games.forgotten import repeated, without
from games.round import Prompt, RoundOpened, Take, TurnGiven, VerdictGiven, apply, landed, opened

ROUND = landed(
    opened(RoundOpened("r", "g", "snap", Prompt("p", "An old hat"), ("a",)), 5),
    Take("c1", "a", 1, 900, 0, 0, words=("a", "green", "umbrella"), text="a green umbrella"),
)
ASKED = TurnGiven("r", 2, "Begin with: umbrella", 1, 2)
JUDGED = VerdictGiven("r", "c2", "repeat", "Umbrella was there.")


def test_what_repeats_a_telling_word_or_the_prompt_is_found() -> None:
    assert repeated(ROUND, ASKED) == ["c1"]
    assert repeated(ROUND, TurnGiven("r", 2, "An old hat, again", 1, 2)) == ["p"]
    assert repeated(ROUND, TurnGiven("r", 2, "a", 1, 2)) == []
    assert repeated(ROUND, JUDGED) == ["c1", "c2"]


def test_a_take_goes_with_all_that_repeats_it() -> None:
    round_ = without(apply(apply(ROUND, ASKED), JUDGED), "c1")

    assert (round_.takes, round_.verdicts) == ((), ())
    assert [turn.prompt for turn in round_.turns] == [""]
    assert without(ROUND, "p").prompt == Prompt("", "")
