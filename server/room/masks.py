"""Masks as a room sees them: which there are, which one a take is to wear, and which one a round draws.

How they sound is not known here (`audio/masks/`).
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from games.round import RoundFact, RoundOpened, TurnGiven
from server.room.commands import Refused
from server.room.context import Context
from server.room.kinds import RoomKind
from server.room.state import RoomState

MASKS = ("mouse", "giant", "robot", "whisper", "radio", "underwater", "alien", "choir")
NONE = "none"  # takes one off, one's own or that of a room
# A round draws from these: everyone is to understand everyone, also where it is loud.
DRAWN = ("mouse", "giant", "robot", "radio", "underwater", "choir")


def checked(name: str) -> str | None:
    """Return the mask of a name, None for "none". Raises `Refused` (`bad_value`)."""
    if name in MASKS:
        return name
    if name == NONE:
        return None
    raise Refused("bad_value", f"There is no such mask. There are {', '.join(MASKS)}, and {NONE}.")


def worn(state: RoomState, voice: str, context: Context, *, asked: str | None = None) -> str | None:
    """Return the mask of a take that a voice begins now: its round's, its room's, its own, its voice's."""
    of_round = state.round.mask if state.round else None
    return of_round or state.mask or asked or context.masks.get(voice)


def drawn(kind: RoomKind, opening: RoundOpened, facts: Iterable[RoundFact]) -> str | None:
    """Return the mask of a round that begins with these facts: mostly none. The id of the round decides.

    Where single words are to be understood there is none: through a mask a third of them are lost.
    """
    random = Random(f"mask {opening.round}")
    if any(isinstance(fact, TurnGiven) and fact.max_words == 1 for fact in facts):
        return None
    return random.choice(DRAWN) if random.random() < kind.mask_share else None
