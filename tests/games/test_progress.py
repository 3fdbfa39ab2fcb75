from __future__ import annotations

from games.progress import folded, is_complete, is_shown, is_taken, number, untold, unworded
from games.round import RoundOpened, Take, TurnGiven, VerdictGiven, landed, opened

ROUND = opened(RoundOpened("r", "g", "snap"), 5)
TURN = TurnGiven("r", 1, "?", 10, 20, voices=("a", "b"))
FAULT = VerdictGiven("r", "c1", "late", "Too late.")


def test_a_turn_is_complete_when_all_whose_it_is_have_spoken() -> None:
    round_ = folded(ROUND, [TURN])
    assert (number(ROUND), number(round_)) == (1, 2)
    assert not is_complete(ROUND)
    assert not is_taken(round_)
    one = landed(round_, Take("c1", "a", 1, 900, 0, 0))
    assert is_taken(one)
    assert not is_complete(one)
    assert is_complete(landed(one, Take("c2", "b", 1, 900, 0, 0)))
    for_all = folded(ROUND, [TurnGiven("r", 1, "?", 10, 20)])
    assert not is_complete(landed(for_all, Take("c1", "a", 1, 900, 0, 0))), "time alone ends it"


def test_a_hidden_turn_is_shown_when_none_of_its_takes_is_hidden() -> None:
    round_ = folded(ROUND, [TurnGiven("r", 1, "?", 10, 20, hidden=True)])
    assert not is_shown(round_)
    assert not is_shown(landed(round_, Take("c1", "a", 1, 900, 0, 0, hidden=True)))
    assert is_shown(landed(round_, Take("c1", "a", 1, 900, 0, 0)))


def test_a_verdict_is_told_once() -> None:
    other = VerdictGiven("r", "c1", "repeat", "Again.")
    assert untold(folded(ROUND, [FAULT]), [FAULT, other, other, TURN]) == [other, TURN]


def test_takes_are_without_words_until_they_are_known() -> None:
    unknown, known = Take("c1", "a", 1, 900, 0, 0), Take("c2", "b", 1, 900, 0, 0, words=("moss",))
    assert unworded([unknown, known]) == (unknown,)
