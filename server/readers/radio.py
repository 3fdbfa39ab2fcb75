"""The radio of a room: new clips as soon as they landed, older ones while somebody listens.

One task a room, alive only while there is something to play or somebody to play for.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from random import Random

from audio import ogg
from audio.take import FRAME_MS
from games.round import RoundOpened, TurnGiven
from server.blobs.base import Away, Blobs
from server.log.base import Log
from server.readers.announcer import Announcer, Said, Speakers
from server.room import company, playlist
from server.room.events import ClipHidden, ClipLanded, ClipRemoved, RoomClosed, TextRemoved
from server.room.held_facts import ClipHeld
from server.room.playlist import Piece, Playlist
from server.rooms.asked import prompt_of
from server.rooms.base import Room
from server.rooms.tail import Batch
from server.rtc.media import Media

log = logging.getLogger(__name__)

# Air between two clips.
GAP_MS = 300
# A cue leaves this long before its sound: a player with a buffer, who hides a voice, is then deaf in time.
CUE_LEAD_MS = 5
# When the first listener hears something older, and how long nothing new came before each other one.
GREETING_AFTER_MS = 1_200
DRIFT_AFTER_MS = 8_000
# What does not fit now is looked at again after this long, for windows close by themselves.
SAID_AGAIN_MS = 200
# A clip that is the only one comes again after this long.
REPEAT_AFTER_MS = 30_000

NOTHING = Piece(())


class RoomRadio:
    """What one room's radio plays next: pieces of one clip, or of several that make one."""

    def __init__(
        self,
        room: Room,
        log_: Log,
        blobs: Blobs,
        media: Media,
        random: Random,
        *,
        audience: Callable[[str], int],
        speech: Speakers | None = None,
    ) -> None:
        self._room = room
        self._announcer = Announcer(room, speech)
        self._log = log_
        self._blobs = blobs
        self._media = media
        self._random = random
        self._audience = audience
        self._playlist = Playlist(self._has_sound, self._is_withheld, room.state.round)
        self._fresh = asyncio.Event()
        self._last = self._playing = NOTHING
        self._mute: set[str] = set()  # clips that could not be played
        self._drifting = False
        self._is_greeted = False  # somebody listens and has heard, or will hear, something
        self._drift_at_s = self._quiet_since_s = 0.0
        self._live = False
        self._live_relayed: deque[str] = deque(maxlen=playlist.QUEUE_PIECES)  # what is refused never lands
        self._task: asyncio.Task[None] | None = None
        self.unsubscribe = room.tail.subscribe(self._read, passive=True)

    def _read(self, batch: Batch) -> None:
        for encoded in batch.events:
            match encoded.event.data:
                case ClipLanded(clip=clip, duration_ms=duration_ms) if clip in self._live_relayed:
                    self._live_relayed.remove(clip)
                    asyncio.get_running_loop().call_soon(
                        self._light_up, clip, encoded.event.at_ms, duration_ms
                    )
                    if self._playlist.relayed(encoded.event):
                        self.wake()
                    continue
                case ClipHidden(clip=clip) | ClipHeld(clip=clip) if clip in self._playing.clips:
                    self._cut()
                case ClipRemoved(clip=clip):
                    self._mute.discard(clip)
                    if clip in self._playing.clips:
                        self._cut()
                case RoomClosed():
                    self._cut()
                case RoundOpened() | TurnGiven() | TextRemoved():
                    self._fresh.set()
                case _:
                    pass
            is_more = self._announcer.read(encoded.event)
            if self._playlist.read(encoded.event) or is_more:
                self.wake()

    def _has_sound(self, clip: str) -> bool:
        """Tell whether something is a clip: a written answer has no sound."""
        return clip in self._room.state.clips

    def _is_withheld(self, clip: str) -> bool:
        """Tell whether a clip is hidden until somebody decided that it stays."""
        return clip in self._room.state.governed.withheld

    def _cut(self) -> None:
        """End what plays now, for the files of pages too."""
        self._media.stop(self._room.id)
        if self._playing.clips:
            self._room.tail.signal("cut", {"clip": self._playing.clips[-1]})
        self._fresh.set()

    def live_relayed(self, clip: str) -> None:
        """Note that a clip that is about to land was relayed live: it is not played again at once."""
        self._live_relayed.append(clip)

    def live_relay(self, *, on: bool) -> None:
        """Pause while somebody is relayed live, and go on after."""
        self._live = on
        self._fresh.set()
        if not on:
            self.wake()

    def wake(self) -> None:
        """Play on: something landed, or somebody began to listen."""
        self._announcer.joined()
        self._fresh.set()
        if self._task is None or self._task.done():
            self._room.hold()
            self._task = asyncio.ensure_future(self._run())
            self._task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._room.release()
        if not task.cancelled() and (why := task.exception()) is not None:
            log.error("the radio of room %.6s stopped", self._room.id, exc_info=why)

    async def _run(self) -> None:
        """Play until there is nothing more; the root of the task. What fails in a piece costs that piece."""
        while (piece := await self._next()) is not NOTHING:
            try:
                await (self._say(piece) if isinstance(piece, Said) else self._play(piece))
            except Exception:
                log.exception("a piece on the radio of room %.6s failed", self._room.id)
                self._playing = NOTHING
                self._give_up(*(piece.clips if isinstance(piece, Piece) else ()))
            self._quiet_since_s = self._now_s()
            self._drift_at_s = self._quiet_since_s + DRIFT_AFTER_MS / 1000

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def _next(self) -> Piece | Said:
        """Return the next piece to play; an empty one when there is nothing to play or nobody to hear it.

        A clip goes before what the radio itself has to say.
        """
        while self._live or not self._playlist:
            if self._room.state.closed:
                return NOTHING
            if not self._live and (said := await self._announcer.take(self._is_busy)) is not None:
                return said
            if self._playlist and not self._live:
                continue
            if not self._live and not self._audience(self._room.id):
                self._is_greeted = False
                return NOTHING
            if not self._is_greeted:
                self._is_greeted = True
                self._drift_at_s = self._now_s() + GREETING_AFTER_MS / 1000
            if await self._something_new(self._wait_s()):
                continue
            if self._announcer and not self._live:
                continue
            if (clip := self._older()) is not None:
                self._drifting = True
                return Piece((clip,))
            self._drift_at_s = self._now_s() + DRIFT_AFTER_MS / 1000
        self._drifting = False
        return self._playlist.pop()

    def _is_busy(self) -> bool:
        return self._live or bool(self._playlist)

    def _wait_s(self) -> float:
        """Return how long to wait before an older clip, or a count-in."""
        wait_s = self._drift_at_s - self._now_s()
        if not self._announcer or self._live:  # nothing is said over a live voice, however late it is
            return wait_s
        begins_at_ms = self._announcer.begins_at_ms()
        if begins_at_ms is None:
            return SAID_AGAIN_MS / 1000
        return min(SAID_AGAIN_MS, max(0, begins_at_ms - self._room.context().now_ms)) / 1000

    async def _something_new(self, within_s: float) -> bool:
        """Wait until a clip landed, or something else changed what is to be played."""
        self._fresh.clear()
        try:
            async with asyncio.timeout(within_s):  # `wait_for` loses a cancel that comes with it
                await self._fresh.wait()
        except TimeoutError:
            return False
        return True

    def _older(self) -> str | None:
        """Return an older clip; none in a round. The last one comes again only where it is alone."""
        state = self._room.state
        if self._playlist or self._live or state.round or not self._audience(self._room.id):
            return None
        withheld = {*self._mute, *state.governed.withheld}
        last = {*self._last.clips[-1:], *withheld}
        spared = company.spared(state, self._room.context())  # who is alone answers first, then hears
        older = state.clips.choice(self._random, {*last, *spared}) if spared else None
        older = older or state.clips.choice(self._random, last)
        if older is None and self._now_s() - self._quiet_since_s >= REPEAT_AFTER_MS / 1000:
            older = state.clips.choice(self._random, withheld)
        return older.clip if older else None

    async def _say(self, said: Said) -> None:
        """Say something; a clip that lands ends it, somebody who speaks, or who takes back its words."""
        duration_ms = said.utterance.duration_ms
        at_ms = self._room.context().now_ms + CUE_LEAD_MS
        cue = {"kind": said.kind, "url": said.url, "starts_at_ms": at_ms, "duration_ms": duration_ms}
        names = {"names": said.named, "names_at_ms": said.names_at_ms} if said.named else {}
        self._room.tail.signal("cue", {**cue, **names})
        await asyncio.sleep(CUE_LEAD_MS / 1000)
        self._media.play(self._room.id, said.utterance.frames)
        end_s = self._now_s() + duration_ms / 1000
        while (left_s := end_s - self._now_s()) > 0:
            if self._playlist or self._live or self._room.speaking or self._announcer.is_over(said):
                self._media.stop(self._room.id)
                self._room.tail.signal("cut", {"url": said.url})
                return
            await self._something_new(min(left_s, SAID_AGAIN_MS / 1000))

    async def _play(self, piece: Piece) -> None:
        frames = [await self._frames(clip) for clip in piece.clips]
        if not any(frames):
            return
        told = await self._told_of_older(piece.clips[0]) if self._drifting or piece.older else {}
        await self._until(piece)
        if not self._may_begin(piece):
            return
        self._last = self._playing = piece
        at_ms = self._room.context().now_ms + CUE_LEAD_MS
        for clip, own in zip(piece.clips, frames, strict=True):
            if own:
                self._light_up(clip, at_ms, len(own) * FRAME_MS, told)
                at_ms += len(own) * FRAME_MS
        await asyncio.sleep(CUE_LEAD_MS / 1000)
        if self._is_here(piece):
            self._media.play(self._room.id, [frame for clip in frames for frame in clip])
            await self._hear_out(piece, sum(map(len, frames)) * FRAME_MS + GAP_MS)
        self._playing = NOTHING

    async def _until(self, piece: Piece) -> None:
        """Wait until a piece is to begin; not over the end of its round, nor where it is withdrawn."""
        while (left_ms := piece.begins_at_ms - self._room.context().now_ms - CUE_LEAD_MS) > 0:
            round_ = self._room.state.round
            if self._live or not self._is_here(piece) or round_ is None or round_.id != piece.round:
                return
            await self._something_new(left_ms / 1000)

    def _may_begin(self, piece: Piece) -> bool:
        """Tell whether a piece is still to be heard, after its sound was read."""
        round_ = self._room.state.round
        if self._drifting and round_ is not None:
            return False
        if piece.begins_at_ms and (round_ is None or round_.id != piece.round):
            return False
        if self._live:
            self._play_later(piece)
        return not self._live and self._is_here(piece)

    def _light_up(
        self, clip: str, at_ms: int, duration_ms: int, told: dict[str, object] | None = None
    ) -> None:
        known = self._room.state.clips.get(clip)
        voice = {"voice": known.voice} if known is not None and known.voice else {}
        file = {"kind": "clip", "url": f"/api/clips/{clip}.ogg"}
        times = {"starts_at_ms": at_ms, "duration_ms": duration_ms}
        cue = {"clip": clip, **file, **times, **voice, **(told or {})}
        self._room.tail.signal("cue", cue)

    async def _told_of_older(self, clip: str) -> dict[str, object]:
        """Return when an older clip landed, and what it answered; a forgotten topic is gone from the log."""
        known = self._room.state.clips.get(clip)
        if known is None:
            return {}
        prompt = await prompt_of(self._log, self._room.id, known.asked_seq)
        return {"at_ms": known.at_ms, **({"prompt": prompt} if prompt else {})}

    def _play_later(self, piece: Piece) -> None:
        """Put a new piece back that a live voice interrupted; older clips are drawn again anyway."""
        if not self._drifting and self._is_here(piece):
            self._playlist.put_back(piece)

    async def _frames(self, clip: str) -> list[bytes]:
        """Return the sound of a clip; none when it is gone or damaged: then it is never drawn again.

        One whose storage is away is drawn again.
        """
        try:
            blob = await self._blobs.get(clip)
            if blob is not None:
                return ogg.read(blob.body)
        except Away as away:
            log.warning("the radio of room %.6s has no clips now: %s", self._room.id, away)
            return []
        except (ogg.BadOgg, OSError) as bad:
            log.error("the clip %.6s of room %.6s cannot be read: %s", clip, self._room.id, bad)
        self._give_up(clip)
        return []

    def _give_up(self, *clips: str) -> None:
        """Never draw these clips again: they could not be played."""
        self._mute.update(clip for clip in clips if clip in self._room.state.clips)

    async def _hear_out(self, piece: Piece, for_ms: int) -> None:
        """Wait until a piece is over: a withdrawn one at once, an older one when a new one landed.

        What is not of the running round ends when somebody's window begins.
        """
        end = self._now_s() + for_ms / 1000
        while (left := end - self._now_s()) > 0 and self._is_here(piece):
            if self._live and left > GAP_MS / 1000:
                self._play_later(piece)
            if self._live or (self._playlist and self._drifting):
                return
            if self._announcer and self._gives_way(piece, left):
                if left > GAP_MS / 1000:
                    self._cut()
                return
            quiet_in_s = self._quiet_in_s(piece)
            if quiet_in_s <= 0:
                self._cut()
                return
            heard_s = left - GAP_MS / 1000 if self._announcer and left > GAP_MS / 1000 else left
            await self._something_new(min(heard_s, quiet_in_s))

    def _gives_way(self, piece: Piece, left_s: float) -> bool:
        """Tell whether a piece ends for what the radio itself has to say: the air after it, or all of it."""
        round_ = self._room.state.round
        return left_s <= GAP_MS / 1000 or (round_ is not None and piece.round != round_.id)

    def _quiet_in_s(self, piece: Piece) -> float:
        """Return how long a piece may still sound before a window in which nobody waits for it."""
        round_ = self._room.state.round
        is_answer = round_ is not None and piece.round == round_.id and not piece.begins_at_ms
        if round_ is None or round_.turn is None or is_answer:
            return float("inf")
        return (round_.turn.go_at_ms - self._room.context().now_ms) / 1000

    def _is_here(self, piece: Piece) -> bool:
        state = self._room.state
        return (
            not state.closed
            and not any(map(self._is_withheld, piece.clips))
            and all(map(self._has_sound, piece.clips))
        )

    def leave(self) -> asyncio.Task[None] | None:
        """Stop reading and playing; return the task that is still to end. May be called again."""
        self.unsubscribe()
        if self._task is None or self._task.done():
            return None
        self._task.cancel()
        return self._task


