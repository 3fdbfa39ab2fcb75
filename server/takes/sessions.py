"""Peer sessions: who speaks and listens over WebRTC in which room, from the offer to the end of the peer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from msgspec import Struct, field

from server.room.events import Voice
from server.rooms.base import Room
from server.rooms.presence import PRESENT, PresenceState
from server.rtc.media import Media, Role
from server.takes.life import TakeLife
from server.takes.observer import TakesObserver


def _nothing(*_: object) -> None:
    """Take note of nothing."""


class PeerSession(Struct, eq=False):
    """One peer: its room, its voice (none for a listener), and its open or last take.

    A session that is not `commanded` is one take. `heard_from_ms` is since when it is heard, None in silence;
    `moved` is that its room went to another process; `mask` is what its takes are to wear.
    """

    room: Room
    role: Role
    voice: Voice | None = None
    commanded: bool = False
    connected: bool = False
    offered_s: float = field(default_factory=time.monotonic)
    take: TakeLife | None = None
    peer: str = ""
    moved: bool = False
    unfollow: Callable[[], None] = _nothing
    heard_from_ms: int | None = None
    mask: str | None = None

    @property
    def presence(self) -> PresenceState | None:
        """Return how its voice is present by it; None where a socket tells that.

        Commands come by a socket. Without one a session that waits for them is a page that is gone, and
        it takes up to `consent_ms` until that is known here.
        """
        return None if self.commanded else PRESENT

    @property
    def holds(self) -> bool:
        """Tell whether it keeps its room awake: not while it waits for commands, as its takes do that."""
        return not self.commanded

    def takes_commands(self, room: Room, voice: Voice) -> bool:
        """Tell whether a voice of a room may begin a take by it."""
        return self.commanded and not self.moved and (self.room.id, self.voice) == (room.id, voice)

    @property
    def open_take(self) -> TakeLife | None:
        """Return the take whose sound is still on its way from the microphone."""
        return self.take if self.take is not None and self.take.is_recorded else None


class PeerSessions:
    """The table of sessions. One that is a take keeps its voice present once it is connected.

    `moved` is told of those whose room went to another process: they are to be ended.
    """

    def __init__(
        self, media: Media, observers: Sequence[TakesObserver], moved: Callable[[PeerSession], None]
    ) -> None:
        self._media = media
        self._observers = observers
        self._on_moved = moved
        self._sessions: dict[str, PeerSession] = {}
        self._speakers: dict[tuple[str, str], dict[str, PeerSession]] = {}  # by room and voice

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._sessions)

    async def add(self, session: PeerSession, offer: str, *, address: str, limit_ms: int) -> tuple[str, str]:
        """Answer an offer; return (peer, answer SDP). Raises what `Media.answer` raises."""
        with ExitStack() as unanswered:
            session.room.hold()
            unanswered.callback(session.room.release)
            # Who reads a room's tail is told of its move, and finds the same room again after its sleep.
            session.unfollow = session.room.tail.subscribe(_nothing, ended=partial(self._moved, session))
            unanswered.callback(session.unfollow)
            peer, answer = await self._media.answer(
                session.room.id,
                session.role,
                offer,
                address=address,
                commanded=session.commanded,
                limit_ms=limit_ms,
            )
            session.peer = peer
            self._sessions[peer] = session
            if session.voice is not None:
                self._speakers.setdefault((session.room.id, session.voice.id), {})[peer] = session
            unanswered.pop_all()
        if not session.holds:
            session.room.release()
        return peer, answer

    def _moved(self, session: PeerSession) -> None:
        session.moved = True
        if session.peer:
            self._on_moved(session)

    def get(self, peer: str) -> PeerSession | None:
        """Return the session of a peer."""
        return self._sessions.get(peer)

    def of(self, room: Room, voice: Voice, peer: str = "") -> list[PeerSession]:
        """Return the sessions of a voice in a room; of one peer if it is named."""
        own = self._speakers.get((room.id, voice.id), {})
        return [each for name, each in own.items() if peer in {"", name}]

    def of_room(self, room_id: str) -> list[str]:
        """Return the peers of a room."""
        return [peer for peer, each in self._sessions.items() if each.room.id == room_id]

    def speaking(self) -> Iterator[str]:
        """Yield the peers whose take is open."""
        return (peer for peer, each in self._sessions.items() if each.open_take is not None)

    def connected(self, peer: str) -> None:
        """Note that a peer connected: once, however often it is told."""
        session = self._sessions.get(peer)
        if session is None or session.connected:
            return
        session.connected = True
        for observer in self._observers:
            observer.peer_connected(session.role, time.monotonic() - session.offered_s)
        if session.voice is not None and session.presence is not None:
            session.room.set_presence(session.voice.id, None, session.presence)
        self._tell_audience(session)

    def remove(self, peer: str) -> None:
        """Let go of a peer that is gone, and of its room; may be called again."""
        session = self._sessions.pop(peer, None)
        if session is None:
            return
        self._forget_speaker(peer, session)
        if session.connected:
            if session.voice is not None and session.presence is not None:
                session.room.set_presence(session.voice.id, session.presence, None)
            self._tell_audience(session)
        session.unfollow()
        if session.holds:
            session.room.release()

    def _forget_speaker(self, peer: str, session: PeerSession) -> None:
        if session.voice is None:
            return
        key = session.room.id, session.voice.id
        del self._speakers[key][peer]
        if not self._speakers[key]:
            del self._speakers[key]

    def _tell_audience(self, session: PeerSession) -> None:
        if session.role == "listener":
            for observer in self._observers:
                observer.audience_changed(session.room.id)
