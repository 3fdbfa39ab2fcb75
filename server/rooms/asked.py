"""What a clip answered: the words of the turn in which it was said, and the prompt to throw again."""

from __future__ import annotations

from games import forgotten
from games.round import Prompt, Round, RoundOpened, TurnGiven
from server.log.base import Log
from server.room.commands import Asked
from server.room.state import EMPTY, apply

# A round is looked for in so many events before a turn.
ROUND_EVENTS = 256


async def prompt_of(log: Log, room: str, asked_seq: int | None) -> str:
    """Return the words of a turn by the seq of its event; none where they were forgotten."""
    if asked_seq is None:
        return ""
    events = await log.read(room, asked_seq - 1, 1)
    turn = events[0].data if events and events[0].seq == asked_seq else None
    return turn.prompt if isinstance(turn, TurnGiven) else ""


async def asked_again(log: Log, room: str, asked_seq: int | None) -> Asked | None:
    """Return what is to be thrown so that others answer what a clip did, by the seq of its turn.

    None where it was forgotten, where its round began too long before, and where the words were those of
    several visitors: they could not all take them back.
    """
    if asked_seq is None:
        return None
    events = await log.read(room, max(0, asked_seq - 1 - ROUND_EVENTS), ROUND_EVENTS + 1)
    before = [event for event in events if event.seq <= asked_seq]
    turn = before.pop().data if before and before[-1].seq == asked_seq else None
    if not isinstance(turn, TurnGiven):
        return None
    opened = (
        at
        for at, event in enumerate(before)
        if isinstance(event.data, RoundOpened) and event.data.round == turn.round
    )
    state = EMPTY
    for event in before[next(opened, len(before)) :]:
        state = apply(state, event)
    return _asked(state.round, turn) if state.round is not None else None


def _asked(round_: Round, turn: TurnGiven) -> Asked | None:
    """Return the prompt of a turn under an id by which its words are found when they are forgotten."""
    own = None if round_.answer else round_.prompt
    if own is not None and own.text and turn.prompt in {"", own.text}:
        return Asked(own, "" if round_.turns else round_.game)
    if not turn.prompt:
        return None
    hidden = round_.prompt.id if round_.answer and round_.prompt else ""
    sources = [item for item in forgotten.repeated(round_, turn) if item and item != hidden]
    if len(sources) > 1:
        return None
    return Asked(Prompt(sources[0] if sources else f"{turn.round}.{turn.turn}", turn.prompt))
