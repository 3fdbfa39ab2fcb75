from __future__ import annotations

from games.round import RoleGiven
from tests.support.play import Played


def test_the_teller_alone_is_told_and_the_others_guess_in_hiding() -> None:
    played = Played("same_line", "a", "b", card='"The soup is ready." Deeply suspicious.')
    told = [fact for fact in played.facts if isinstance(fact, RoleGiven)]

    assert [(role.voice, role.text) for role in told] == [("a", "Deeply suspicious")]
    played.say("a")
    assert (played.turn.act, played.turn.hidden, played.turn.besides) == ("guess", True, "a")
    assert not played.turn.is_for("a")
    assert played.turn.is_for("somebody who has just come")


def test_nothing_told_is_nothing_to_guess() -> None:
    played = Played("same_line", "a", "b", card='"The soup is ready." Greedy.')
    played.wait()

    assert played.closed is not None
    assert played.closed.answer == "Greedy"


def test_a_riddle_that_nobody_solved_was_good() -> None:
    played = Played("same_line", "a", "b", card='"The soup is ready." Greedy.')
    played.say("a")
    played.say("b", "in love")
    played.wait()

    assert played.codes() == ["fooled"]
