from __future__ import annotations

import pytest

from games.game import BREATH_MS, CLIP_TAIL_MS, HEARD_CAP_MS
from games.pace import LONE_GRACE_MS, is_asleep
from games.round import RoundClosed, TurnGiven
from tests.support.play import Played


def test_long_takes_are_heard_before_the_next_turn_up_to_a_limit() -> None:
    played = Played("questions_only", "a", "b")
    played.say("a", duration_ms=60_000)

    assert played.turn.go_at_ms - played.now_ms == HEARD_CAP_MS - CLIP_TAIL_MS + BREATH_MS["snap"]


@pytest.mark.parametrize(("known_after_ms", "go_after_ms"), [(500, 2_000 - CLIP_TAIL_MS), (2_900, 2_900)])
def test_a_take_is_heard_while_its_words_are_waited_for(known_after_ms: int, go_after_ms: int) -> None:
    played = Played("last_word_first", "a", "b")
    played.land("a", duration_ms=2_000)
    landed_ms = played.now_ms
    played.room.now_ms += known_after_ms
    played.caption("c1", "the night")

    assert played.turn.voice == "b"
    assert played.turn.go_at_ms == landed_ms + go_after_ms + BREATH_MS["snap"]


def test_a_take_without_a_word_breaks_no_rule_of_words() -> None:
    coughed, asked = Played("questions_only", "a", "b"), Played("last_word_first", "a", "b")
    for played in (coughed, asked):
        played.land("a")
        assert played.caption("c1", "…") == []
        assert played.turn.voice == "b"
        assert played.write("b", "…") == []


def test_words_that_come_late_are_judged_where_the_round_is_known_and_start_nothing() -> None:
    played = Played("last_word_first", "a", "b", card="night")
    for voice in "ababab":
        played.say(voice)
    before = len(played.round.turns)
    assert played.caption("c1", "cheese") == ["start_with"]
    assert played.caption("c3", "mice and men") == []
    assert played.caption("c2", "houses and mice") == ["start_with"]
    assert len(played.round.turns) == before

    for voice in "ab":
        played.say(voice)
    assert played.closed is not None
    assert played.caption("c4", "cheese") == ["start_with"]
    assert played.room.state.round is None


def test_a_round_ends_after_two_silent_turns() -> None:
    played = Played("questions_only", "a", "b")
    (passed,) = played.wait()
    assert isinstance(passed, TurnGiven)

    (end,) = played.wait()
    assert isinstance(end, RoundClosed)
    assert end.reason == "silent"


def test_a_vote_in_which_nobody_speaks_is_no_silence() -> None:
    played = Played("world_worst")
    played.say("a")
    played.say("b")
    played.wait()
    assert played.turn.act == "vote"
    assert not is_asleep(played.round, silent_turns=1)

    (end,) = played.wait()
    assert isinstance(end, RoundClosed)
    assert end.reason == "done"


def test_a_slow_pace_moves_the_end_of_the_turn() -> None:
    played = Played("questions_only", "a")
    ends_ms = played.turn.closes_at_ms + LONE_GRACE_MS

    assert played.game.due(played.round, speaking=False) == ends_ms
    assert played.game.due(played.round, speaking=False, pace=1.5) == ends_ms + 2_500
