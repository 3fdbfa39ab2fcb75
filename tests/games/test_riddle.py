from __future__ import annotations

import pytest

from games.pace import WORDS_WAIT_MS
from games.round import RoleGiven, RoundRevealed
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


def test_the_end_waits_for_a_guess_that_is_not_known_yet() -> None:
    played = Played("same_line", "a", "b", "c", card='"The soup is ready." Greedy.')
    played.say("a")
    played.say("b", "in love")
    played.room.now_ms = played.turn.closes_at_ms + 1_000
    played.land("c")
    landed_ms = played.now_ms

    shown = played.wait()
    assert {type(fact) for fact in shown} == {RoundRevealed}
    assert played.room.due() == landed_ms + WORDS_WAIT_MS
    assert played.caption("c3", "greedy?") == ["guessed"]
    assert played.closed is not None
    assert played.codes() == ["guessed"]


@pytest.mark.parametrize(("guess", "code"), [("greedy?", "guessed"), ("in love", "fooled")])
def test_a_guess_that_is_known_after_the_end_has_its_verdict_all_the_same(guess: str, code: str) -> None:
    played = Played("same_line", "a", "b", card='"The soup is ready." Greedy.')
    played.say("a")
    played.land("b")
    while played.closed is None:
        played.wait()
    assert played.codes() == ["unheard"]

    assert played.caption("c2", guess) == [code]
    assert played.caption("c1", "the soup is ready") == []


def test_nobody_waits_for_guesses_that_are_not_judged() -> None:
    played = Played("same_line", "a", "b", card='"The soup is ready." Greedy.', scored=False)
    played.say("a")
    played.room.now_ms = played.turn.closes_at_ms + 1_000
    played.land("b")
    played.wait()

    assert played.closed is not None


def test_who_heard_the_guesses_of_others_guesses_no_more() -> None:
    played = Played("same_line", "a", "b", "c", card='"The soup is ready." Greedy.')
    played.say("a")
    played.room.now_ms = played.turn.closes_at_ms + 1_000
    played.land("b")
    played.wait()
    assert not any(take.hidden for take in played.round.takes)

    with pytest.raises(AssertionError, match="not their turn"):
        played.land("c")


def test_a_riddle_that_nobody_solved_was_good() -> None:
    played = Played("same_line", "a", "b", card='"The soup is ready." Greedy.')
    played.say("a")
    played.say("b", "in love")
    played.wait()

    assert played.codes() == ["fooled"]


def judged(*thumbs: tuple[str, str, int]) -> Played:
    """A riddle that two guessed in a room where nobody knows words, and who says what of the guesses."""
    played = Played("same_line", "a", "b", "c", card='"The soup is ready." Greedy.', captions=False)
    played.say("a")
    played.land("b")
    played.land("c")
    while played.turn.act != "vote":
        played.wait()
    assert (played.turn.role, played.turn.clips) == ("judge", ("c2", "c3"))
    for vote in thumbs:
        played.vote(*vote)
    while played.closed is None:
        played.wait()
    return played


@pytest.mark.parametrize(
    ("thumbs", "codes", "winners"),
    [
        ([("a", "c3", 1)], ["guessed"], ("c3",)),
        ([("a", "c2", -1), ("a", "c3", -1)], ["fooled"], ("c1",)),
        ([("b", "c3", 1), ("c", "c2", 1)], ["unheard"], ()),
        ([], ["unheard"], ()),
    ],
)
def test_where_nobody_knows_the_words_the_tellers_thumb_tells(
    thumbs: list[tuple[str, str, int]], codes: list[str], winners: tuple[str, ...]
) -> None:
    played = judged(*thumbs)

    assert played.codes() == codes
    assert played.closed is not None
    assert (played.closed.ending, played.closed.answer, played.closed.winners) == (
        "secrets",
        "Greedy",
        winners,
    )
    assert [(secret.voice, secret.text) for secret in played.closed.secrets] == [("a", "Greedy")]


def test_a_teller_who_left_is_not_asked() -> None:
    played = Played("same_line", "a", "b", card='"The soup is ready." Greedy.', captions=False)
    played.say("a")
    played.land("b")
    played.leave_only("b")
    while played.closed is None:
        played.wait()

    assert all(turn.act != "vote" for turn in played.round.turns)
