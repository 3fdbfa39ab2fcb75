"""Who has played which game in a room lately, so that nobody hears its rule in every round. Pure."""

from __future__ import annotations

from msgspec import Struct

from games.round import Round

# A rule is said again after an evening, and to whoever is not among the newest who played by it.
EVENING_MS = 6 * 3_600_000
VOICES_KEPT = 24


class Taught(Struct, frozen=True, array_like=True):
    """When a game was played last, and who played it."""

    at_ms: int
    voices: tuple[str, ...]


# By the id of a game, of which there are few.
Memory = dict[str, Taught]


def with_round(memory: Memory, round_: Round, at_ms: int) -> Memory:
    """Return the memory with those who played a round to its end, or spoke in it."""
    played = dict.fromkeys((*round_.players, *(take.voice for take in round_.takes)))
    if not round_.takes:
        return memory
    known = memory.get(round_.game)
    before = known.voices if known is not None and at_ms - known.at_ms < EVENING_MS else ()
    voices = (*(voice for voice in before if voice not in played), *played)[-VOICES_KEPT:]
    return {**memory, round_.game: Taught(at_ms, voices)}


def is_known(memory: Memory, round_: Round) -> bool:
    """Tell whether all players of a round that begins played its game this evening."""
    known = memory.get(round_.game)
    if known is None or not round_.players or round_.opened_at_ms - known.at_ms >= EVENING_MS:
        return False
    return set(round_.players) <= set(known.voices)
