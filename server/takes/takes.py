"""Takes on their way from a microphone to the log.

It joins the media plane (who sends sound), the finish (what becomes of it) and the rooms
(where it lands). Whoever waits for a take gets the event of its clip, or why there is none.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from audio.take import LONGEST_CLIP_MS, LONGEST_TAKE_MS, TAKE_MARGIN_MS, Clip, Limits, Unfit
from server.log.base import Blob
from server.room import door, rounds
from server.room.actor import Room
from server.room.commands import Land, Refused, broken, restarting
from server.room.events import ClipLanded, Event, Source, Voice
from server.room.flow import kind_of
from server.room.house import House
from server.room.ids import unguessable
from server.rtc.media import Media, Role, TakeEnded
from server.takes.finisher import Finisher
from server.takes.previews import PREVIEW_MS, Preview, Previews, Timing
from server.together import settled

log = logging.getLogger(__name__)
T = TypeVar("T")

# Who waits for a take gets its `clip.landed`, or None when its speaker hears it first.
Landing = asyncio.Future[Event | None]

# By this name a room knows a take that was announced by `speak.start` and comes as an upload.
UPLOAD = "upload"
# An upload that was announced by `speak.start` is waited for this long after its limit.
UPLOAD_MARGIN_MS = 8_000
# A room that is heard live is this far behind its speaker.
LIVE_DELAY_MS = 100
# SIGTERM waits this long for takes that are open or being finished.
DRAIN_MS = 15_000
# ... and cuts those that still run when this much of it is left, for the finish needs time too.
FINISH_MS = 3_000


class PeerSession(Struct):
    """One peer's session: whose it is, where, and who waits for its take."""

    room: str
    role: Role
    voice: Voice | None = None
    commanded: bool = False
    connected: bool = False
    offered_s: float = field(default_factory=time.monotonic)
    claimed_reaction_ms: int | None = None
    aired: bool = False
    take: str = ""  # the open or the last one, as its room knows it
    longest_ms: int = 0  # of the open take, 0: as the room has it when the take has ended
    landing: Landing | None = None  # of the open take
    ended: Landing | None = None  # of a take that ended by itself: `stop` may still ask


