"""The stage: takes on their way from a microphone to the log.

It joins the media plane (who sends sound), the finish (what becomes of it) and the rooms
(where it lands). Whoever waits for a take gets the event of its clip, or why there is none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

from msgspec import Struct

from audio.take import Clip, Limits, Unfit
from server.finisher import Finisher
from server.log.base import Blob
from server.room.actor import Room
from server.room.commands import Land, Refused
from server.room.events import ClipLanded, Event, Source, Voice
from server.room.house import House
from server.room.ids import unguessable
from server.room.kinds import KINDS
from server.rtc.media import Media, Role, TakeEnded

log = logging.getLogger(__name__)

# A take may hold this much silence around its clip before the limit cuts it.
TAKE_MARGIN_MS = 2_000
# An upload that was announced by `speak.start` is waited for this long after its limit.
UPLOAD_MARGIN_MS = 8_000
# No clip is longer than this, whatever its room's kind allows.
LONGEST_CLIP_MS = 15_000
# SIGTERM waits this long for takes that are open or being finished.
DRAIN_MS = 15_000
# ... and cuts those that still run when this much of it is left, for the finish needs time too.
FINISH_MS = 3_000


class Seat(Struct):
    """A peer on the stage: whose it is, where, and who waits for its take."""

    room: str
    role: Role
    voice: Voice | None = None
    commanded: bool = False
    connected: bool = False
    claimed_reaction_ms: int | None = None
    landing: asyncio.Future[Event] | None = None  # of the open take
    ended: asyncio.Future[Event] | None = None  # of a take that ended by itself: `stop` may still ask


class Timing(Struct, frozen=True):
    """What is known of when a take began, and what its page says of the reaction."""

    began_at_ms: int | None = None
    claimed_reaction_ms: int | None = None


class Stage:
    """Owns the seats of all peers and the takes under way."""

    def __init__(
        self,
        house: House,
        media: Media,
        finisher: Finisher,
        *,
        clock: Callable[[], int],
        longest_ms: int = LONGEST_CLIP_MS,
    ) -> None:
        self._house = house
        self._media = media
        self._finisher = finisher
        self._clock = clock
        self._longest_ms = longest_ms
        self._seats: dict[str, Seat] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self.on_audience: Callable[[str], None] = lambda _room: None
        media.on_take = self._take_ended
        media.on_gone = self._gone
        media.on_connected = self._connected
        media.on_level = self._level

    async def whip(
        self, room_id: str, voice: Voice, offer: str, *, address: str, commanded: bool
    ) -> tuple[str, str]:
        """Seat a speaker; return (peer id, answer SDP). Raises what `Media.answer` raises."""
        return await self._seat(Seat(room_id, "speaker", voice, commanded), offer, address)

    async def whep(self, room_id: str, offer: str, *, address: str) -> tuple[str, str]:
        """Seat a listener; return (peer id, answer SDP). Raises what `Media.answer` raises."""
        return await self._seat(Seat(room_id, "listener"), offer, address)

    async def _seat(self, seat: Seat, offer: str, address: str) -> tuple[str, str]:
        self._check_open()
        room = await self._house.wake(seat.room)
        peer, answer = await self._media.answer(
            seat.room, seat.role, offer, address=address, commanded=seat.commanded
        )
        self._seats[peer] = seat
        room.hold()
        return peer, answer

    def _check_open(self) -> None:
        if self._draining:
            raise Refused("restarting", "The server is restarting. Try again in a moment.", 5_000)

    async def begin(self, room: Room, voice: Voice, peer: str) -> None:
        """Open a take of a commanded peer; an empty peer announces an upload."""
        self._check_open()
        until_ms = room.state.muted.get(voice.id, 0)
        if until_ms > self._clock():
            raise Refused("muted", "You are muted in this room for a while.", until_ms - self._clock())
        limit_ms = self._longest(room) + TAKE_MARGIN_MS
        if peer:
            self._begin_take(room, voice, peer, limit_ms)
        room.begin_speaking(voice.id, until_ms=self._clock() + limit_ms + UPLOAD_MARGIN_MS)

    def _begin_take(self, room: Room, voice: Voice, peer: str, limit_ms: int) -> None:
        seat = self._seats.get(peer)
        if seat is None or seat.room != room.id or seat.voice != voice or not seat.commanded:
            raise Refused("no_such_peer", "Your microphone is not connected. Reconnect it and try again.")
        if seat.landing is not None or not self._media.begin_take(peer, limit_ms):
            raise Refused("speaking_already", "You are speaking already.")
        seat.claimed_reaction_ms = None
        seat.landing = asyncio.get_running_loop().create_future()

    async def stop(self, room: Room, voice: Voice, onset_ms: int | None) -> Event:
        """End the open take of a voice and return its `clip.landed`. Raises `Refused`."""
        peer, seat = self._speaking(room, voice)
        landing, seat.ended = seat.landing or seat.ended, None
        if landing is None:
            raise Refused("not_speaking", "You are not speaking.")
        if seat.landing is not None:
            seat.claimed_reaction_ms = onset_ms
            self._media.end_take(peer)
        return await asyncio.shield(landing)

    def _speaking(self, room: Room, voice: Voice) -> tuple[str, Seat]:
        """Return the seat of a voice whose take is open, or else has just ended."""
        own = [(p, s) for p, s in self._seats.items() if s.room == room.id and s.voice == voice]
        for peer, seat in sorted(own, key=lambda item: item[1].landing is None):
            if seat.landing is not None or seat.ended is not None:
                return peer, seat
        raise Refused("not_speaking", "You are not speaking.")

    async def upload(self, room_id: str, voice: Voice, body: bytes, media_type: str) -> Event:
        """Finish and land a recorded file; return its `clip.landed`. Raises `Unfit` or `Refused`."""
        self._check_open()
        room = await self._house.wake(room_id)
        try:
            clip = await self._finisher.upload(body, media_type, self._limits(room))
            return await self._land(room_id, voice, clip, "upload", Timing())
        finally:
            room.end_speaking(voice.id)

    async def close_peer(self, peer: str) -> bool:
        """Close a peer; an open take of it is finished. False when there is no such peer."""
        if peer not in self._seats:
            return False
        await self._media.close_peer(peer)
        return True

    def peer_room(self, peer: str) -> str | None:
        """Return the room a peer is seated in."""
        seat = self._seats.get(peer)
        return seat.room if seat else None

    async def drain(self, within_ms: int = DRAIN_MS) -> None:
        """Take no new takes, and wait for those under way; what still runs near the end is cut."""
        self._draining = True
        deadline = asyncio.get_running_loop().time() + within_ms / 1000
        await self._quiet(deadline - min(FINISH_MS, within_ms / 2) / 1000)
        for peer in [peer for peer, seat in self._seats.items() if seat.landing is not None]:
            await self._media.close_peer(peer)
        await self._quiet(deadline)

    async def _quiet(self, deadline: float) -> None:
        """Wait until no take is under way, or until a moment of the loop's clock."""
        loop = asyncio.get_running_loop()
        while (waiting := self._under_way()) and (left := deadline - loop.time()) > 0:
            await asyncio.wait(waiting, timeout=left)

    def _under_way(self) -> list[asyncio.Future[None] | asyncio.Future[Event]]:
        return [*self._tasks, *(seat.landing for seat in self._seats.values() if seat.landing is not None)]

    async def close(self) -> None:
        """Stop finishing; may be called again."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _limits(self, room: Room) -> Limits:
        return Limits(longest_ms=self._longest(room))

    def _longest(self, room: Room) -> int:
        kind = KINDS.get(room.state.kind, KINDS["wonder"])
        return min(kind.longest_clip_ms, self._longest_ms)

    # --- what the media plane tells

    def _connected(self, peer: str) -> None:
        seat = self._seats.get(peer)
        if seat is None or seat.connected:
            return
        seat.connected = True
        if seat.role == "listener":
            self.on_audience(seat.room)
        room = self._house.awake(seat.room)
        if room is not None and seat.commanded and seat.voice is not None:
            room.arrive(seat.voice)

    def _level(self, peer: str, on: bool) -> None:
        seat = self._seats.get(peer)
        room = self._house.awake(seat.room) if seat else None
        if room is None or seat is None or seat.voice is None or seat.commanded:
            return
        if not on:
            room.end_speaking(seat.voice.id)
            return
        limit_ms = self._longest(room) + TAKE_MARGIN_MS
        room.begin_speaking(seat.voice.id, until_ms=self._clock() + limit_ms)
        if seat.landing is None:
            seat.landing = asyncio.get_running_loop().create_future()

    def _take_ended(self, ended: TakeEnded) -> None:
        seat = self._seats.get(ended.peer)
        if seat is None or seat.voice is None:
            return
        landing, seat.landing = seat.landing, None
        seat.ended = landing if ended.ending != "stopped" else None
        self._own(self._finish(seat, seat.voice, ended, landing))

    def _own(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _gone(self, peer: str) -> None:
        seat = self._seats.pop(peer, None)
        room = self._house.awake(seat.room) if seat else None
        if seat is None or room is None:
            return
        if seat.landing is not None and seat.voice is not None:
            room.end_speaking(seat.voice.id)
            self._refuse(
                room, seat.voice, peer, seat.landing, Refused("peer_gone", "The connection was lost.")
            )
        if seat.connected and seat.role == "listener":
            self.on_audience(seat.room)
        if seat.connected and seat.commanded and seat.voice is not None:
            room.leave(seat.voice)
        room.release()

    # --- from take to clip

    async def _finish(
        self, seat: Seat, voice: Voice, ended: TakeEnded, landing: asyncio.Future[Event] | None
    ) -> None:
        """Finish and land one take, and tell whoever waits; the root of its task."""
        room = await self._house.wake(seat.room)
        try:
            clip = await self._finisher.take(ended.take, self._limits(room))
            source: Source = "webrtc" if seat.commanded else "whip"
            timing = Timing(ended.began_at_ms, seat.claimed_reaction_ms)
            event = await self._land(seat.room, voice, clip, source, timing)
        except Unfit as unfit:
            self._refuse(room, voice, ended.peer, landing, Refused(unfit.code, unfit.message))
        except Refused as refused:
            self._refuse(room, voice, ended.peer, landing, refused)
        except Exception:
            log.exception("finishing a take failed in room %.6s", seat.room)
            self._refuse(
                room, voice, ended.peer, landing, Refused("internal", "Something broke on our side.")
            )
        else:
            self._tell(room, voice, ended.peer, "landed", clip=event.data.clip)  # type: ignore[union-attr]
            if landing is not None and not landing.done():
                landing.set_result(event)
        finally:
            room.end_speaking(voice.id)

    def _refuse(
        self, room: Room, voice: Voice, peer: str, landing: asyncio.Future[Event] | None, why: Refused
    ) -> None:
        self._tell(room, voice, peer, "refused", code=why.code, message=why.message)
        if landing is not None and not landing.done():
            landing.set_exception(why)
            landing.exception()  # it was told by signal: nobody has to fetch it

    def _tell(self, room: Room, voice: Voice, peer: str, state: str, **more: str) -> None:
        room.tail.signal("take", {"peer": peer, "state": state, **more}, to=voice.id)

    async def _land(self, room_id: str, voice: Voice, clip: Clip, source: Source, timing: Timing) -> Event:
        clip_id = unguessable()
        landed = ClipLanded(
            clip_id,
            clip.duration_ms,
            clip.onset_ms,
            clip.gap_ms,
            clip.loudness_lufs,
            clip.peaks,
            source=source,
        )
        command = Land(landed, timing.began_at_ms, timing.claimed_reaction_ms)
        blobs = [Blob(clip_id, room_id, clip.ogg)]
        events = await self._house.send(room_id, command, by=voice, key=clip_id, blobs=blobs)
        return events[0]
