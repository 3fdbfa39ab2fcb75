"""End the WebRTC sessions of rooms that were closed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from server.room.events import RoomClosed
from server.rooms.base import Room
from server.rooms.tail import Batch


class Closing:
    """Follows the rooms that are awake, and tells `end` the id of each that was closed."""

    def __init__(self, end: Callable[[str], None]) -> None:
        self._end = end
        self._rooms: dict[str, Callable[[], None]] = {}  # what ends the reading of each

    def attach(self, room: Room) -> None:
        """Follow a room that woke."""
        self._rooms[room.id] = room.tail.subscribe(partial(self._read, room.id), passive=True)

    def detach(self, room: Room) -> None:
        """Stop following a room that fell asleep."""
        if (unsubscribe := self._rooms.pop(room.id, None)) is not None:
            unsubscribe()

    def _read(self, room_id: str, batch: Batch) -> None:
        if any(isinstance(encoded.event.data, RoomClosed) for encoded in batch.events):
            self._end(room_id)
