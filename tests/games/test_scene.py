from __future__ import annotations

from itertools import pairwise

from games.round import RoleGiven
from games.scene import TWIST_EVERY_MS
from tests.support.play import Played


def test_players_are_told_who_they_are_newcomers_too() -> None:
    played = Played("scene", "a", "b")
    roles = [fact for fact in played.facts if isinstance(fact, RoleGiven)]
    _, late = played.join("c")

    assert [role.voice for role in roles] == ["a", "b"]
    assert isinstance(late, RoleGiven)
    assert len({role.role for role in (*roles, late)}) == 3
    assert all(role.text for role in roles)


def test_the_narrator_throws_something_in_and_all_of_it_is_one_piece() -> None:
    played = Played("scene", "a", "b")
    while played.closed is None:
        played.say(played.turn.voice or "", duration_ms=6_000)

    twists = [turn.go_at_ms for turn in played.round.turns if turn.role == "twist"]
    assert twists
    assert all(b - a >= TWIST_EVERY_MS for a, b in pairwise(twists))
    assert len(played.closed.replay) == 10
