"""Takes: the interface for edges, and the observer of the media plane.

They join the media plane (who sends sound), the finish (what becomes of it) and the rooms
(where it lands). Whoever waits for a take gets the event of its clip, or why there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from audio.take import (
    LONGEST_CLIP_MS,
    LONGEST_TAKE_MS,
    TAKE_MARGIN_MS,
    Clip,
)
from server.blobs.base import Blobs
from server.blobs.unreduced import Unreduced
from server.room import door, masks
from server.room.commands import Refused, restarting
from server.room.events import Event, Source, Voice
from server.room.ids import unguessable
from server.room.round_lifecycle import kind_of
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from server.rtc.media import Media, TakeEnded
from server.takes import length, silence
from server.takes.completion import Completion
from server.takes.drain import DRAIN_MS, cut_before_end_ms, quiet
from server.takes.finisher import Finisher
from server.takes.landing import Landings, Lands
from server.takes.life import State, TakeLife
from server.takes.live import LIVE_DELAY_MS, LiveRelays
from server.takes.observer import TakesObserver
from server.takes.outcomes import FINISHING_MS, Outcomes
from server.takes.previewing import Previewing
from server.takes.previews import Preview
from server.takes.sessions import PeerSession, PeerSessions
from server.takes.tasks import OwnedTasks
from server.takes.tried_masks import TriedMasks
from server.together import settled

# By this name a room knows a take that was announced by `speak.start` and comes as an upload.
UPLOAD = "upload"
# An upload that was announced by `speak.start` is waited for this long after its limit.
UPLOAD_MARGIN_MS = 8_000
DRAINING_RETRY_MS = 5_000
# A session that is one take counts as speaking for so long while it is silent: its peer is gone then, or it
# goes on. A peer that vanished is noticed after as long (`VANISHED_MS` in `server/rtc/speaker.py`).
PAUSE_MS = 3_000


class Takes:
    """Opens, stops, and takes in takes: those of peers, and uploads."""

    def __init__(
        self,
        registry: RoomRegistry,
        media: Media,
        finisher: Finisher,
        *,
        blobs: Blobs,
        clock: Callable[[], int],
        longest_ms: int = LONGEST_CLIP_MS,
        live_delay_ms: int = LIVE_DELAY_MS,
        unreduced: Unreduced | None = None,
        observers: Sequence[TakesObserver] = (),
        lands: Lands | None = None,
    ) -> None:
        """`lands` is who lets takes land, where they may have to wait for that."""
        self._registry = registry
        self._media = media
        self._clock = clock
        self._longest_ms = longest_ms
        self._sessions = PeerSessions(media, observers, self._moved)
        self._live = LiveRelays(media, observers, delay_ms=live_delay_ms)
        self._tasks = OwnedTasks()
        self._outcomes = Outcomes(
            Landings(registry, blobs) if lands is None else lands, observers, clock=clock, unreduced=unreduced
        )
        self._previewing = Previewing(self._outcomes, self._tasks, clock=clock)
        self._finisher = finisher
        self._tried = TriedMasks(finisher)
        self._completion = Completion(finisher, self._outcomes, self._previewing, self._tasks)
        self._is_draining = self._is_closed = False
        media.observe(self)

    # --- sessions

    async def whip(
        self,
        room_id: str,
        voice: Voice,
        offer: str,
        *,
        address: str,
        commanded: bool,
        mask: str | None = None,
    ) -> tuple[str, str]:
        """Take in a speaker; return (peer, answer SDP). Raises what `Media.answer` raises, or `Refused`."""
        room = await self._woken(room_id)
        if not commanded:
            _check_door(room, voice)
        session = PeerSession(room, "speaker", voice, commanded, mask=mask)
        return await self._add(session, offer, address=address, limit_ms=self._take_limit_ms(room, voice))

    async def whep(self, room_id: str, offer: str, *, address: str) -> tuple[str, str]:
        """Take in a listener; return (peer, answer SDP). Raises what `Media.answer` raises, or `Refused`."""
        session = PeerSession(await self._woken(room_id), "listener")
        return await self._add(session, offer, address=address, limit_ms=LONGEST_TAKE_MS)

    async def _woken(self, room_id: str) -> Room:
        self._check_open()
        return await self._registry.wake(room_id)

    async def _add(self, session: PeerSession, offer: str, *, address: str, limit_ms: int) -> tuple[str, str]:
        """Take in a session of an open room, also when that closes or moves meanwhile. Raises `Refused`."""
        door.check_open(session.room.state)
        peer, answer = await self._sessions.add(session, offer, address=address, limit_ms=limit_ms)
        if session.moved:
            await self._media.close_peer(peer)
            raise restarting()
        if session.room.state.closed:
            await self._media.close_peer(peer)
            door.check_open(session.room.state)
        return peer, answer

    def _moved(self, session: PeerSession) -> None:
        """End a session whose room went to another process; its open take lands there."""
        self._tasks.start(self._media.close_peer(session.peer))

    def session(self, peer: str) -> PeerSession | None:
        """Return the session of a peer."""
        return self._sessions.get(peer)

    async def close_peer(self, peer: str) -> bool:
        """Close a peer; an open take of it is finished. False when there is no such peer."""
        if self._sessions.get(peer) is None:
            return False
        await self._media.close_peer(peer)
        return True

    def end_room(self, room_id: str) -> None:
        """End all sessions of a room that was closed; an open take is cut, and refused by the room."""
        self._tasks.start(settled(map(self._media.close_peer, self._sessions.of_room(room_id))))

    # --- takes

    async def begin(self, room: Room, voice: Voice, peer: str) -> None:
        """Open a take of a commanded peer; an empty peer announces an upload. Raises `Refused`."""
        room = await self._woken(room.id)
        _check_door(room, voice)
        limit_ms = self._take_limit_ms(room, voice)
        until_ms = self._clock() + limit_ms + UPLOAD_MARGIN_MS
        if peer:
            self._begin_commanded(room, voice, peer, limit_ms, until_ms)
        else:
            self._previewing.replace(room, voice)
            room.begin_speaking(voice.id, UPLOAD, until_ms=until_ms)
            room.tail.signal("take", {"peer": "", "state": "open"}, to=voice.id)
        room.hear(voice.id, on=True)

    def _begin_commanded(self, room: Room, voice: Voice, peer: str, limit_ms: int, until_ms: int) -> None:
        session = self._sessions.get(peer)
        if session is None or not session.takes_commands(room, voice):
            raise Refused("no_such_peer", "Your microphone is not connected. Reconnect it and try again.")
        if session.open_take is not None or not self._media.begin_take(peer, limit_ms):
            raise Refused("speaking_already", "You are speaking already.")
        self._previewing.replace(room, voice)
        silence.begin(session, self._clock())
        self._began(self._open(session, voice, peer, until_ms))

    def _began(self, take: TakeLife) -> None:
        """Tell a speaker that its take is open, and let the room hear it."""
        self._outcomes.tell(take, "open")
        self._live.begin(take)

    def _open(self, session: PeerSession, voice: Voice, peer: str, until_ms: int) -> TakeLife:
        room = session.room
        source: Source = "webrtc" if session.commanded else "whip"
        take = self._new(room, voice, source, asked_mask=session.mask, peer=peer)
        self._outcomes.begin(take, until_ms=until_ms)
        session.take = take
        return take

    def _new(
        self,
        room: Room,
        voice: Voice,
        source: Source,
        *,
        asked_mask: str | None,
        peer: str = "",
        state: State = "open",
    ) -> TakeLife:
        """Return a take as its room wants takes now: its length, its mask, and whether it is heard first."""
        return TakeLife(
            room,
            voice,
            source,
            longest_ms=self._longest_clip_ms(room, voice),
            mask=masks.worn(room.state, voice.id, room.context(), asked=asked_mask),
            reduces_noise=room.state.noise_reduction,
            is_previewed=kind_of(room.state).preview,
            peer=peer,
            state=state,
        )

    async def stop(self, room: Room, voice: Voice, onset_ms: int | None, peer: str = "") -> Event | None:
        """End the open take of a voice and return its `clip.landed`. Raises `Refused`.

        A voice may speak by two peers at once, in two tabs: `peer` says by which; empty means either.
        Where takes are heard before they land, it returns None when that can be done.
        """
        take = self._to_stop(room, voice, peer)
        take.is_asked_for = True
        if take.state == "open":
            take.claimed_reaction_ms = onset_ms
            self._outcomes.cut(take)
            self._media.end_take(take.peer)
        return await asyncio.shield(take.answer)

    def _to_stop(self, room: Room, voice: Voice, peer: str) -> TakeLife:
        """Return the take of a voice that is open, or else one that ended by itself."""
        takes = [each.take for each in self._sessions.of(room, voice, peer) if each.take is not None]
        for take in sorted(takes, key=lambda take: not take.is_recorded):
            if take.is_recorded or not take.is_asked_for:
                return take
        raise Refused("not_speaking", "You are not speaking.")

    @contextmanager
    def arriving(self, room: Room, voice: Voice) -> Iterator[None]:
        """Let a voice count as speaking while what it recorded is on its way. Raises `Refused`."""
        if not room.has_take(voice.id, UPLOAD):
            _check_door(room, voice)
        name = unguessable()
        room.begin_speaking(voice.id, name, until_ms=self._clock() + FINISHING_MS)
        try:
            yield
        finally:
            room.end_speaking(voice.id, name)

    async def upload(
        self,
        room_id: str,
        voice: Voice,
        body: bytes,
        media_type: str,
        *,
        mask: str | None = None,
        source: Source = "upload",
    ) -> Event | Preview:
        """Finish and land a recorded file; return its `clip.landed`. Raises `Unfit` or `Refused`.

        Where takes are heard before they land, the preview is returned.
        """
        room = await self._woken(room_id)
        if not room.has_take(voice.id, UPLOAD):  # else it was announced, and let in then
            _check_door(room, voice)
        take = self._new(room, voice, source, asked_mask=mask, state="ended")
        self._outcomes.begin(take, until_ms=self._clock() + FINISHING_MS)
        room.end_speaking(voice.id, UPLOAD)
        self._fall_silent(room, voice)
        return await self._completion.uploaded(take, body, media_type)

    async def masked(self, body: bytes, media_type: str, mask: str, *, reduces_noise: bool = False) -> Clip:
        """Return what a recording is through a mask; it lands nowhere. Raises `Unfit` or `Refused`."""
        self._check_open()
        return await self._tried.hear(body, media_type, mask, reduces_noise=reduces_noise)

    # --- previews

    def preview(self, room_id: str, voice: Voice, id_: str) -> Preview:
        """Return a take that its speaker may hear before it lands. Raises `Refused`."""
        found = self._previewing.get(id_)
        if found is None or found.room != room_id or found.voice.id != voice.id:
            raise Refused("no_such_preview", "This take is not here (any more).")
        return found

    def preview_room(self, id_: str) -> str | None:
        """Return the room that a preview may land in."""
        found = self._previewing.get(id_)
        return found.room if found else None

    async def keep(self, room: Room, voice: Voice, preview: str) -> Event:
        """Let a heard take land and return its durable `clip.landed`. Raises `Refused`.

        Whoever asks again while it lands gets the same event, and nobody can drop it any more.
        """
        return await self._previewing.keep(self.preview(room.id, voice, preview))

    def drop(self, room: Room, voice: Voice, preview: str) -> None:
        """Let go of a heard take that is not landing already. Raises `Refused`."""
        self._previewing.drop(self.preview(room.id, voice, preview))

    # --- what the media plane tells

    def connected(self, peer: str) -> None:
        """Note that a peer connected."""
        self._sessions.connected(peer)

    def level(self, peer: str, *, on: bool) -> None:
        """Note that a peer is heard, or not; a session that is one take begins it with its first sound."""
        session = self._sessions.get(peer)
        if self._is_closed or session is None or session.voice is None or session.moved:
            return
        if session.commanded:
            self._follow(session, on=on)
            return
        room, voice = session.room, session.voice
        until_ms = self._clock() + self._longest_clip_ms(room, voice) + TAKE_MARGIN_MS
        if session.take is None and on:
            self._began(self._open(session, voice, peer, until_ms))
        if session.take is None or session.take.state != "open":
            return
        room.begin_speaking(voice.id, session.take.id, until_ms=until_ms if on else self._clock() + PAUSE_MS)
        room.hear(voice.id, on=on)

    def _follow(self, session: PeerSession, *, on: bool) -> None:
        """End the take of a session whose one word was said."""
        if silence.follow(session, self._clock(), on=on) and session.take is not None:
            self._outcomes.cut(session.take)
            self._outcomes.tell(session.take, "cut")
            self._media.end_take(session.take.peer)

    def take_ended(self, ended: TakeEnded) -> None:
        """Finish a take that was cut."""
        session = self._sessions.get(ended.peer)
        if self._is_closed or session is None or session.voice is None:
            return
        if session.open_take is None and (session.moved or session.commanded):
            return  # nobody knows of it
        room, voice = session.room, session.voice
        until_ms = self._clock() + FINISHING_MS
        take = session.open_take or self._open(session, voice, ended.peer, until_ms)
        if take.state == "open":
            self._outcomes.cut(take)
        take.began_at_ms = ended.began_at_ms
        self._fall_silent(room, voice)
        if ended.ending == "limit":
            self._outcomes.tell(take, "cut")
        self._live.end_soon(room.id, ended.peer)
        self._completion.recorded(take, ended.take)

    def gone(self, peer: str) -> None:
        """Let go of a peer; what it said and nobody cut was too little for a take."""
        session = self._sessions.get(peer)
        if session is None:
            return
        self._live.end(session.room.id, peer)
        if (take := session.open_take) is not None:
            self._outcomes.refuse(take, Refused("peer_gone", "The connection was lost."))
            self._fall_silent(session.room, take.voice)
        self._sessions.remove(peer)

    def _fall_silent(self, room: Room, voice: Voice) -> None:
        """Tell everyone that a voice is not heard any more, unless it speaks by another peer as well."""
        takes = [each.take for each in self._sessions.of(room, voice)]
        if not any(take is not None and take.state == "open" for take in takes):
            room.hear(voice.id, on=False)

    # --- the end

    async def drain(self, within_ms: int = DRAIN_MS) -> None:
        """Take no new takes, and wait for those under way; what still runs near the end is cut."""
        self._is_draining = True
        deadline_s = asyncio.get_running_loop().time() + within_ms / 1000
        await quiet(self._under_way, deadline_s - cut_before_end_ms(within_ms) / 1000)
        await settled(map(self._media.close_peer, list(self._sessions.speaking())))
        await quiet(self._under_way, deadline_s)

    async def close(self) -> None:
        """Refuse what is not finished; may be called again."""
        self._is_draining = self._is_closed = True
        self._live.close()
        await self._tasks.close()
        self._previewing.close()
        self._outcomes.close()

    def _under_way(self) -> list[asyncio.Future[Any]]:
        """Return what is waited for before the server stops: all but previews that nobody has answered."""
        return [*self._outcomes.unanswered(), *self._previewing.landing()]

    def _check_open(self) -> None:
        if self._is_draining:
            raise restarting(DRAINING_RETRY_MS)

    def _longest_clip_ms(self, room: Room, voice: Voice) -> int:
        return length.longest_clip_ms(room, voice, self._longest_ms)

    def _take_limit_ms(self, room: Room, voice: Voice) -> int:
        return length.take_limit_ms(room, voice, self._longest_ms, self._clock())


def _check_door(room: Room, voice: Voice) -> None:
    """Refuse to let a voice begin a take that the room would not let it land."""
    door.check(room.state, door.SPEAK, voice, room.context())
