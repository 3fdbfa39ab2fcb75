from __future__ import annotations

from games.pace import (
    HALF_VOTED_MS,
    LONE_GRACE_MS,
    QUIET_GRACE_MS,
    SPEAKING_GRACE_MS,
    VOTED_MS,
    done_in,
    is_asleep,
    is_unjudged,
    turn_ends_ms,
    votes_end_ms,
)
from games.round import (
    Round,
    RoundJoined,
    RoundOpened,
    Take,
    TurnGiven,
    TurnPassed,
    VoteCast,
    apply,
    landed,
    opened,
    voted,
)

OPENED = opened(RoundOpened("r", "g", "snap", None, ("a", "b")), 5)
BALLOT = TurnGiven("r", 2, "?", 1_000, 20_000, act="vote")


def with_votes(*votes: tuple[str, int]) -> Round:
    round_ = OPENED
    for voice, at_ms in votes:
        round_ = voted(round_, VoteCast("r", "c", 1, voice), at_ms)
    return round_


def test_a_turn_waits_shortly_for_a_wish_to_speak_and_long_for_a_take() -> None:
    lone, everybody = TurnGiven("r", 1, "?", 0, 5_000, "a"), TurnGiven("r", 1, "?", 0, 5_000)

    assert turn_ends_ms(lone, speaking=False) == 5_000 + LONE_GRACE_MS
    assert turn_ends_ms(everybody, speaking=False) == 5_000 + QUIET_GRACE_MS["snap"]
    assert turn_ends_ms(lone, speaking=False, tempo="slow") == 5_000 + QUIET_GRACE_MS["slow"]
    assert turn_ends_ms(lone, speaking=True, pace=2.0) == 10_000 + SPEAKING_GRACE_MS


def test_a_vote_ends_with_its_last_voter_or_some_time_after_half_of_them() -> None:
    four = {"a", "b", "c", "d"}

    assert votes_end_ms(with_votes(), BALLOT, four) == 20_000
    assert votes_end_ms(with_votes(("a", 2_000)), BALLOT, four) == 20_000
    assert votes_end_ms(with_votes(("a", 2_000), ("b", 3_000)), BALLOT, four) == 3_000 + HALF_VOTED_MS
    assert votes_end_ms(with_votes(("a", 2_000), ("b", 3_000)), BALLOT, {"a", "b"}) == 3_000 + VOTED_MS
    assert votes_end_ms(with_votes(("a", 500), ("b", 3_000)), BALLOT, {"a", "b"}) == 3_000 + HALF_VOTED_MS
    assert votes_end_ms(with_votes(("a", 2_000), ("a", 9_000)), BALLOT, {"a"}) == 2_000 + VOTED_MS


def test_who_judges_alone_has_a_moment_for_each_that_is_staged() -> None:
    judged = TurnGiven("r", 2, "?", 1_000, 20_000, act="vote", role="judge", voices=("a",), clips=("c", "d"))

    assert votes_end_ms(with_votes(("a", 2_000)), judged, {"a"}) == 2_000 + HALF_VOTED_MS
    assert votes_end_ms(with_votes(("a", 2_000), ("a", 3_000)), judged, {"a"}) == 3_000 + VOTED_MS


def test_who_passed_is_done_and_no_silence() -> None:
    turn = TurnGiven("r", 1, "?", 0, 1, "a")
    round_ = apply(OPENED, turn)
    assert is_asleep(round_, 1)
    passed = apply(round_, TurnPassed("r", 1, "a"))
    assert done_in(passed, turn) == {"a"}
    assert not is_asleep(passed, 1)


def test_the_first_take_of_who_came_late_is_not_judged() -> None:
    first, second = Take("c1", "z", 1, 900, 0, 0), Take("c2", "z", 2, 900, 0, 0)
    round_ = landed(landed(apply(OPENED, RoundJoined("r", "z", late=True)), first), second)

    assert is_unjudged(round_, first)
    assert not is_unjudged(round_, second)
