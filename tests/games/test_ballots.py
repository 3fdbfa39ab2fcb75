"""Votes count by seats."""

from __future__ import annotations

from games.ballots import balance, ballots
from games.round import VoteCast


def test_votes_of_one_seat_count_as_one_the_last_of_them() -> None:
    votes = [
        VoteCast("r", "c", -1, "a", "n1"),
        VoteCast("r", "c", -1, "b", "n1"),
        VoteCast("r", "c", 5, "c"),
        VoteCast("r", "d", 2, "a", "n1"),
    ]
    assert ballots(votes) == {("c", "n1"): -1, ("c", "c"): 5, ("d", "n1"): 2}
    assert balance(votes, "c") == 0
    assert balance(votes, "c", "d") == 2
