from __future__ import annotations

from games.game import Scene, Setup
from games.round import Prompt, Round, RoundClosed, RoundOpened, Take, TurnGiven, apply, landed, opened
from games.word_association import BREATH_MS, CHAIN_TAKES, WordAssociation

GAME = WordAssociation()


def scene(now_ms: int = 10_000) -> Scene:
    return Scene(now_ms, "en", 3_000, 5_000, lambda name: Prompt(name, "umbrella"))


def begun(*players: str) -> Round:
    setup = Setup("r", "snap", "en", players, 1_000, 3_000, 5_000, lambda name: Prompt(name, "umbrella"))
    first, *rest = GAME.begin(setup)
    assert isinstance(first, RoundOpened)
    round_ = opened(first, 1_000)
    for fact in rest:
        round_ = apply(round_, fact)
    return round_


def test_it_begins_with_a_word_for_the_first_player() -> None:
    assert begun("a", "b").turn == TurnGiven("r", 1, "umbrella", 4_000, 9_000, "a")
    assert begun().turn == TurnGiven("r", 1, "umbrella", 4_000, 9_000, None)


def test_the_next_turn_comes_after_the_word_was_heard() -> None:
    take = Take("c", "a", 1, 700, 0, 0)

    (turn,) = GAME.judge(landed(begun("a", "b"), take), take, scene())

    assert isinstance(turn, TurnGiven)
    assert (turn.voice, turn.go_at_ms) == ("b", 10_000 + 700 + BREATH_MS)
    assert "heard" in turn.prompt


def test_a_captioned_word_is_the_next_prompt() -> None:
    take = Take("c", "a", 1, 700, 0, 0, words=("rain",))

    (turn,) = GAME.judge(landed(begun("a"), take), take, scene())

    assert isinstance(turn, TurnGiven)
    assert turn.prompt == "rain"


def test_the_chain_ends_when_it_is_long_enough() -> None:
    round_ = begun("a")
    for number in range(CHAIN_TAKES):
        take = Take(f"c{number}", "a", 1, 700, 0, 0)
        round_ = landed(round_, take)

    (closed,) = GAME.judge(round_, take, scene())

    assert isinstance(closed, RoundClosed)
    assert len(closed.takes) == CHAIN_TAKES


def test_a_silent_turn_keeps_the_word_and_moves_on() -> None:
    (turn,) = GAME.advance(begun("a", "b"), scene())

    assert isinstance(turn, TurnGiven)
    assert (turn.voice, turn.prompt) == ("b", "umbrella")
