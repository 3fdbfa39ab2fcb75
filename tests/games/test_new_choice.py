from __future__ import annotations

from games.new_choice import BELLS
from tests.support.play import Played


def test_the_bell_rings_one_to_three_times_for_the_same_voice() -> None:
    rung = set()
    for seed in range(12):
        played = Played("new_choice", "a", seed=seed)
        while played.closed is None:
            played.say("a", f"line number {len(played.round.takes)} {seed}")
        bells = [turn for turn in played.round.turns if turn.bell]
        assert {turn.voice for turn in bells} == {"a"}
        rung.add(len(bells))

    assert rung <= set(range(1, BELLS + 1))
    assert len(rung) > 1


def test_the_old_line_in_a_hat_is_no_new_choice() -> None:
    played = Played("new_choice", "a", "b")
    played.say("a", "I bought a horse")

    assert played.turn.bell
    assert played.say("a", "I bought a horse!") == ["same_choice"]


def test_a_rhyme_is_asked_for_now_and_then() -> None:
    played = next(
        game
        for game in (Played("new_choice", "a", seed=seed) for seed in range(99))
        if game.say("a", "I bought a cat") == [] and game.turn.role == "rhyme"
    )

    assert played.say("a", "I sold my dog") == ["no_rhyme"]


def test_a_choice_whose_first_line_was_taken_back_is_new() -> None:
    played = Played("new_choice", "a", "b")
    line = "my uncle sings in the rain"
    while (turn := played.turn).bell or turn.voice == "a":
        played.say("a", line)
    played.land("b")
    assert played.round.turns[-1].bell
    played.land("b")
    *_, first, second = (take.clip for take in played.round.takes)
    played.take_back(first)

    assert played.caption(second, line) == []
