from __future__ import annotations

import pytest

from games.pace import QUIET_GRACE_MS, WORDS_WAIT_MS
from games.round import ChallengeMade, VoteCast
from tests.support.play import Played, codes


def test_pauses_and_words_said_twice_are_heard_those_of_the_subject_are_free() -> None:
    played = Played("just_ten_seconds", "a", "b", card="an old garden hose")

    assert played.say("a", "A garden hose in a garden is a green snake") == []
    played.wait()
    assert played.say("b", "Water comes out, water everywhere", gap_ms=900) == ["hesitated", "repeat"]


def test_each_talk_is_heard_before_the_next_and_a_right_challenger_talks_then() -> None:
    played = Played("just_ten_seconds", "a", "b", "c")
    played.say("a", "fine talk", duration_ms=7_000)
    assert (played.turn.act, played.turn.closes_at_ms - played.turn.go_at_ms) == ("listen", 8_500)
    played.vote("c", "c1", -1)
    played.wait()
    assert (played.turn.act, played.turn.voice) == ("speak", "b")

    played.say("b", gap_ms=900)
    played.vote("a", "c2", -1)
    played.wait()
    assert (played.turn.act, played.turn.voice) == ("speak", "a")

    while played.closed is None:
        played.wait()
    assert sorted(played.codes()) == ["challenge_right", "challenge_wrong", "hesitated"]


def challenged(*voices: str) -> Played:
    """A talk that was challenged and is over, but for its words."""
    played = Played("just_ten_seconds", "a", "b", "c", "d")
    played.land("a", duration_ms=300)
    for voice in voices:
        played.vote(voice, "c1", -1)
    return played


def test_a_challenged_talk_waits_for_its_words_and_who_is_right_talks_next() -> None:
    played = challenged("d")
    landed_ms = played.now_ms
    assert played.room.due() == landed_ms + WORDS_WAIT_MS

    assert played.caption("c1", "water here, water there") == ["repeat"]
    played.wait()
    assert played.now_ms < landed_ms + WORDS_WAIT_MS
    assert (played.turn.act, played.turn.voice) == ("speak", "d")


def test_a_talk_that_nobody_challenged_waits_for_nothing() -> None:
    played = challenged()

    assert played.room.due() == played.turn.closes_at_ms + QUIET_GRACE_MS["snap"]


@pytest.mark.parametrize(("rivals", "talks_next"), [("d", "b"), ("dc", "d")])
def test_where_nobody_knows_the_words_two_more_ears_decide(rivals: str, talks_next: str) -> None:
    played = challenged(*rivals)
    played.wait()

    assert (played.turn.act, played.turn.voice) == ("speak", talks_next)


def test_where_nobody_knows_the_words_and_no_others_say_so_a_challenge_lapses() -> None:
    played = challenged("d")
    while played.closed is None:
        played.wait()
    assert played.codes() == []

    assert played.caption("c1", "water here, water there") == ["repeat"]


def test_who_was_found_in_the_right_by_the_others_is_at_no_fault_later() -> None:
    played = challenged("d")
    for voice in "bc":
        played.vote(voice, "c1", 1)
    assert played.codes() == []
    played.wait()
    assert played.codes() == ["challenge_outvoted"]

    assert played.caption("c1", "water here, water there") == []


def test_a_challenge_is_told_at_once_with_its_maker_and_judged_when_the_talk_was_heard() -> None:
    played = Played("just_ten_seconds", "a", "b", "c")
    played.say("a", "fine talk")
    made = [fact for fact in played.vote("c", "c1", -1) if not isinstance(fact, VoteCast)]
    assert made == [ChallengeMade(played.round.id, "c1", "c")]

    played.wait()
    assert played.codes() == ["challenge_wrong"]
    assert codes(played.vote("b", "c1", -1)) == []


def test_a_challenge_that_comes_after_the_pause_is_judged_at_once_or_never() -> None:
    known, deaf = (
        Played("just_ten_seconds", "a", "b", "c"),
        Played("just_ten_seconds", "a", "b", "c", captions=False),
    )
    known.say("a", "water here, water there")
    known.wait()
    deaf.say("a")
    deaf.wait()

    assert codes(known.vote("c", "c1", -1)) == ["challenge_right"]
    assert codes(deaf.vote("c", "c1", -1)) == []
    while deaf.closed is None:
        deaf.wait()
    assert deaf.codes() == []
