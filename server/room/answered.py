"""Which prompts a room threw at all, and who answered them: a bounded memory. Pure.

By it somebody who plays alone gets a prompt that others answered, and a shared card says how many did.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from games.round import Prompt, Round

# So many prompts are remembered, and of each so many of the newest answers.
PROMPTS_KEPT = 48
ANSWERS_KEPT = 24
# ... and so many of machines, which are heard where no person answered.
MACHINES_KEPT = 1
# How the id of the prompt of a day begins. More of its answers are remembered, for each voice has one.
DAILY = "daily-"
DAILY_ANSWERS_KEPT = 256


class Said(Struct, frozen=True, array_like=True):
    """One answer: a clip, or the id of what was written, and whose it is, be it a machine."""

    item: str
    voice: str
    written: bool = False
    duration_ms: int = 0
    machine: bool = False


class Answered(Struct, frozen=True, array_like=True):
    """A prompt that was thrown at all, its newest answers, and how many there were of all."""

    prompt: Prompt
    said: tuple[Said, ...] = ()
    count: int = 0

    def is_by(self, voice: str) -> bool:
        """Tell whether a voice is known to have answered it."""
        return any(said.voice == voice for said in self.said)


Memory = tuple[Answered, ...]


def nobody(_: str) -> bool:
    """Tell that no voice is a machine."""
    return False


def with_round(memory: Memory, round_: Round, is_machine: Callable[[str], bool] = nobody) -> Memory:
    """Return the memory with what was said in a round, if that was one prompt for all.

    What machines said is no answer of a stranger, and counts for none: of each prompt the last is kept.
    """
    prompt, said = round_.prompt, _said(round_, is_machine)
    if prompt is None or not prompt.text or not said or not is_for_all(round_):
        return memory
    before = next((each for each in memory if each.prompt.id == prompt.id), Answered(prompt))
    now = Answered(prompt, _newest(prompt, (*before.said, *said)), before.count + _people(said))
    return _bounded((*(each for each in memory if each is not before), now))


def _newest(prompt: Prompt, said: tuple[Said, ...]) -> tuple[Said, ...]:
    kept = DAILY_ANSWERS_KEPT if is_daily(prompt) else ANSWERS_KEPT
    people = [each.item for each in said if not each.machine][-kept:]
    machines = [each.item for each in said if each.machine][-MACHINES_KEPT:]
    newest = {*people, *machines}
    return tuple(each for each in said if each.item in newest)


def _bounded(memory: Memory) -> Memory:
    """Return the newest prompts: those that only machines answered go first, that of the day never."""
    over = len(memory) - PROMPTS_KEPT
    if over <= 0:
        return memory
    daily = newest_daily(memory)
    going = sorted((each for each in memory if each is not daily), key=lambda each: each.count > 0)[:over]
    gone = {each.prompt.id for each in going}
    return tuple(each for each in memory if each.prompt.id not in gone)


def is_daily(thrown: Prompt | None) -> bool:
    """Tell whether a prompt is that of a day."""
    return thrown is not None and thrown.id.startswith(DAILY)


def newest_daily(memory: Memory) -> Answered | None:
    """Return the newest prompt of a day that somebody answered."""
    return next((each for each in reversed(memory) if is_daily(each.prompt)), None)


def is_for_all(round_: Round) -> bool:
    """Tell whether everybody spoke to the prompt of a round, once, and nothing about it was secret."""
    turn = round_.turns[0] if round_.turns else None
    if turn is None or round_.prompt is None or round_.hidden or round_.answer:
        return False
    is_open = turn.act == "speak" and turn.voice is None and not turn.voices and turn.besides is None
    return is_open and turn.prompt == round_.prompt.text


def _people(said: tuple[Said, ...]) -> int:
    return sum(not each.machine for each in said)


def _said(round_: Round, is_machine: Callable[[str], bool]) -> tuple[Said, ...]:
    turn = round_.turns[0].turn if round_.turns else 0
    takes = (take for take in round_.takes if take.turn == turn and not take.hidden)
    return tuple(
        Said(take.clip, take.voice, take.written, take.duration_ms, is_machine(take.voice)) for take in takes
    )


def without(memory: Memory, item: str) -> Memory:
    """Return the memory without an answer, or without a prompt, that was forgotten."""
    if not any(each.prompt.id == item or any(said.item == item for said in each.said) for each in memory):
        return memory
    left = (_without(each, item) for each in memory if each.prompt.id != item)
    return tuple(each for each in left if each.said)


def _without(answered: Answered, item: str) -> Answered:
    said = tuple(each for each in answered.said if each.item != item)
    return replace(answered, said=said, count=answered.count - _people(answered.said) + _people(said))


def to(memory: Memory, clip: str) -> Answered | None:
    """Return the prompt that a clip answered, None when it is not remembered."""
    return next((each for each in memory if any(said.item == clip for said in each.said)), None)
