from __future__ import annotations

from tests.support.play import Played


def test_luck_and_bad_luck_take_turns() -> None:
    played = Played("fortunately", "a", "b")

    assert played.turn.prompt.endswith("Fortunately …")
    assert played.say("a", "Fortunately, the goat could swim.") == []
    assert played.turn.prompt == "Unfortunately …"
    assert played.say("b", "Well, unfortunately it was a stone.") == []
    assert played.say("a", "Unfortunately again") == ["start_with"]
    assert played.say("b", "Unfortunately " + "very " * 16) == ["too_wordy"]


def test_german_luck_counts() -> None:
    played = Played("fortunately", "a", language="de")

    assert played.say("a", "Zum Glück kam ein Bus.") == []
    assert played.say("a", "Leider ohne Fahrer.") == []


def test_a_line_is_judged_by_what_was_asked_also_when_the_one_before_was_taken_back() -> None:
    played = Played("fortunately", "a", "b")
    played.say("a")
    played.land("b")
    played.take_back("c1")

    assert played.caption("c2", "Unfortunately it rained.") == []
