"""Live relay: rooms that hear a take while it is spoken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from server.room.round_lifecycle import kind_of
from server.room.state import RoomState
from server.rtc.media import Media
from server.takes.life import TakeLife
from server.takes.observer import TakesObserver

# Listeners of a live relay hear the speaker this much later.
LIVE_DELAY_MS = 100


def may_be_relayed(state: RoomState) -> bool:
    """Tell whether a room wants to hear takes while they are spoken, and nothing is kept back."""
    is_kept_back = state.hold or kind_of(state).preview or (state.round is not None and state.round.hidden)
    return state.live and not is_kept_back


class LiveRelays:
    """Which peer each room hears while it speaks: one at a time."""

    def __init__(self, media: Media, observers: Sequence[TakesObserver], *, delay_ms: int) -> None:
        self._media = media
        self._observers = observers
        self._delay_ms = delay_ms
        self._peers: dict[str, str] = {}  # by room
        self._ends: dict[str, asyncio.TimerHandle] = {}

    def begin(self, take: TakeLife) -> None:
        """Let a room hear an open take, if it wants that and hears nobody."""
        room = take.room
        if room.id in self._peers or not may_be_relayed(room.state):
            return
        if self._media.begin_live_relay(take.peer, room.id, self._delay_ms):
            self._peers[room.id] = take.peer
            take.was_relayed = True
            self._tell(room.id, on=True)

    def end_soon(self, room_id: str, peer: str) -> None:
        """End a relay when its last packets, which are still on their way, have been heard."""
        if self._peers.get(room_id) == peer and room_id not in self._ends:
            loop = asyncio.get_running_loop()
            self._ends[room_id] = loop.call_later(self._delay_ms / 1000, self.end, room_id, peer)

    def end(self, room_id: str, peer: str) -> None:
        """End the relay of a peer, if it is heard in a room."""
        if self._peers.get(room_id) != peer:
            return
        del self._peers[room_id]
        if (timer := self._ends.pop(room_id, None)) is not None:
            timer.cancel()
        self._tell(room_id, on=False)

    def close(self) -> None:
        """End all; may be called again."""
        for room_id, peer in list(self._peers.items()):
            self.end(room_id, peer)

    def _tell(self, room_id: str, *, on: bool) -> None:
        for observer in self._observers:
            observer.live_relay_changed(room_id, on=on)
