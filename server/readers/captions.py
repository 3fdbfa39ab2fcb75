"""Captions: the words of each clip that landed, by speech recognition.

A durable reader whose rows are the clips that wait for their words, newest first. What waits in memory is
bounded: whatever does not fit is in the rows, and is taken up when there is room. A caption is a command to
the clip's room, which keeps the first one of a clip, and its event takes the row away: so a kill repeats
nothing that is seen, and misses nothing. A clip on which the engine fails `TRIES` times is set aside.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct

from games.pace import WORDS_WAIT_MS
from server.blobs.base import Blobs
from server.blobs.unreduced import Unreduced
from server.engines.transcriber import LanguageMissing, Transcriber
from server.engines.worker import EngineFailed
from server.log.base import Change, Effect, Log, Projected, Withdrawn
from server.readers.base import Reader, Rest
from server.room.clips import Clip
from server.room.commands import RESTARTING, Caption, Refused
from server.room.events import ClipCaptioned, ClipLanded, ClipRemoved
from server.room.state import RoomState
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry

log = logging.getLogger(__name__)

# Clips that wait in memory; of a minute's takes in a hundred rooms all have their place.
QUEUE_CLIPS = 256
# How often the engine may fail on a clip, and the pauses before the next try.
TRIES = 3
PAUSES_MS = (1_000, 15_000)
# What became of clips is stored this often, and rows that wait are looked at.
LOOKED_AT_EVERY_MS = 1_000
# The parts in which a clip waits, by how often it was tried, and the one for those that are set aside.
WAITING = ("waiting", "tried_once", "tried_twice")
ASIDE = "aside"
# Rows are read in the order of their numbers: the newest clip has the lowest.
_LAST_MS = 2**62


class _Job(Struct, frozen=True):
    """A clip that waits for its words."""

    room: str
    clip: str
    at_ms: int
    in_round: bool = False
    tries: int = 0
    not_before_ms: int = 0

    def row(self, part: str) -> Projected:
        return Projected(self.room, self.clip, part, _LAST_MS - self.at_ms)


class Captions(Reader):
    """Writes captions, `workers` at once: those first for which a round waits, then the newest."""

    name = "captions"
    derived = True
    urgent = (ClipLanded.kind, ClipCaptioned.kind, ClipRemoved.kind)

    def __init__(
        self,
        registry: RoomRegistry,
        log_: Log,
        blobs: Blobs,
        engine: Transcriber,
        clock: Callable[[], int],
        *,
        workers: int = 1,
        unreduced: Unreduced | None = None,
        told: Callable[[str, float], None] = lambda _outcome, _took_s: None,
    ) -> None:
        """Tell `told` what came of each clip, and how long after its landing.

        Sounds in `unreduced` are read instead of their clips.
        """
        self._registry, self._log, self._blobs, self._engine = registry, log_, blobs, engine
        self._clock, self._workers, self._told = clock, workers, told
        self._unreduced = Unreduced() if unreduced is None else unreduced
        self._queue: dict[str, _Job] = {}
        self._at_work: dict[str, _Job] = {}
        self._over: set[str] = set()  # of those at work: whatever comes of them, they wait no more
        self._tasks: set[asyncio.Task[None]] = set()
        self._due: asyncio.TimerHandle | None = None  # when the next one of those that wait may be tried
        self._effects: list[Effect] = []
        self._more = True  # rows wait that are not in the queue
        self._is_caught_up = self._is_closed = False

    @property
    def waiting(self) -> int:
        """Return how many clips wait in memory or are listened to now."""
        return len(self._queue) + len(self._at_work)

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Note a clip that landed, until its words are known or it is removed."""
        match change.event.data:
            case ClipLanded(clip=clip, round=round_):
                job = _Job(change.room, clip, change.event.at_ms, round_ is not None)
                self._enqueue(job)
                self._work()
                return [job.row(WAITING[0])]
            case ClipCaptioned(clip=clip) | ClipRemoved(clip=clip):
                self._queue.pop(clip, None)
                self._unreduced.drop(clip)
                self._over |= {clip} & self._at_work.keys()
                return [Withdrawn(change.room, clip)]
            case _:
                return None

    async def idle(self) -> Rest:
        """Take up what waits in the rows; store what became of clips."""
        self._is_caught_up = True
        await self._take_up()
        self._work()
        effects, self._effects = self._effects, []
        return Rest(effects, LOOKED_AT_EVERY_MS if self.waiting or self._more or effects else None)

    async def close(self) -> None:
        """Stop listening where it is, as a kill would; may be called again."""
        self._is_closed = True
        self._wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _enqueue(self, job: _Job) -> None:
        """Let a clip wait; when there are too many, the oldest waits in its row alone."""
        if job.clip in self._at_work:
            return
        self._queue[job.clip] = job
        if len(self._queue) > QUEUE_CLIPS:
            oldest = min(self._queue.values(), key=lambda each: each.at_ms)
            del self._queue[oldest.clip]
            self._more = True

    async def _take_up(self) -> None:
        """Fill half of the queue from the rows, newest first."""
        if not self._more or len(self._queue) > QUEUE_CLIPS // 2:
            return
        self._more = False
        gone = {effect.item for effect in self._effects}
        for tries, part in enumerate(WAITING):
            rows = await self._log.projection(self.name, part, limit=QUEUE_CLIPS)
            self._more = self._more or len(rows) == QUEUE_CLIPS
            for row in rows:
                if row.item not in self._queue and row.item not in gone:
                    self._enqueue(_Job(row.room, row.item, _LAST_MS - row.number, tries=tries))

    def _next(self) -> _Job | None:
        """Take the clip that comes next out of the queue."""
        now_ms = self._clock()
        due = [job for job in self._queue.values() if job.not_before_ms <= now_ms]
        if not due:
            return None
        waited_for = now_ms - WORDS_WAIT_MS
        job = max(due, key=lambda each: (each.in_round and each.at_ms >= waited_for, each.at_ms))
        return self._queue.pop(job.clip)

    def _work(self) -> None:
        """Let there be as many at work as may be, once what happened before is known."""
        while self._is_caught_up and not self._is_closed and len(self._tasks) < self._workers:
            job = self._next()
            if job is None:
                break
            self._at_work[job.clip] = job
            task = asyncio.get_running_loop().create_task(self._caption(job), name=f"caption {job.clip[:6]}")
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        self._wait()

    def _wait(self) -> None:
        """Have the next try begin when it is due, whatever else happens; one timer, of one pause at most."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._is_closed or not self._is_caught_up or not self._queue or len(self._tasks) >= self._workers:
            return
        wait_ms = min(job.not_before_ms for job in self._queue.values()) - self._clock()
        loop = asyncio.get_running_loop()
        self._due = loop.call_later(min(max(1, wait_ms), PAUSES_MS[-1]) / 1000, self._work)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._work()

    async def _caption(self, job: _Job) -> None:
        """Listen to a clip and tell its room; the root of its task."""
        try:
            outcome = await self._heard(job)
        except EngineFailed as failed:
            self._failed(job, str(failed))
        except (OSError, Refused) as away:  # the storage, or the server closes: no fault of the clip
            self._queue[job.clip] = _later(job, self._clock() + PAUSES_MS[0])
            log.warning("captions.waits clip=%.6s for=%s", job.clip, type(away).__name__)
        except Exception:
            log.exception("captions.broke clip=%.6s", job.clip)
            self._failed(job, "see above")
        else:
            self._effects.append(Withdrawn(job.room, job.clip))
            self._unreduced.drop(job.clip)
            if outcome:
                self._told(outcome, max(0, self._clock() - job.at_ms) / 1000)
        finally:
            self._at_work.pop(job.clip, None)
            self._over.discard(job.clip)

    async def _heard(self, job: _Job) -> str:
        """Let a clip get its words; return what came of it, "" when there was nothing to do."""
        with suppress(NoSuchRoom):
            state = await self._registry.look(job.room)
            known, blob = state.clips.get(job.clip), await self._blobs.get(job.clip)
            if known is None or known.is_captioned or blob is None:
                return ""
            try:
                sound = self._unreduced.get(job.clip) or blob.body
                return await self._written(job, state, known, sound)
            except LanguageMissing:
                return "no_language"
        return ""

    async def _written(self, job: _Job, state: RoomState, known: Clip, sound: bytes) -> str:
        landed = await self._log.read(job.room, known.seq - 1, 1)
        speech_ms = landed[0].data.speech_ms if landed and isinstance(landed[0].data, ClipLanded) else None
        heard = await self._engine.transcribe(sound, state.language, speech_ms=speech_ms)
        caption = ClipCaptioned(job.clip, heard.text, heard.language, words=heard.words, by=self._engine.name)
        try:
            await self._registry.send(job.room, Caption(caption), by=None, quiet=True)
        except Refused as refused:
            if refused.code in (RESTARTING, "storage_full"):
                raise
            return ""
        return "words" if heard.text else "no_words"

    def _failed(self, job: _Job, why: str) -> None:
        """Let a clip wait for its next try, or set it aside; not one that was removed meanwhile."""
        if job.clip in self._over:
            return
        tries = job.tries + 1
        if tries < TRIES:
            self._effects.append(job.row(WAITING[tries]))
            self._queue[job.clip] = _later(job, self._clock() + PAUSES_MS[tries - 1], tries)
            self._told("failed", 0.0)
            log.warning("captions.failed clip=%.6s tries=%d %s", job.clip, tries, why)
        else:
            self._effects.append(job.row(ASIDE))
            self._unreduced.drop(job.clip)
            self._told("set_aside", 0.0)
            log.error("captions.set_aside clip=%.6s %s", job.clip, why)


def _later(job: _Job, not_before_ms: int, tries: int | None = None) -> _Job:
    return _Job(
        job.room, job.clip, job.at_ms, job.in_round, job.tries if tries is None else tries, not_before_ms
    )
