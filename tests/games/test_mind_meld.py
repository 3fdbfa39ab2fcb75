from __future__ import annotations

from games.mind_meld import PAIRS
from games.round import RoundRevealed
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
