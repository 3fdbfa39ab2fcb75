"""Live relay: rooms that hear a take while it is spoken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from server.room import door, rounds
from server.room.context import Context
from server.room.round_lifecycle import kind_of
from server.room.state import RoomState
from server.rooms.tail import Batch
from server.rtc.media import Media
from server.takes.life import TakeLife
from server.takes.observer import TakesObserver

# Listeners of a live relay hear the speaker this much later.
LIVE_DELAY_MS = 100


def may_be_relayed(state: RoomState, voice: str, context: Context) -> bool:
    """Tell whether a room wants to hear a take as it is spoken: none that is kept back, or out of turn."""
    is_aside = rounds.is_aside(state, voice) or rounds.is_early(state, voice, context)
    is_hidden = state.round is not None and state.round.hidden
    return not is_kept_back(state, voice, context) and not is_hidden and not is_aside


def is_kept_back(state: RoomState, voice: str, context: Context) -> bool:
    """Tell whether a voice is not to be heard live now, also in the middle of a take.

    Its room holds takes or hears none live, lets nobody but its keeper speak, or has muted the voice.
    """
    is_shut = state.closed or (state.locked and voice != state.keeper)
    return (
        not state.live
        or state.hold
        or is_shut
        or kind_of(state).preview
        or door.is_muted(state, voice, context)
    )


class LiveRelays:
    """Which peer each room hears while it speaks: one at a time."""

    def __init__(self, media: Media, observers: Sequence[TakesObserver], *, delay_ms: int) -> None:
        self._media = media
        self._observers = observers
        self._delay_ms = delay_ms
        self._takes: dict[str, TakeLife] = {}  # by room
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._watched: dict[str, Callable[[], None]] = {}

    def begin(self, take: TakeLife) -> None:
        """Let a room hear an open take, if it wants that, hears nobody, and the take wears no mask."""
        room = take.room
        is_wanted = not take.mask and may_be_relayed(room.state, take.voice.id, room.context())
        if room.id in self._takes or not is_wanted:
            return
        if self._media.begin_live_relay(take.peer, room.id, self._delay_ms):
            self._takes[room.id] = take
            self._watched[room.id] = room.tail.subscribe(partial(self._look, take))
            take.was_relayed = True
            self._tell(take, on=True)

    def _look(self, take: TakeLife, batch: Batch) -> None:
        """Silence a take in its middle when its room keeps it back: then it counts as not heard."""
        room = take.room
        if batch.events and is_kept_back(room.state, take.voice.id, room.context()):
            take.was_relayed = False
            self._media.end_live_relay(take.peer, room.id)
            self.end(room.id, take.peer)

    def end_soon(self, room_id: str, peer: str) -> None:
        """End a relay when its last packets, which are still on their way, have been heard."""
        if self._peer(room_id) == peer and room_id not in self._ends:
            loop = asyncio.get_running_loop()
            self._ends[room_id] = loop.call_later(self._delay_ms / 1000, self.end, room_id, peer)

    def end(self, room_id: str, peer: str) -> None:
        """End the relay of a peer, if it is heard in a room."""
        if self._peer(room_id) != peer:
            return
        take = self._takes.pop(room_id)
        self._watched.pop(room_id)()
        if (timer := self._ends.pop(room_id, None)) is not None:
            timer.cancel()
        self._tell(take, on=False)

    def close(self) -> None:
        """End all; may be called again."""
        for room_id, take in list(self._takes.items()):
            self.end(room_id, take.peer)

    def _peer(self, room_id: str) -> str | None:
        take = self._takes.get(room_id)
        return take.peer if take is not None else None

    def _tell(self, take: TakeLife, *, on: bool) -> None:
        """Tell the room whom it hears, as long before the sound as that is late, and who gives way to it."""
        room_id = take.room.id
        at_ms = take.room.context().now_ms + (self._delay_ms if on else 0)
        take.room.tail.signal("live", {"voice": take.voice.id, "on": on, "at_ms": at_ms})
        for observer in self._observers:
            observer.live_relay_changed(room_id, on=on)
