from __future__ import annotations

from tests.support.play import Played


def test_lines_hang_together_by_ear() -> None:
    played = Played("last_word_first", "a", "b", card="night")

    assert played.say("a", "Night is when the bakers write") == []
    assert played.turn.prompt == "Begin with: “write”"
    assert played.say("b", "Right is not my favourite side") == []
    assert played.say("a", "Cheese is late") == ["start_with"]


def test_without_captions_the_ear_alone_decides() -> None:
    played = Played("last_word_first", "a", "b", captions=False)
    played.say("a")

    assert "heard" in played.turn.prompt
    assert played.say("b", "anything") == []


def test_a_line_that_was_taken_back_is_not_held_against_the_next() -> None:
    played = Played("last_word_first", "a", "b", "c", card="night")
    played.say("a", "night and day")
    played.say("b")
    played.land("c")
    played.take_back("c2")

    assert played.caption("c3", "cheese is late") == []


def test_after_a_silent_turn_the_word_stands() -> None:
    played = Played("last_word_first", "a", "b", "c", card="night")
    played.say("a", "night and day")
    played.wait()
    assert (played.turn.voice, played.turn.prompt) == ("c", "Begin with: “day”")

    assert played.say("c", "cheese is late") == ["start_with"]
