from __future__ import annotations

from games.round import Prompt, Round, Take, TurnGiven
from server.room.answered import (
    ANSWERS_KEPT,
    PROMPTS_KEPT,
    Memory,
    Said,
    is_for_all,
    to,
    with_round,
    without,
)

MOON = Prompt("p-moon", "Why is the moon late?")


def played(prompt: Prompt, *voices: str, turn: TurnGiven | None = None, hidden: bool = False) -> Round:
    given = turn or TurnGiven("r", 1, prompt.text, 0, 5_000)
    takes = tuple(Take(f"{prompt.id}-{voice}", voice, 1, 900, 100, 0) for voice in voices)
    return Round("r", "first_thing", "snap", 0, prompt, turns=(given,), takes=takes, hidden=hidden)


def test_answers_to_one_prompt_are_kept_together_and_counted() -> None:
    memory = with_round(with_round((), played(MOON, "anna", "bela")), played(MOON, "cleo"))

    (answered,) = memory
    assert answered.prompt == MOON
    assert [said.voice for said in answered.said] == ["anna", "bela", "cleo"]
    assert answered.count == 3
    assert answered.is_by("bela")
    assert not answered.is_by("dora")
    assert to(memory, "p-moon-cleo") == answered
    assert to(memory, "other") is None


def test_what_machines_said_is_kept_apart_and_counts_for_nobody() -> None:
    memory = with_round((), played(MOON, "anna", "robot"), is_machine={"robot"}.__contains__)

    (answered,) = memory
    assert [said.machine for said in answered.said] == [False, True]
    assert answered.count == 1
    (left,) = without(memory, "p-moon-robot")
    assert left.count == 1
    (left,) = without(memory, "p-moon-anna")
    assert left.count == 0


def test_what_was_not_asked_of_all_or_not_answered_is_not_remembered() -> None:
    one = TurnGiven("r", 1, MOON.text, 0, 5_000, voice="anna")
    other = TurnGiven("r", 1, "another line", 0, 5_000)

    assert with_round((), played(MOON)) == ()
    for round_ in (
        played(MOON, "anna", turn=one),
        played(MOON, "anna", turn=other),
        played(MOON, "a", hidden=True),
    ):
        assert not is_for_all(round_)
        assert with_round((), round_) == ()


def test_a_forgotten_answer_counts_no_more_and_a_forgotten_prompt_is_gone() -> None:
    memory = with_round((), played(MOON, "anna", "bela"))

    (left,) = without(memory, "p-moon-anna")
    assert left.said == (Said("p-moon-bela", "bela", duration_ms=900),)
    assert left.count == 1
    assert without(without(memory, "p-moon-anna"), "p-moon-bela") == ()
    assert without(memory, MOON.id) == ()
    assert without(memory, "somebody else's") is memory


def test_the_memory_is_bounded() -> None:
    memory: Memory = ()
    for number in range(PROMPTS_KEPT + 5):
        memory = with_round(memory, played(Prompt(f"p{number}", f"prompt {number}"), "anna"))
    for number in range(ANSWERS_KEPT + 5):
        memory = with_round(memory, played(MOON, f"voice-{number}"))

    assert len(memory) == PROMPTS_KEPT
    assert memory[0].prompt.id == "p6"
    assert len(memory[-1].said) == ANSWERS_KEPT
    assert memory[-1].count == ANSWERS_KEPT + 5


def test_what_only_machines_answered_pushes_out_nothing_that_people_did() -> None:
    memory: Memory = ()
    for number in range(PROMPTS_KEPT):
        memory = with_round(memory, played(Prompt(f"p{number}", f"prompt {number}"), "anna"))

    def is_machine(voice: str) -> bool:
        return voice.startswith("robot")

    people = memory
    for number in range(3):
        memory = with_round(memory, played(Prompt(f"m{number}", "for a robot"), "robot"), is_machine)
    assert memory == people

    memory = with_round((), played(MOON, "robot"), is_machine)
    for number in range(ANSWERS_KEPT):
        memory = with_round(memory, played(MOON, f"voice-{number}", f"robot-{number}"), is_machine)
    (answered,) = memory
    assert [said.voice for said in answered.said if said.machine] == [f"robot-{ANSWERS_KEPT - 1}"]
    assert len(answered.said) == ANSWERS_KEPT + 1
    assert answered.said[0].voice == "voice-0"
