from __future__ import annotations

from games.round import VoteCast
from tests.support.play import Played


def test_pauses_and_words_said_twice_are_heard_those_of_the_subject_are_free() -> None:
    played = Played("just_ten_seconds", "a", "b", card="an old garden hose")

    assert played.say("a", "A garden hose in a garden is a green snake") == []
    assert played.say("b", "Water comes out, water everywhere", gap_ms=900) == ["hesitated", "repeat"]


def test_a_right_challenger_talks_next_and_challenges_are_decided_at_the_end() -> None:
    played = Played("just_ten_seconds", "a", "b", "c")
    played.say("a", "fine talk")
    played.vote(VoteCast("r", "c1", -1, "c"))
    played.say("b", gap_ms=900)
    played.vote(VoteCast("r", "c2", -1, "c"))
    played.wait()
    played.wait()

    assert sorted(played.codes()) == ["challenge_right", "challenge_wrong", "hesitated"]
