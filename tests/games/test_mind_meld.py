from __future__ import annotations

import pytest

from games.mind_meld import PAIRS
from games.pace import WORDS_WAIT_MS
from games.round import RoundRevealed
from server.room.commands import Refused
from tests.support.play import Played


def test_two_speak_on_one_count_until_they_are_one_mind() -> None:
    played = Played("mind_meld", "a", "b", "c", "d")

    assert (played.turn.voices, played.turn.hidden) == (("a", "b"), True)
    played.say("a", "sun")
    assert played.turn.turn == 1
    played.say("b", "umbrella")
    assert any(isinstance(fact, RoundRevealed) for fact in played.facts)
    assert played.turn.voices == ("c", "d")
    assert played.turn.prompt == "Join them: sun + umbrella"
    played.say("c", "beach")
    assert played.say("d", "beach") == ["matched"]
    assert played.closed is not None


@pytest.mark.parametrize("order", [("c1", "c2"), ("c2", "c1")])
def test_two_words_that_are_one_end_it_whichever_is_known_first(order: tuple[str, str]) -> None:
    played = Played("mind_meld", "a", "b", "c", "d")
    played.land("a")
    played.land("b")
    assert [type(fact) for fact in played.facts[-2:]] == [RoundRevealed, RoundRevealed]
    assert played.turn.turn == 1

    assert played.caption(order[0], "Moon.") == []
    assert played.turn.turn == 1
    assert played.caption(order[1], "moon") == ["matched"]
    assert played.closed is not None
    assert played.closed.reason == "done"


def test_words_are_waited_for_no_longer_than_a_count_in() -> None:
    played = Played("mind_meld", "a", "b", "c", "d")
    played.land("a")
    played.land("b")
    landed_ms = played.now_ms
    played.caption("c1", "moon")
    assert played.room.due() == landed_ms + WORDS_WAIT_MS

    played.wait()
    assert played.now_ms == landed_ms + WORDS_WAIT_MS
    assert (played.turn.turn, played.turn.act, played.turn.clips) == (2, "vote", ("c1", "c2"))
    played.wait()
    assert (played.turn.turn, played.turn.voices) == (3, ("c", "d"))
    assert "hear" in played.turn.prompt


def test_one_mind_that_is_found_out_late_ends_it_unless_somebody_has_spoken_since() -> None:
    late, later = (Played("mind_meld", "a", "b", "c", "d") for _ in range(2))
    for played in (late, later):
        played.say("a", "moon")
        played.land("b")
        played.wait()
        played.wait()
        assert played.turn.turn == 3
    assert late.caption("c2", "moon") == ["matched"]
    assert late.closed is not None
    assert (late.closed.met, late.closed.winners) == (True, ())

    later.say("c", "sun")
    assert later.caption("c2", "moon") == ["matched"]
    assert later.room.state.round is not None
    later.say("d", "rain")
    assert later.closed is not None
    assert len(later.round.turns) == 3


def test_words_that_come_while_thumbs_are_asked_for_are_enough() -> None:
    met, apart = (Played("mind_meld", "a", "b") for _ in range(2))
    for played in (met, apart):
        played.say("a", "moon")
        played.land("b")
        played.wait()
        assert played.turn.role == "same"

    assert met.caption("c2", "moon") == ["matched"]
    assert met.closed is not None
    assert apart.caption("c2", "sun") == []
    assert (apart.turn.turn, apart.turn.prompt) == (3, "Join them: moon + sun")


def deaf(*voices: str) -> Played:
    """Two who spoke in a room where nobody knows words."""
    played = Played("mind_meld", *voices, captions=False)
    played.land("a")
    played.land("b")
    assert (played.turn.act, played.turn.role, played.turn.clips) == ("vote", "same", ("c1", "c2"))
    return played


@pytest.mark.parametrize("scored", [True, False])
def test_where_nobody_knows_the_words_thumbs_tell_that_two_met(scored: bool) -> None:
    played = deaf("a", "b") if scored else Played("mind_meld", "a", "b", captions=False, scored=False)
    if not scored:
        played.land("a")
        played.land("b")
    assert len(played.vote("a", "c2", 1)) == 1
    played.vote("b", "c1", 1)

    assert played.closed is not None
    assert (played.closed.ending, played.closed.met, played.closed.replay) == ("pair", True, ("c1", "c2"))
    assert played.codes() == (["met_by_ear"] if scored else [])


def test_thumbs_down_go_on_at_once_and_no_thumbs_leave_it_open() -> None:
    apart, open_ = deaf("a", "b"), deaf("a", "b")
    for voice, clip in (("a", "c2"), ("b", "c1")):
        apart.vote(voice, clip, -1)
    assert (apart.turn.turn, apart.turn.act) == (3, "speak")

    open_.wait()
    assert (open_.turn.turn, open_.turn.act) == (3, "speak")
    for played in (apart, open_):
        while played.closed is None:
            played.wait()
        assert played.closed.winners == ()
    assert apart.closed is not None
    assert open_.closed is not None
    assert (apart.closed.met, open_.closed.met) == (False, None)


def test_a_turn_goes_on_at_once_when_words_are_expected_no_more() -> None:
    played = Played("mind_meld", "a", "b")
    played.land("a")
    played.land("b")
    landed_ms = played.now_ms
    played.room.captions = False

    played.wait()
    assert (played.turn.turn, played.now_ms) == (2, landed_ms)


def test_nobody_else_speaks_in_a_turn_that_waits_for_words() -> None:
    played = Played("mind_meld")
    played.land("x")
    played.land("y")
    with pytest.raises(AssertionError, match="not their turn"):
        played.land("z")
    with pytest.raises(Refused, match="not your turn"):
        played.write("z", "moon")


def test_a_missing_partner_blocks_nobody() -> None:
    played = Played("mind_meld", "a", "b")
    played.say("a", "sun")
    played.wait()
    assert played.turn.turn == 2
    played.wait()
    played.wait()

    assert played.closed is not None


def test_without_players_the_first_two_play_and_it_has_an_end() -> None:
    played = Played("mind_meld")
    for _ in range(PAIRS):
        played.say("x", f"one{played.turn.turn}")
        played.say("y", f"other{played.turn.turn}zz")

    assert played.closed is not None
