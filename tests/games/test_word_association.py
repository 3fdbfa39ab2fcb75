from __future__ import annotations

from games.game import BREATH_MS, CLIP_TAIL_MS
from games.word_association import WordAssociation
from tests.support.play import Played


def test_it_begins_with_a_word_for_the_first_player() -> None:
    assert Played("word_association", "a", "b").turn.voice == "a"
    assert Played("word_association").turn.voice is None
    assert Played("word_association", card="umbrella").turn.prompt == "umbrella"


def test_the_next_turn_comes_after_the_word_was_heard() -> None:
    played = Played("word_association", "a", "b", captions=False)
    played.say("a", duration_ms=700)

    assert (played.turn.voice, played.turn.go_at_ms) == (
        "b",
        played.now_ms + 700 - CLIP_TAIL_MS + BREATH_MS["snap"],
    )
    assert "heard" in played.turn.prompt


def test_a_captioned_word_is_the_next_prompt() -> None:
    played = Played("word_association", "a")
    played.say("a", "rain")

    assert played.turn.prompt == "rain"


def test_a_speech_and_a_word_that_came_before_are_teased() -> None:
    played = Played("word_association", "a", "b")

    assert played.say("a", duration_ms=4_000) == ["too_long"]
    assert played.say("b", "rain") == []
    assert played.say("a", "rain") == ["repeat"]
    assert played.say("b", "two words") == ["word_count"]


def test_the_chain_ends_when_it_is_long_enough() -> None:
    played = Played("word_association", "a")
    for _ in range(WordAssociation.takes):
        played.say("a")

    assert played.closed is not None
    assert len(played.closed.takes) == WordAssociation.takes


def test_a_silent_turn_moves_on_and_two_end_it() -> None:
    played = Played("word_association", "a", "b", card="umbrella")
    played.wait()

    assert (played.turn.voice, played.turn.prompt) == ("b", "umbrella")
    played.wait()
    assert played.closed is not None
    assert played.closed.reason == "silent"


def test_who_has_left_is_passed_over() -> None:
    played = Played("word_association", "a", "b", "c")
    played.leave_only("a", "c")
    played.wait()

    assert played.turn.voice == "c"


def test_a_word_that_is_known_late_makes_the_later_one_the_repeat() -> None:
    played = Played("word_association", "a", "b")
    played.say("a")
    assert played.say("b", "rain") == []

    assert played.caption("c1", "rain") == ["repeat"]
    assert [verdict.clip for verdict in played.verdicts()] == ["c2"]
