"""What a clip answered: the words of the turn in which it was said."""

from __future__ import annotations

from games.round import TurnGiven
from server.log.base import Log


async def prompt_of(log: Log, room: str, asked_seq: int | None) -> str:
    """Return the words of a turn by the seq of its event; none where they were forgotten."""
    if asked_seq is None:
        return ""
    events = await log.read(room, asked_seq - 1, 1)
    turn = events[0].data if events and events[0].seq == asked_seq else None
    return turn.prompt if isinstance(turn, TurnGiven) else ""
