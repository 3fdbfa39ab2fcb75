"""The chains that a room remembers: those that wait for their next link, and what became of others. Pure."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from games.parts import Earlier
from games.round import Prompt, Round, RoundClosed, Take, Tempo
from server.room.answered import nobody

# So many chains are remembered, the latest.
CHAINS_KEPT = 24


class OpenChain(Struct, frozen=True, array_like=True):
    """A chain across visits: its game, its links so far, when the last was added, and whether it is over."""

    id: str
    game: str
    tempo: Tempo
    prompt: Prompt
    links: tuple[Earlier, ...]
    at_ms: int
    is_over: bool = False

    @property
    def voices(self) -> set[str]:
        """Return whose links there are."""
        return {each.voice for each in self.links}


Memory = tuple[OpenChain, ...]


def with_round(
    memory: Memory, round_: Round, closed: RoundClosed, at_ms: int, is_machine: Callable[[str], bool] = nobody
) -> Memory:
    """Return the memory after a round of a chain: one that stays open, or one that was open before.

    What was written, or said by a machine, is no link, and does not end the chain either.
    """
    id_ = round_.chain or round_.id
    if round_.prompt is None or not (closed.stays_open or round_.chain):
        return memory
    before = next((each for each in memory if each.id == id_), None)
    fit = [take for take in round_.takes if not take.written and not is_machine(take.voice)]
    new = tuple(_link(take) for take in fit if take.turn)
    # Links that are hidden for a while were not heard in the round, and are in the chain still.
    links = before.links if before else tuple(_link(take) for take in fit if not take.turn)
    is_whole = len(fit) == len(round_.takes) and closed.reason != "again"
    is_over = bool(new) and is_whole and not closed.stays_open
    last_ms = before.at_ms if before and not new else at_ms
    chain = OpenChain(id_, round_.game, round_.tempo, round_.prompt, (*links, *new), last_ms, is_over)
    others = tuple(each for each in memory if each.id != id_)
    return (*others, *([chain] if chain.links else []))[-CHAINS_KEPT:]


def _link(take: Take) -> Earlier:
    return Earlier(take.clip, take.voice, take.duration_ms)


def without(memory: Memory, item: str) -> Memory:
    """Return the memory without a link, or a prompt, that was forgotten."""
    if not any(each.prompt.id == item or any(link.clip == item for link in each.links) for each in memory):
        return memory
    left = (
        replace(each, links=tuple(link for link in each.links if link.clip != item))
        for each in memory
        if each.prompt.id != item
    )
    return tuple(each for each in left if each.links)
