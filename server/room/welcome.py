"""Who comes in alone is greeted aloud first: the room's own pulse waits for that. Pure."""

from __future__ import annotations

from itertools import islice

from server.room import characters, lines
from server.room.context import Context
from server.room.machines import people
from server.room.state import RoomState

# From coming in until a greeting was written, spoken and heard.
GREETING_MS = 5_000


def over_ms(state: RoomState, context: Context) -> int:
    """Return until when somebody who came in alone is greeted aloud, in epoch ms; 0 where nobody is."""
    if not context.hosted or context.spoken_ms is None or not lines.speaks(state):
        return 0
    here = [*islice(people(context.inside, context), 2)]
    if len(here) != 1 or characters.of(state) is None:
        return 0
    return context.came.get(here[0], context.now_ms - GREETING_MS) + GREETING_MS
