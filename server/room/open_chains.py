"""The chains that a room remembers: those that wait for their next link, and what became of others. Pure."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from games.parts import Earlier
from games.round import Prompt, Round, RoundClosed, Tempo

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


def with_round(memory: Memory, round_: Round, closed: RoundClosed, at_ms: int) -> Memory:
    """Return the memory after a round of a chain: one that stays open, or one that was open before."""
    id_ = round_.chain or round_.id
    if round_.prompt is None or not (closed.stays_open or round_.chain):
        return memory
    spoken = (take for take in round_.takes if not take.written)
    links = tuple(Earlier(take.clip, take.voice, take.duration_ms) for take in spoken)
    is_new = any(take.turn for take in round_.takes)
    before = next((each for each in memory if each.id == id_), None)
    last_ms = at_ms if is_new or before is None else before.at_ms
    is_over = not closed.stays_open and is_new
    chain = OpenChain(id_, round_.game, round_.tempo, round_.prompt, links, last_ms, is_over)
    others = tuple(each for each in memory if each.id != id_)
    return (*others, *([chain] if links else []))[-CHAINS_KEPT:]


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
