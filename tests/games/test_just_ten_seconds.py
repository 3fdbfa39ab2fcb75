from __future__ import annotations

from tests.support.play import Played


def test_pauses_and_words_said_twice_are_heard_those_of_the_subject_are_free() -> None:
    played = Played("just_ten_seconds", "a", "b", card="an old garden hose")

    assert played.say("a", "A garden hose in a garden is a green snake") == []
    played.wait()
    assert played.say("b", "Water comes out, water everywhere", gap_ms=900) == ["hesitated", "repeat"]


def test_each_talk_is_heard_before_the_next_and_a_right_challenger_talks_then() -> None:
    played = Played("just_ten_seconds", "a", "b", "c")
    played.say("a", "fine talk", duration_ms=7_000)
    assert (played.turn.act, played.turn.closes_at_ms - played.turn.go_at_ms) == ("listen", 7_000)
    played.vote("c", "c1", -1)
    played.wait()
    assert (played.turn.act, played.turn.voice) == ("speak", "b")

    played.say("b", gap_ms=900)
    played.vote("a", "c2", -1)
    played.wait()
    assert (played.turn.act, played.turn.voice) == ("speak", "a")

    played.wait()
    played.wait()
    assert sorted(played.codes()) == ["challenge_right", "challenge_wrong", "hesitated"]
