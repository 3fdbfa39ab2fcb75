from __future__ import annotations

from tests.support.play import Played


def test_the_comparison_waits_for_the_last_line() -> None:
    played = Played("yes_and", "a", "b")
    for voice in "abababa":
        played.say(voice, "Yes, but no.")
    played.land("b")
    assert played.room.state.round is not None

    assert played.caption("c8", "Yes, and more.") == ["blocks"]
    assert played.closed is not None


def test_the_comparison_comes_after_the_end_when_a_line_is_known_then_only() -> None:
    played = Played("yes_and", "a", "b")
    played.land("a")
    for voice in "bababab":
        played.say(voice, "Yes, but no.")
    assert played.closed is not None
    assert "blocks" not in played.codes()

    assert played.caption("c1", "Yes, but no.") == ["blocks"]


def test_four_lines_block_and_four_build() -> None:
    played = Played("yes_and", "a", "b")
    for _ in range(2):
        assert played.say("a", "Yes, but it is far.") == []
        assert played.say("b", "Yeah but we have no bus.") == []
    assert "Yes, and" in played.turn.prompt
    assert played.say("a", "No.") == ["start_with"]
    for voice in "bab":
        played.say(voice, "Yes, and we sing.")

    assert played.closed is not None
    assert played.verdicts()[-1].code == "blocks"
    assert "4" in played.verdicts()[-1].text
    assert "3" in played.verdicts()[-1].text


def test_a_line_is_judged_by_what_was_asked_also_when_one_before_was_taken_back() -> None:
    played = Played("yes_and", "a", "b")
    for voice in "abab":
        played.say(voice, "Yes, but no.")
    played.land("a")
    played.take_back("c1")

    assert played.caption("c5", "Yes, and more.") == []
