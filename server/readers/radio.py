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
from games.round import RoundClosed, RoundRevealed
from server.log.base import Log
from server.room.events import ClipHidden, ClipLanded, ClipRemoved, ClipRestored, RoomClosed
from server.rooms.base import Room
from server.rooms.tail import Batch
from server.rtc.media import Media

log = logging.getLogger(__name__)

# Air between two clips.
GAP_MS = 300
# When nothing new came for this long, the radio drifts through older clips.
DRIFT_AFTER_MS = 8_000
# Clips that land faster than they can be played are skipped from the oldest on.
QUEUE_PIECES = 64
# A replay of more clips is played in parts: 10 minutes of the longest (3 MB) are one message to a worker.
PIECE_CLIPS = 20

Piece = tuple[str, ...]


class RoomRadio:
    """What one room's radio plays next: pieces of one clip, or of several that make one."""

    def __init__(
        self, room: Room, log_: Log, media: Media, random: Random, *, audience: Callable[[str], int]
    ) -> None:
        self._room = room
        self._log = log_
        self._media = media
        self._random = random
        self._audience = audience
        self._queue: deque[Piece] = deque(maxlen=QUEUE_PIECES)
        self._fresh = asyncio.Event()
        self._last: Piece = ()
        self._playing: Piece = ()
        self._mute: set[str] = set()  # clips that could not be played
        self._held: deque[Piece] = deque(maxlen=QUEUE_PIECES)  # with clips that are hidden for now
        self._drifting = False
        self._live = False
        self._live_relayed: deque[str] = deque(maxlen=QUEUE_PIECES)  # what is refused never lands
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
                case ClipLanded(clip=clip, hidden=False):
                    self._add((clip,))
                case RoundRevealed(takes=takes):
                    for take in takes:
                        self._add((take.clip,))
                case RoundClosed(replay=replay) if replay:
                    for at in range(0, len(replay), PIECE_CLIPS):
                        self._add(tuple(replay[at : at + PIECE_CLIPS]))
                case ClipHidden(clip=clip):
                    self._hold_back(clip)
                case ClipRestored(clip=clip):
                    self._let_through(clip)
                case ClipRemoved(clip=clip):
                    self._withdraw(clip)
                case RoomClosed():
                    self._fall_silent()
                case _:
                    pass

    def _add(self, piece: Piece) -> None:
        state = self._room.state
        if not all(clip in state.clips for clip in piece):  # a written answer has no sound
            return
        if any(clip in state.governed.withheld for clip in piece):
            self._held.append(piece)
            return
        self._queue.append(piece)
        self.wake()

    def _hold_back(self, clip: str) -> None:
        """Keep what is hidden for now, to be played when somebody has decided that it stays."""
        waiting = [piece for piece in self._queue if clip in piece]
        self._withdraw(clip)
        self._held.extend(waiting)

    def _let_through(self, clip: str) -> None:
        for piece in [piece for piece in self._held if clip in piece]:
            self._held.remove(piece)
            self._add(piece)

    def _withdraw(self, clip: str) -> None:
        self._mute.discard(clip)
        for queue in (self._queue, self._held):
            for piece in [piece for piece in queue if clip in piece]:
                queue.remove(piece)
        if clip in self._playing:
            self._media.stop(self._room.id)
            self._fresh.set()

    def _fall_silent(self) -> None:
        self._queue.clear()
        self._held.clear()
        self._media.stop(self._room.id)
        self._fresh.set()

    def live_relayed(self, clip: str) -> None:
        """Note that a clip which lands now was heard while it was spoken: it is not played again at once."""
        self._live_relayed.append(clip)

    def live_relay(self, *, on: bool) -> None:
        """Give way to somebody who is heard while speaking, or go on after."""
        self._live = on
        self._fresh.set()
        if not on:
            self.wake()

    def wake(self) -> None:
        """Play on: something landed, or somebody began to listen."""
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
        while piece := await self._next():
            try:
                await self._play(piece)
            except Exception:
                log.exception("a piece on the radio of room %.6s failed", self._room.id)
                self._playing = ()
                self._give_up(*piece)

    async def _next(self) -> Piece:
        """Return the next piece to play; an empty one when there is nothing and nobody."""
        while self._live or not self._queue:
            if self._room.state.closed:
                return ()
            if not self._live and not self._audience(self._room.id):
                return ()
            if not await self._something_new(DRIFT_AFTER_MS / 1000) and (clip := self._older()) is not None:
                self._drifting = True
                return (clip,)
        self._drifting = False
        return self._queue.popleft()

    async def _something_new(self, within_s: float) -> bool:
        """Wait for a clip to land, or for a reason to look again."""
        self._fresh.clear()
        try:
            async with asyncio.timeout(within_s):  # `wait_for` loses a cancel that comes with it
                await self._fresh.wait()
        except TimeoutError:
            return False
        return True

    def _older(self) -> str | None:
        """Return an older clip, never the last one again; none while a round wants quiet."""
        state = self._room.state
        if self._queue or self._live or state.round or not self._audience(self._room.id):
            return None
        older = state.clips.choice(self._random, {*self._last[-1:], *self._mute, *state.governed.withheld})
        return older.clip if older else None

    async def _play(self, piece: Piece) -> None:
        frames = [await self._frames(clip) for clip in piece]
        if not any(frames):
            return
        if self._live:
            self._play_later(piece)
            return
        at_ms, _ = self._media.play(self._room.id, [frame for clip in frames for frame in clip])
        self._last = self._playing = piece
        for clip, own in zip(piece, frames, strict=True):
            if not own:
                continue
            self._light_up(clip, at_ms, len(own) * FRAME_MS)
            at_ms += len(own) * FRAME_MS
        await self._hear_out(piece, sum(map(len, frames)) * FRAME_MS + GAP_MS)
        self._playing = ()

    def _light_up(self, clip: str, at_ms: int, duration_ms: int) -> None:
        cue = {"clip": clip, "starts_at_ms": at_ms, "duration_ms": duration_ms}
        self._room.tail.signal("cue", cue)

    def _play_later(self, piece: Piece) -> None:
        """Keep what is new and had to give way to a live voice; older clips come by again anyway.

        It is the oldest: when enough landed meanwhile that the queue is full, it is the one to be skipped.
        """
        is_wanted = not self._drifting and self._is_here(piece)
        if is_wanted and len(self._queue) < QUEUE_PIECES:
            self._queue.appendleft(piece)

    async def _frames(self, clip: str) -> list[bytes]:
        """Return the sound of a clip; none when it is gone or damaged: then it does not come by again."""
        try:
            blob = await self._log.blob(clip)
            if blob is not None:
                return ogg.read(blob.body)
        except (ogg.BadOgg, OSError) as bad:
            log.error("the clip %.6s of room %.6s cannot be read: %s", clip, self._room.id, bad)
        self._give_up(clip)
        return []

    def _give_up(self, *clips: str) -> None:
        """Let clips not come by again that could not be played."""
        self._mute.update(clip for clip in clips if clip in self._room.state.clips)

    async def _hear_out(self, piece: Piece, for_ms: int) -> None:
        """Wait until a piece is over: a withdrawn one at once, an older one when a new one landed."""
        loop = asyncio.get_running_loop()
        end = loop.time() + for_ms / 1000
        while (left := end - loop.time()) > 0 and self._is_here(piece):
            if self._live and left > GAP_MS / 1000:
                self._play_later(piece)
            if self._live or (self._queue and self._drifting):
                return
            await self._something_new(left)

    def _is_here(self, piece: Piece) -> bool:
        state = self._room.state
        if state.closed:
            return False
        return all(clip in state.clips and clip not in state.governed.withheld for clip in piece)

    def leave(self) -> asyncio.Task[None] | None:
        """Read no more and begin to fall silent; return what is still to end. May be called again."""
        self.unsubscribe()
        if self._task is None or self._task.done():
            return None
        self._task.cancel()
        return self._task


class Radio:
    """The radios of all rooms that are awake."""

    def __init__(self, log_: Log, media: Media, random: Random, *, audience: Callable[[str], int]) -> None:
        self._log = log_
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
        radio = RoomRadio(room, self._log, self._media, self._random, audience=self._audience)
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
        """Tell that somebody is heard in a room while speaking, or not any more."""
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