class Takes:
    """Owns the seats of all peers and the takes under way."""

    def __init__(
        self,
        house: House,
        media: Media,
        finisher: Finisher,
        *,
        clock: Callable[[], int],
        longest_ms: int = LONGEST_CLIP_MS,
        live_delay_ms: int = LIVE_DELAY_MS,
    ) -> None:
        self._house = house
        self._media = media
        self._finisher = finisher
        self._clock = clock
        self._longest_ms = longest_ms
        self._live_delay_ms = live_delay_ms
        self._live: dict[str, str] = {}  # in which rooms a peer is heard while it speaks
        self.on_live: Callable[[str, bool], None] = lambda _room, _on: None
        self.on_aired: Callable[[str, str], None] = lambda _room, _clip: None
        self._seats: dict[str, PeerSession] = {}
        self._previews = Previews(clock)
        self._keeping: dict[str, asyncio.Task[Event]] = {}  # previews that are landing
        self._tasks: set[asyncio.Task[Any]] = set()
        self._draining = False
        self.on_audience: Callable[[str], None] = lambda _room: None
        # For figures: a peer connected, so many seconds after its offer; a take became a clip, or why not.
        self.on_joined: Callable[[Role, float], None] = lambda _role, _took_s: None
        self.on_take: Callable[[str, float], None] = lambda _outcome, _took_s: None
        media.on_take = self._take_ended
        media.on_gone = self._gone
        media.on_connected = self._connected
        media.on_level = self._level

    async def whip(
        self, room_id: str, voice: Voice, offer: str, *, address: str, commanded: bool
    ) -> tuple[str, str]:
        """Take in a speaker; return (peer, answer SDP). Raises what `Media.answer` raises, or `Refused`."""
        if not commanded:
            _check_door(await self._house.wake(room_id), voice)
        return await self._seat(PeerSession(room_id, "speaker", voice, commanded), offer, address)

    async def whep(self, room_id: str, offer: str, *, address: str) -> tuple[str, str]:
        """Take in a listener; return (peer id, answer SDP). Raises what `Media.answer` raises."""
        return await self._seat(PeerSession(room_id, "listener"), offer, address)

    async def _seat(self, seat: PeerSession, offer: str, address: str) -> tuple[str, str]:
        self._check_open()
        room = await self._house.wake(seat.room)
        with ExitStack() as unseated:
            room.hold()
            unseated.callback(room.release)
            limit_ms = self._limit_ms(room, seat.voice) if seat.voice else LONGEST_TAKE_MS
            peer, answer = await self._media.answer(
                seat.room,
                seat.role,
                offer,
                address=address,
                commanded=seat.commanded,
                limit_ms=limit_ms,
            )
            self._seats[peer] = seat
            unseated.pop_all()
        return peer, answer

    def _check_open(self) -> None:
        if self._draining:
            raise restarting(5_000)

    async def begin(self, room: Room, voice: Voice, peer: str) -> None:
        """Open a take of a commanded peer; an empty peer announces an upload."""
        self._check_open()
        _check_door(room, voice)
        limit_ms = self._limit_ms(room, voice)
        take = self._begin_take(room, voice, peer, limit_ms) if peer else UPLOAD
        self._forget_previews(room, voice)
        room.begin_speaking(voice.id, take, until_ms=self._clock() + limit_ms + UPLOAD_MARGIN_MS)
        room.hear(voice.id, on=True)

    def _begin_take(self, room: Room, voice: Voice, peer: str, limit_ms: int) -> str:
        seat = self._seats.get(peer)
        if seat is None or seat.room != room.id or seat.voice != voice or not seat.commanded:
            raise Refused("no_such_peer", "Your microphone is not connected. Reconnect it and try again.")
        if seat.landing is not None or not self._media.begin_take(peer, limit_ms):
            raise Refused("speaking_already", "You are speaking already.")
        seat.claimed_reaction_ms = None
        seat.longest_ms = self._longest(room, voice)
        seat.landing = asyncio.get_running_loop().create_future()
        seat.take = unguessable()
        self._go_live(room, seat, peer)
        return seat.take

    def _go_live(self, room: Room, seat: PeerSession, peer: str) -> None:
        """Let a room hear a take while it is spoken: where it wants that, and nothing is kept back."""
        state = room.state
        is_kept_back = kind_of(state).preview or (state.round is not None and state.round.hidden)
        if not state.live or is_kept_back or room.id in self._live:
            return
        if self._media.relay(peer, room.id, self._live_delay_ms):
            self._live[room.id], seat.aired = peer, True
            self.on_live(room.id, True)

    def _end_live(self, room_id: str, peer: str) -> None:
        if self._live.get(room_id) == peer:
            del self._live[room_id]
            self.on_live(room_id, False)

    async def stop(self, room: Room, voice: Voice, onset_ms: int | None, peer: str = "") -> Event | None:
        """End the open take of a voice and return its `clip.landed`. Raises `Refused`.

        A voice may speak by two peers at once, in two tabs: `peer` says by which; empty means either.
        Where takes are heard before they land, it returns None when that can be done.
        """
        peer, seat = self._speaking(room, voice, peer)
        landing, seat.ended = seat.landing or seat.ended, None
        if landing is None:
            raise Refused("not_speaking", "You are not speaking.")
        if seat.landing is not None:
            seat.claimed_reaction_ms = onset_ms
            self._media.end_take(peer)
        return await asyncio.shield(landing)

    def _speaking(self, room: Room, voice: Voice, by: str) -> tuple[str, PeerSession]:
        """Return the seat of a voice whose take is open, or else has just ended; `by` names its peer."""
        own = [
            (p, s) for p, s in self._seats.items() if s.room == room.id and s.voice == voice and by in {"", p}
        ]
        for peer, seat in sorted(own, key=lambda item: item[1].landing is None):
            if seat.landing is not None or seat.ended is not None:
                return peer, seat
        raise Refused("not_speaking", "You are not speaking.")

    async def upload(self, room_id: str, voice: Voice, body: bytes, media_type: str) -> Event | Preview:
        """Finish and land a recorded file; return its `clip.landed`. Raises `Unfit` or `Refused`.

        Where takes are heard before they land, the preview is returned.
        """
        self._check_open()
        room = await self._house.wake(room_id)
        if not room.has_take(voice.id, UPLOAD):  # else it was announced, and let in then
            _check_door(room, voice)
        try:
            with self._counted():
                limits = Limits(longest_ms=self._longest(room, voice))
                clip = await self._finisher.upload(body, media_type, limits)
                if not kind_of(room.state).preview:
                    return await self._land(room_id, voice, clip, "upload", Timing())
                return self._show(room, voice, clip, "upload", Timing())
        finally:
            room.end_speaking(voice.id, UPLOAD)

    def preview(self, room_id: str, voice: Voice, id_: str) -> Preview:
        """Return a take that its speaker may hear before it lands. Raises `Refused`."""
        found = self._previews.get(id_)
        if found is None or found.room != room_id or found.voice.id != voice.id:
            raise Refused("no_such_preview", "This take is not here (any more).")
        return found

    def preview_room(self, id_: str) -> str | None:
        """Return the room that a preview may land in."""
        found = self._previews.get(id_)
        return found.room if found else None

    async def keep(self, room: Room, voice: Voice, preview: str) -> Event:
        """Let a heard take land and return its durable `clip.landed`. Raises `Refused`.

        Whoever asks again while it lands gets the same event, and nobody can drop it any more.
        """
        kept = self.preview(room.id, voice, preview)
        landing = self._keeping.get(kept.id)
        if landing is None:
            landing = self._keeping[kept.id] = self._own(self._keep(room, kept))
        return await asyncio.shield(landing)

    async def _keep(self, room: Room, kept: Preview) -> Event:
        try:
            event = await self._land(
                room.id, kept.voice, kept.clip, kept.source, kept.timing, clip_id=kept.id
            )
        finally:
            del self._keeping[kept.id]
        self._previews.pop(kept.id)
        room.end_speaking(kept.voice.id, kept.id)
        self._tell(room, kept.voice, "", "landed", clip=kept.id)
        return event

    def drop(self, room: Room, voice: Voice, preview: str) -> None:
        """Let go of a heard take that is not landing already. Raises `Refused`."""
        dropped = self.preview(room.id, voice, preview)
        if dropped.id in self._keeping:
            raise Refused("no_such_preview", "You have kept this take already.")
        self._previews.pop(dropped.id)
        room.end_speaking(voice.id, dropped.id)

    def _show(
        self, room: Room, voice: Voice, clip: Clip, source: Source, timing: Timing, *, peer: str = ""
    ) -> Preview:
        """Tell a speaker that a take can be heard; meanwhile it is on its way, and its round waits."""
        self._forget_previews(room, voice)
        made = self._previews.add(room.id, voice, clip, source, timing)
        asyncio.get_running_loop().call_later(PREVIEW_MS / 1000, self._previews.pop, made.id)
        room.begin_speaking(voice.id, made.id, until_ms=made.until_ms)
        room.hear(voice.id, on=False)
        shown = {"preview": made.id, "duration_ms": clip.duration_ms, "peaks": clip.peaks}
        self._tell(room, voice, peer, "preview", **shown)
        return made

    def _forget_previews(self, room: Room, voice: Voice) -> None:
        for preview in self._previews.forget(room.id, voice):
            room.end_speaking(voice.id, preview)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Tell what came of a take, and after which time."""
        began_s, outcome = time.monotonic(), "broken"
        try:
            yield
            outcome = "landed"
        except (Unfit, Refused) as refused:
            outcome = refused.code
            raise
        finally:
            self.on_take(outcome, time.monotonic() - began_s)

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

    def peer_voice(self, peer: str) -> Voice | None:
        """Return whose session a peer is; None for a listener's."""
        seat = self._seats.get(peer)
        return seat.voice if seat else None

    async def drain(self, within_ms: int = DRAIN_MS) -> None:
        """Take no new takes, and wait for those under way; what still runs near the end is cut."""
        self._draining = True
        deadline = asyncio.get_running_loop().time() + within_ms / 1000
        await self._quiet(deadline - min(FINISH_MS, within_ms / 2) / 1000)
        speaking = [peer for peer, seat in self._seats.items() if seat.landing is not None]
        await settled(map(self._media.close_peer, speaking))
        await self._quiet(deadline)

    async def _quiet(self, deadline: float) -> None:
        """Wait until no take is under way, or until a moment of the loop's clock."""
        loop = asyncio.get_running_loop()
        while (waiting := self._under_way()) and (left := deadline - loop.time()) > 0:
            await asyncio.wait(waiting, timeout=left)

    def _under_way(self) -> list[asyncio.Future[Any]]:
        return [*self._tasks, *(seat.landing for seat in self._seats.values() if seat.landing is not None)]

    async def close(self) -> None:
        """Stop finishing; may be called again."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _longest(self, room: Room, voice: Voice) -> int:
        """Return how long the clip of a voice may be now."""
        pace = room.paces.get(voice.id, 1.0)
        return min(rounds.take_limit_ms(room.state, voice.id, pace), self._longest_ms)

    def _limit_ms(self, room: Room, voice: Voice) -> int:
        """Return when a take that begins now is ended: after its limit and some air, or where it is cut."""
        pace, now_ms = room.paces.get(voice.id, 1.0), self._clock()
        whole_ms = rounds.take_limit_ms(room.state, voice.id, pace)
        left_ms = rounds.take_ends_ms(room.state, voice.id, now_ms, pace) - now_ms
        longest_ms = min(whole_ms, self._longest_ms)
        return min(left_ms, longest_ms) if left_ms < whole_ms else longest_ms + TAKE_MARGIN_MS

    # --- what the media plane tells

    def _connected(self, peer: str) -> None:
        seat = self._seats.get(peer)
        if seat is None or seat.connected:
            return
        seat.connected = True
        self.on_joined(seat.role, time.monotonic() - seat.offered_s)
        if seat.role == "listener":
            self.on_audience(seat.room)
        room = self._house.awake(seat.room)
        if room is not None and seat.voice is not None:
            (room.arrive if seat.commanded else room.enter)(seat.voice)

    def _level(self, peer: str, on: bool) -> None:
        seat = self._seats.get(peer)
        room = self._house.awake(seat.room) if seat else None
        if room is None or seat is None or seat.voice is None or seat.commanded:
            return
        if not on:
            room.end_speaking(seat.voice.id, peer)
            room.hear(seat.voice.id, on=False)
            return
        limit_ms = self._longest(room, seat.voice) + TAKE_MARGIN_MS
        room.begin_speaking(seat.voice.id, peer, until_ms=self._clock() + limit_ms)
        room.hear(seat.voice.id, on=True)
        if seat.landing is None:
            seat.longest_ms = self._longest(room, seat.voice)
            seat.landing, seat.take = asyncio.get_running_loop().create_future(), peer
            self._go_live(room, seat, peer)

    def _take_ended(self, ended: TakeEnded) -> None:
        seat = self._seats.get(ended.peer)
        room = self._house.awake(seat.room) if seat else None
        if seat is None or seat.voice is None or room is None:
            return
        was = replace(seat)
        seat.landing, seat.aired = None, False
        seat.ended = was.landing if ended.ending != "stopped" else None
        room.hear(seat.voice.id, on=False)
        if ended.ending == "limit":
            self._tell(room, seat.voice, ended.peer, "cut")
        if was.aired:  # its last packets are still on their way
            loop = asyncio.get_running_loop()
            loop.call_later(self._live_delay_ms / 1000, self._end_live, seat.room, ended.peer)
        room.hold()
        self._own(self._finish(room, seat.voice, ended, was))

    def _own(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._let_go)
        return task

    def _let_go(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits is told; when nobody does any more, nobody has to be

    def _gone(self, peer: str) -> None:
        seat = self._seats.pop(peer, None)
        room = self._house.awake(seat.room) if seat else None
        if seat is not None:
            self._end_live(seat.room, peer)
        if seat is None or room is None:
            return
        if seat.landing is not None and seat.voice is not None:
            room.end_speaking(seat.voice.id, seat.take)
            room.hear(seat.voice.id, on=False)
            self.on_take("peer_gone", 0.0)
            self._refuse(
                room, seat.voice, peer, seat.landing, Refused("peer_gone", "The connection was lost.")
            )
        if seat.connected and seat.role == "listener":
            self.on_audience(seat.room)
        if seat.connected and seat.voice is not None:
            (room.leave if seat.commanded else room.exit)(seat.voice)
        room.release()

    # --- from take to clip

    async def _finish(self, room: Room, voice: Voice, ended: TakeEnded, seat: PeerSession) -> None:
        """Finish and land one take, and tell whoever waits; the root of its task.

        `seat` is as it was when the take ended, for the next one may have begun.
        """
        landing, longest_ms = seat.landing, seat.longest_ms
        timing = Timing(ended.began_at_ms, seat.claimed_reaction_ms, seat.aired)
        event: Event | None = None
        try:
            with self._counted():
                limits = Limits(longest_ms=longest_ms or self._longest(room, voice))
                clip = await self._finisher.take(ended.take, limits)
                source: Source = "webrtc" if seat.commanded else "whip"
                if kind_of(room.state).preview:
                    self._show(room, voice, clip, source, timing, peer=ended.peer)
                else:
                    event = await self._land(seat.room, voice, clip, source, timing)
        except Unfit as unfit:
            self._refuse(room, voice, ended.peer, landing, Refused(unfit.code, unfit.message))
        except Refused as refused:
            self._refuse(room, voice, ended.peer, landing, refused)
        except Exception:
            log.exception("finishing a take failed in room %.6s", seat.room)
            self._refuse(room, voice, ended.peer, landing, broken())
        else:
            if event is not None:
                self._tell(room, voice, ended.peer, "landed", clip=event.data.clip)  # type: ignore[union-attr]
            if landing is not None and not landing.done():
                landing.set_result(event)
        finally:
            room.end_speaking(voice.id, seat.take)
            room.release()

    def _refuse(self, room: Room, voice: Voice, peer: str, landing: Landing | None, why: Refused) -> None:
        self._tell(room, voice, peer, "refused", code=why.code, message=why.message)
        if landing is not None and not landing.done():
            landing.set_exception(why)
            landing.exception()  # it was told by signal: nobody has to fetch it

    def _tell(self, room: Room, voice: Voice, peer: str, state: str, **more: object) -> None:
        room.tail.signal("take", {"peer": peer, "state": state, **more}, to=voice.id)

    async def _land(
        self, room_id: str, voice: Voice, clip: Clip, source: Source, timing: Timing, *, clip_id: str = ""
    ) -> Event:
        clip_id = clip_id or unguessable()
        if timing.aired:
            self.on_aired(room_id, clip_id)
        landed = ClipLanded(
            clip_id,
            clip.duration_ms,
            clip.onset_ms,
            clip.gap_ms,
            clip.loudness_lufs,
            clip.peaks,
            source=source,
        )
        command = Land(landed, timing.began_at_ms, timing.claimed_reaction_ms, let_in=True)
        blobs = [Blob(clip_id, room_id, clip.ogg)]
        events = await self._house.send(room_id, command, by=voice, key=clip_id, blobs=blobs)
        return events[0]


def _check_door(room: Room, voice: Voice) -> None:
    """Refuse to let a voice begin a take that the room would not let it land."""
    door.check(room.state, door.SPEAK, voice, room.context())
