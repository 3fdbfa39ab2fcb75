from __future__ import annotations

from tests.support.play import Played


def test_five_things_are_shown_over_the_window_and_a_true_name_is_caught() -> None:
    played = Played("wrong_names")

    assert len(played.turn.steps) == 5
    assert played.say("a", "cloud tiger pencil mountain cheese") == ["full"]
    assert played.say("b", played.turn.steps[0]) == ["true_name"]
    assert played.say("c", "cloud cloud") == ["repeat"]
    assert played.say("d", "cloud", gap_ms=900) == ["hesitated", "too_few"]


def test_it_ends_after_one_turn() -> None:
    played = Played("wrong_names")
    played.say("a")
    played.wait()

    assert played.closed is not None
