from __future__ import annotations

from msgspec.structs import replace

from games.round import Prompt, Round, Take
from server.room import taught
from server.room.taught import EVENING_MS, VOICES_KEPT, Taught, is_known, with_round

OPENED_MS = 1_000
TAKE = Take("c", "bela", 1, 900, 0, 0)


def opened(*players: str, at_ms: int = OPENED_MS) -> Round:
    prompt = Prompt("p", "Say a word.")
    return Round("r", "word_association", "snap", at_ms, prompt, players=players)


def test_who_played_a_game_knows_its_rule_and_nobody_else_does() -> None:
    memory = with_round({}, replace(opened("anna"), takes=(TAKE,)), OPENED_MS)

    assert memory == {"word_association": Taught(OPENED_MS, ("anna", "bela"))}
    assert is_known(memory, opened("bela", "anna"))
    assert not is_known(memory, opened("anna", "cleo"))
    assert not is_known(memory, replace(opened("anna"), game="riddle"))
    assert not is_known(memory, opened())


def test_a_round_in_which_nobody_spoke_teaches_nobody() -> None:
    assert with_round({}, opened("anna"), OPENED_MS) == {}


def test_a_rule_is_said_again_after_an_evening() -> None:
    memory = with_round({}, replace(opened("anna"), takes=(TAKE,)), OPENED_MS)
    later_ms = OPENED_MS + EVENING_MS

    assert not is_known(memory, opened("anna", at_ms=later_ms))
    again = with_round(memory, replace(opened("cleo"), takes=(replace(TAKE, voice="cleo"),)), later_ms)
    assert again["word_association"].voices == ("cleo",)


def test_the_memory_is_bounded() -> None:
    memory: taught.Memory = {}
    for number in range(2 * VOICES_KEPT):
        memory = with_round(memory, replace(opened(f"v{number}"), takes=(TAKE,)), OPENED_MS)

    assert len(memory["word_association"].voices) == VOICES_KEPT
    assert memory["word_association"].voices[-2:] == (f"v{2 * VOICES_KEPT - 1}", "bela")
