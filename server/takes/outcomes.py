"""The takes under way: each ends once, landed or refused, and that is reported once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from audio.take import Clip, Unfit
from server.blobs.base import Away, Blob
from server.blobs.unreduced import Unreduced
from server.log.base import StorageFull
from server.room.commands import Land, Refused, broken, restarting, storage_away, storage_full
from server.room.events import ClipLanded, Event
from server.takes.landing import Landing, Lands
from server.takes.life import State, TakeLife
from server.takes.observer import TakesObserver

# A finish takes 10 s at most, and may wait for another; for so long a voice counts as speaking then.
FINISHING_MS = 20_000


class Outcomes:
    """Every take that has not come to its end.

    From its beginning to its end a take keeps its room awake, and its voice counts as speaking.
    """

    def __init__(
        self,
        lands: Lands,
        observers: Sequence[TakesObserver],
        *,
        clock: Callable[[], int],
        unreduced: Unreduced | None = None,
    ) -> None:
        """`unreduced` is where sounds wait for whoever reads their words, with their noise."""
        self._lands = lands
        self._observers = observers
        self._clock = clock
        self._unreduced = Unreduced() if unreduced is None else unreduced
        self._takes: set[TakeLife] = set()

    def __len__(self) -> int:
        """Return how many takes have not come to their end."""
        return len(self._takes)

    def unanswered(self) -> list[asyncio.Future[Event | None]]:
        """Return the answers that are not known yet; those of previewed takes are."""
        return [take.answer for take in self._takes if not take.answer.done()]

    # --- on the way

    def begin(self, take: TakeLife, *, until_ms: int) -> None:
        """Add a take; its voice counts as speaking until its end, at most until `until_ms`."""
        take.room.hold()
        self._takes.add(take)
        take.room.begin_speaking(take.voice.id, take.id, until_ms=until_ms)

    def cut(self, take: TakeLife) -> None:
        """Note that nothing is added to an open take any more."""
        self._go(take, "ended")

    def hand_over(self, take: TakeLife) -> None:
        """Note that an ended take is being finished: its speaker may begin another."""
        self._go(take, "finishing")
        take.room.begin_speaking(take.voice.id, take.id, until_ms=self._clock() + FINISHING_MS)

    def wait(self, take: TakeLife, *, until_ms: int) -> None:
        """Note that a take waits for its speaker's word, and its round with it."""
        self._go(take, "previewed")
        take.room.begin_speaking(take.voice.id, take.id, until_ms=until_ms)
        take.reply(None)

    async def store(self, take: TakeLife, clip: Clip) -> Event:
        """Let the clip of a take land; return its durable event. Raises what the room and the storage do."""
        if take.was_relayed:
            for observer in self._observers:
                observer.live_relayed(take.room.id, take.id)
        command = Land(_landed(take, clip), take.began_at_ms, take.claimed_reaction_ms, let_in=True)
        if clip.unreduced is not None:
            self._unreduced.keep(take.id, clip.unreduced)
        try:
            return await self._lands.land(Landing(command, take.voice, Blob(take.id, take.room.id, clip.ogg)))
        except BaseException as failed:
            self._unreduced.drop(take.id)
            if isinstance(failed, StorageFull):
                raise storage_full() from failed
            if isinstance(failed, Away):
                raise storage_away() from failed
            raise

    def tell(self, take: TakeLife, state: str, *, peer: str | None = None, **more: object) -> None:
        """Send the signal `take` to the speaker of a take; `peer` is its own unless given."""
        told = {"peer": take.peer if peer is None else peer, "state": state, **more}
        take.room.tail.signal("take", told, to=take.voice.id)

    # --- the end

    def land(self, take: TakeLife, event: Event) -> None:
        """End a take whose clip is stored; of an upload that nobody previewed its request tells."""
        self._end(take, "landed", "landed")
        if take.peer or take.was_previewed:
            self.tell(take, "landed", peer="" if take.was_previewed else None, clip=take.id)
        take.reply(event)

    def refuse(self, take: TakeLife, why: BaseException) -> None:
        """End a take that cannot land, and tell its speaker; of an upload its request tells."""
        refused = _refusal(why)
        self._end(take, "refused", refused.code)
        if take.peer:
            self.tell(take, "refused", code=refused.code, message=refused.message)
        take.reply(refused)

    def drop(self, take: TakeLife, outcome: str) -> None:
        """End a previewed take that its speaker does not keep, without a word."""
        self._end(take, "refused", outcome)

    def close(self) -> None:
        """Refuse every take that has not come to its end; may be called again."""
        for take in list(self._takes):
            self.refuse(take, restarting())

    def _end(self, take: TakeLife, state: State, outcome: str) -> None:
        """Bring a take to its one end: its voice is silent, its room may sleep, and it is counted."""
        self._go(take, state)
        self._takes.discard(take)
        take.room.end_speaking(take.voice.id, take.id)
        take.room.release()
        for observer in self._observers:
            observer.take_ended(outcome, take.spent_s)

    def _go(self, take: TakeLife, state: State) -> None:
        take.go(state, time.monotonic())


def _landed(take: TakeLife, clip: Clip) -> ClipLanded:
    return ClipLanded(
        take.id,
        clip.duration_ms,
        clip.onset_ms,
        clip.gap_ms,
        clip.loudness_lufs,
        clip.peaks,
        masked=clip.mask is not None,
        source=take.source,
        mask=clip.mask,
        speech_ms=clip.speech_ms,
    )


def _refusal(why: BaseException) -> Refused:
    """Return what is told of a take that failed."""
    match why:
        case Refused():
            return why
        case Unfit(code=code, message=message):
            return Refused(code, message)
        case asyncio.CancelledError():
            return restarting()
        case _:
            return broken()
