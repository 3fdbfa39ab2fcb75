"""Tell who may need help where it is, as soon as they said so: a signal to them alone, stored nowhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from games.round import AnswerGiven
from server.room import care
from server.room.events import (
    ClipCaptioned,
    Event,
    TextSaid,
    TopicSuggested,
)
from server.room.held_facts import ClipPassed
from server.room.kinds import KINDS
from server.rooms.base import Room
from server.rooms.tail import Batch


class Care:
    """Follows the rooms that are awake whose kind cares."""

    def __init__(self) -> None:
        self._rooms: dict[str, Callable[[], None]] = {}  # what ends the reading of each

    def attach(self, room: Room) -> None:
        """Follow a room that woke."""
        if KINDS.get(room.state.kind, KINDS["wonder"]).care:
            self._rooms[room.id] = room.tail.subscribe(partial(self._read, room), passive=True)

    def detach(self, room: Room) -> None:
        """Stop following a room that fell asleep."""
        if (unsubscribe := self._rooms.pop(room.id, None)) is not None:
            unsubscribe()

    def _read(self, room: Room, batch: Batch) -> None:
        events = [encoded.event for encoded in batch.events]
        again = {event.data.clip for event in events if isinstance(event.data, ClipPassed)}
        for event in events:
            voice, text, clip = _said(room, event)
            if voice and clip not in again and care.found(text, room.state.language):
                room.tail.signal("care", {"clip": clip}, to=voice)


def _said(room: Room, event: Event) -> tuple[str, str, str]:
    """Return whose words an event brings, and of which clip; whose is "" when it brings none."""
    match event.data:
        case ClipCaptioned(clip=id_, text=text):
            clip = room.state.clips.get(id_)
            return clip.voice if clip else "", text, id_
        case TextSaid(text=text) | AnswerGiven(text=text) | TopicSuggested(text=text) if event.by:
            return event.by.id, text, ""
        case _:
            return "", "", ""
