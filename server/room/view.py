"""What one visitor may see of an event: the one exit of a room's secrets."""

from __future__ import annotations

from msgspec.structs import replace

from games.round import VoteCast
from server.room.events import ClipLanded, ClipReported, Erased, Event


def view(event: Event, voice: str | None) -> Event:
    """Return the event as a voice may see it; `voice` None stands for everybody else."""
    match event.data:
        case ClipReported():
            return replace(event, by=None, data=Erased())
        case ClipLanded(reaction_ms=reaction_ms) as fact if reaction_ms is not None and not _own(
            event, voice
        ):
            return replace(event, data=replace(fact, reaction_ms=None))
        case VoteCast() as fact if not _own(event, voice):
            return replace(event, by=None, data=replace(fact, voice=""))
        case _:
            return event


def _own(event: Event, voice: str | None) -> bool:
    return event.by is not None and event.by.id == voice
