"""The last step of a take: its sound is stored, then the event that tells of it."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from server.blobs.base import Blob, Blobs
from server.room.commands import Land, Refused
from server.room.events import ClipLanded, Erased, Event, Voice
from server.rooms.registry import RoomRegistry


class Landing(Struct, frozen=True):
    """A finished take: what its room is asked for, by whom, and its sound."""

    command: Land
    by: Voice
    sound: Blob


class Lands(Protocol):
    """Whatever lets takes land."""

    async def land(self, landing: Landing) -> Event:
        """Return the durable event. Raises what the room and the storage do."""


class Landings:
    """Lets takes land at once. Asked for the same again it does nothing more: ids are keys."""

    def __init__(self, registry: RoomRegistry, blobs: Blobs) -> None:
        self._registry, self._blobs = registry, blobs

    async def land(self, landing: Landing) -> Event:
        """Store the sound, then the event; what is refused leaves no sound behind."""
        sound = landing.sound
        beside = await self._blobs.put(sound)
        try:
            events = await self._registry.send(
                sound.room, landing.command, by=landing.by, key=sound.id, blobs=beside
            )
        except Refused as refused:
            if refused.code != "id_used":  # else it is another's
                await self._blobs.delete(sound.room, [sound.id])
            raise
        # Not always the first: a room that nobody kept for a day goes to the admin before.
        return next(event for event in events if isinstance(event.data, ClipLanded | Erased))