class Radio:
    """The radios of all rooms that are awake."""

    def __init__(
        self,
        log_: Log,
        blobs: Blobs,
        media: Media,
        random: Random,
        *,
        audience: Callable[[str], int],
        speech: Speakers | None = None,
    ) -> None:
        self._speech = speech
        self._log = log_
        self._blobs = blobs
        self._media = media
        self._random = random
        self._audience = audience
        self._rooms: dict[str, RoomRadio] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    def attach(self, room: Room) -> None:
        """Give a room that woke its radio; it plays when somebody listens, who may have woken it."""
        if self._closed:
            return
        radio = RoomRadio(
            room,
            self._log,
            self._blobs,
            self._media,
            self._random,
            audience=self._audience,
            speech=self._speech,
        )
        self._rooms[room.id] = radio
        if self._audience(room.id):
            radio.wake()

    def detach(self, room: Room) -> None:
        """Take the radio from a room that falls asleep, or goes to another process while it still plays."""
        radio = self._rooms.pop(room.id, None)
        if radio is not None and (ending := radio.leave()) is not None:
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    def wake(self, room_id: str) -> None:
        """Tell that somebody began to listen in a room."""
        radio = self._rooms.get(room_id)
        if radio is not None:
            radio.wake()

    def live_relay(self, room_id: str, *, on: bool) -> None:
        """Note that somebody is relayed live in a room, or no longer is."""
        radio = self._rooms.get(room_id)
        if radio is not None:
            radio.live_relay(on=on)

    def live_relayed(self, room_id: str, clip: str) -> None:
        """Tell that a clip which is about to land was heard already."""
        radio = self._rooms.get(room_id)
        if radio is not None:
            radio.live_relayed(clip)

    async def close(self) -> None:
        """Stop all; may be called again."""
        self._closed = True
        radios, self._rooms = list(self._rooms.values()), {}
        ending = [*self._ending, *filter(None, (radio.leave() for radio in radios))]
        await asyncio.gather(*ending, return_exceptions=True)
