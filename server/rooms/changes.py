"""Changes of who is in a room, and how, as one process tells others that share the room."""

from __future__ import annotations

from msgspec import Struct

from server.rooms.base import Room
from server.rooms.presence import Presence, PresenceState


class Moved(Struct, frozen=True, tag="moved"):
    """One connection of a voice is present otherwise; None means not present."""

    voice: str
    before: PresenceState | None
    now: PresenceState | None


class Consented(Struct, frozen=True, tag="consented"):
    """A voice came in by the door."""

    voice: str


class Worn(Struct, frozen=True, tag="worn"):
    """The takes of a voice are to wear a mask from now on; None takes it off."""

    voice: str
    mask: str | None


class CameBy(Struct, frozen=True, tag="came_by"):
    """A voice came by a network."""

    voice: str
    network: str


class MachineMarked(Struct, frozen=True, tag="machine"):
    """A voice is a machine."""

    voice: str


class Coloured(Struct, frozen=True, tag="coloured"):
    """A voice was given a colour."""

    voice: str
    colour: str


class TakeBegun(Struct, frozen=True, tag="take_begun"):
    """A take is open, until it counts as ended."""

    voice: str
    take: str
    until_ms: int


class TakeEnded(Struct, frozen=True, tag="take_ended"):
    """A take has ended."""

    voice: str
    take: str


Change = Moved | Consented | Worn | CameBy | MachineMarked | Coloured | TakeBegun | TakeEnded


def carry_out(change: Change, room: Room) -> None:
    """Change a room that lives in this process, as an edge of its own would."""
    match change:
        case Moved(voice, before, now):
            room.set_presence(voice, before, now)
        case Consented(voice):
            room.consent(voice)
        case Worn(voice, mask):
            room.wear(voice, mask)
        case CameBy(voice, network):
            room.set_network(voice, network)
        case MachineMarked(voice):
            room.mark_machine(voice)
        case Coloured(voice, colour):
            room.set_colour(voice, colour)
        case TakeBegun(voice, take, until_ms):
            room.begin_speaking(voice, take, until_ms=until_ms)
        case TakeEnded(voice, take):
            room.end_speaking(voice, take)


def take_in(change: Change, presence: Presence, now_ms: int) -> None:
    """Change what is known of those who are in a room that lives elsewhere."""
    match change:
        case Moved(voice, before, now):
            presence.move(voice, before, now, now_ms)
        case Consented(voice):
            presence.consent(voice)
        case Worn(voice, mask):
            presence.wear(voice, mask)
        case CameBy(voice, network):
            presence.come_by(voice, network)
        case MachineMarked(voice):
            presence.mark_machine(voice)
        case Coloured(voice, colour):
            presence.set_colour(voice, colour, now_ms)
        case TakeBegun(voice, take, until_ms):
            presence.begin(voice, take, until_ms)
        case TakeEnded(voice, take):
            presence.end(voice, take)
