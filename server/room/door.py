"""The door of a room: what is asked there, and who may play inside. Pure."""

from __future__ import annotations

from server.room.commands import Again, Answer, Command, Refused, RoundJoin, RoundStart, Throw, Vote
from server.room.kinds import KINDS
from server.room.state import RoomState

# Looking, listening, chatting, taking back and saying "out" need no consent.
INSIDE = (Again, Answer, RoundJoin, RoundStart, Throw, Vote)


def check(state: RoomState, command: Command | None, *, consented: bool) -> None:
    """Refuse to let a voice speak (`command` None) or play before it has consented."""
    kind = KINDS.get(state.kind, KINDS["wonder"])
    if kind.door == "open" or consented or not (command is None or isinstance(command, INSIDE)):
        return
    raise Refused("consent_needed", kind.consent.get(state.language, kind.consent["en"]))
