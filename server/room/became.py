"""What became of what a voice left: who went on with its chains, who answered the same after it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from games.parts import Earlier
from server.room import company, round_lifecycle
from server.room.answered import Said
from server.room.state import RoomState


class Became(Struct, frozen=True):
    """So many people came after a voice, in a chain or with an answer; `of` names that chain or prompt."""

    of: str
    kind: Literal["chain", "answer"]
    prompt: str
    people: int
    is_over: bool = False


def became(state: RoomState, voice: str) -> tuple[Became, ...]:
    """Return what became of a voice's links and answers, where people came after it and are not hidden."""
    chains = (
        Became(each.id, "chain", each.prompt.text, people, each.is_over)
        for each in state.chains
        if (people := _after(voice, (link.voice for link in each.links if _counts(state, voice, link))))
    )
    answers = (
        Became(each.prompt.id, "answer", each.prompt.text, people)
        for each in state.answered
        if not round_lifecycle.is_withheld(state, each.prompt.id)
        and (people := _after(voice, (said.voice for said in each.said if _counts(state, voice, said))))
    )
    return (*chains, *answers)


def _counts(state: RoomState, voice: str, left: Earlier | Said) -> bool:
    """Tell whether a link or an answer counts: one's own does, and of people what is not hidden."""
    if left.voice == voice:
        return True
    if isinstance(left, Earlier):
        return company.is_heard(state, left.clip)
    if left.machine:
        return False
    return (
        not round_lifecycle.is_withheld(state, left.item)
        if left.written
        else company.is_heard(state, left.item)
    )


def _after(voice: str, voices: Iterable[str]) -> int:
    """Return how many others came after the last time that a voice did."""
    listed = [*voices]
    if voice not in listed:
        return 0
    last = len(listed) - listed[::-1].index(voice)
    return len({*listed[last:]} - {voice})
