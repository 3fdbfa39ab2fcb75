"""What comes of takes: each lands, perhaps after its speaker has heard it, or is refused; told once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from audio.take import Clip, Limits, Unfit
from audio.take import Take as Recorded
from server.log.base import Blob
from server.room.actor import Room
from server.room.commands import Land, Refused, broken, restarting
from server.room.events import ClipLanded, Event, Voice
from server.room.flow import kind_of
from server.room.house import House
from server.takes.finisher import Finisher
from server.takes.life import State, TakeLife
from server.takes.observer import TakesObserver
from server.takes.previews import Preview, Previews

log = logging.getLogger(__name__)
T = TypeVar("T")

# A finish takes 10 s at most, and may wait for another; for so long a voice counts as speaking then.
FINISHING_MS = 20_000


class Outcomes:
    """Owns every take that has not come to its end, and brings it there."""

    def __init__(
        self,
        house: House,
        finisher: Finisher,
        observers: Sequence[TakesObserver],
        *,
        clock: Callable[[], int],
    ) -> None:
        self._house = house
        self._finisher = finisher
        self._observers = observers
        self._clock = clock
        self._takes: set[TakeLife] = set()
        self._previews = Previews(clock)
        self._keeping: dict[str, asyncio.Task[Event]] = {}  # previews that are landing
        self._tasks: set[asyncio.Task[Any]] = set()
        self._expiry: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many takes have not come to their end."""
        return len(self._takes)

    def under_way(self) -> list[asyncio.Future[Any]]:
        """Return what is waited for before the server stops: all but previews that nobody has answered."""
        return [*self._keeping.values(), *(take.answer for take in self._takes if not take.answer.done())]

    # --- from the beginning to a clip

    def begin(self, take: TakeLife, *, until_ms: int) -> None:
        """Take in a take; its voice counts as speaking until its end, or else until `until_ms`."""
        take.room.hold()
        self._takes.add(take)
        take.room.begin_speaking(take.voice.id, take.id, until_ms=until_ms)

    def cut(self, take: TakeLife) -> None:
        """Note that nothing is added to an open take any more."""
        self._go(take, "ended")

    def tell_cut(self, take: TakeLife) -> None:
        """Tell a speaker that the limit has cut a take."""
        self._tell(take, "cut")

    def finish_recorded(self, take: TakeLife, recorded: Recorded) -> None:
        """Finish what a microphone sent, and see the ended take to its end."""
        self._hand_over(take)
        self._own(self._finish_recorded(take, recorded))

    async def _finish_recorded(self, take: TakeLife, recorded: Recorded) -> None:
        """Finish one take; the root of its task. Whoever waits has been told when it fails."""
        try:
            clip = self._finisher.take(recorded, Limits(longest_ms=take.longest_ms))
            await self._finish(take, clip)
        except (Unfit, Refused):
            return
        except Exception:
            log.exception("finishing a take failed in room %.6s", take.room.id)

    async def finish_upload(self, take: TakeLife, body: bytes, media_type: str) -> Event | Preview:
        """Finish a file; return its durable `clip.landed`, or the preview where it is heard first.

        Raises `Unfit`, `Refused`, and what else fails; the take is refused then.
        """
        self._hand_over(take)
        return await self._finish(
            take, self._finisher.upload(body, media_type, Limits(longest_ms=take.longest_ms))
        )

    def _hand_over(self, take: TakeLife) -> None:
        """Let an ended take be finished: its speaker may begin another, and counts as speaking meanwhile."""
        self._go(take, "finishing")
        take.room.begin_speaking(take.voice.id, take.id, until_ms=self._clock() + FINISHING_MS)

    async def _finish(self, take: TakeLife, clip: Awaitable[Clip]) -> Event | Preview:
        try:
            made = await clip
            if kind_of(take.room.state).preview:
                return self._show(take, made)
            event = await self._land(take, made)
        except BaseException as why:
            self.refuse(take, _refusal(why))
            raise
        self._end(take, "landed", "landed")
        if take.peer:
            self._tell(take, "landed", clip=take.id)
        take.reply(event)
        return event

    async def _land(self, take: TakeLife, clip: Clip) -> Event:
        room_id = take.room.id
        if take.was_relayed:
            for observer in self._observers:
                observer.live_relayed(room_id, take.id)
        command = Land(_landed(take, clip), take.began_at_ms, take.claimed_reaction_ms, let_in=True)
        blobs = [Blob(take.id, room_id, clip.ogg)]
        events = await self._house.send(room_id, command, by=take.voice, key=take.id, blobs=blobs)
        return events[0]

    # --- the end

    def refuse(self, take: TakeLife, why: Refused) -> None:
        """End a take that cannot land, and tell its speaker."""
        self._end(take, "refused", why.code)
        if take.peer:
            self._tell(take, "refused", code=why.code, message=why.message)
        take.reply(why)

    def _end(self, take: TakeLife, state: State, outcome: str) -> None:
        """Bring a take to its one end: its voice is silent, its room may sleep, and it is counted."""
        self._go(take, state)
        self._takes.discard(take)
        self._previews.pop(take.id)
        take.room.end_speaking(take.voice.id, take.id)
        take.room.release()
        for observer in self._observers:
            observer.take_ended(outcome, take.spent_s)

    def _go(self, take: TakeLife, state: State) -> None:
        take.go(state, time.monotonic())

    def _tell(self, take: TakeLife, state: str, *, peer: str | None = None, **more: object) -> None:
        told = {"peer": take.peer if peer is None else peer, "state": state, **more}
        take.room.tail.signal("take", told, to=take.voice.id)

    # --- previews

    def _show(self, take: TakeLife, clip: Clip) -> Preview:
        """Tell a speaker that a take can be heard; meanwhile it is on its way, and its round waits."""
        self.replace_previews(take.room, take.voice)
        self._go(take, "previewed")
        made = self._previews.add(take, clip)
        take.room.begin_speaking(take.voice.id, take.id, until_ms=made.until_ms)
        self._tell(take, "preview", preview=made.id, duration_ms=clip.duration_ms, peaks=clip.peaks)
        take.reply(None)
        self._sweep()
        return made

    def preview(self, id_: str) -> Preview | None:
        """Return a preview that may be heard."""
        return self._previews.get(id_)

    async def keep(self, kept: Preview) -> Event:
        """Let a heard take land and return its durable `clip.landed`. Raises what landing raises.

        Whoever asks again while it lands gets the same event. One that could not land waits again.
        """
        landing = self._keeping.get(kept.id)
        if landing is None:
            self._go(kept.take, "finishing")
            landing = self._keeping[kept.id] = self._own(self._keep(kept))
        return await asyncio.shield(landing)

    async def _keep(self, kept: Preview) -> Event:
        try:
            event = await self._land(kept.take, kept.clip)
        except BaseException:
            del self._keeping[kept.id]
            self._go(kept.take, "previewed")
            if kept.is_replaced:
                self._drop(kept, "replaced")
            self._sweep()
            raise
        del self._keeping[kept.id]
        self._end(kept.take, "landed", "landed")
        self._tell(kept.take, "landed", peer="", clip=kept.id)
        return event

    def drop(self, dropped: Preview) -> None:
        """Let go of a heard take that is not landing already. Raises `Refused`."""
        if dropped.take.state != "previewed":
            raise Refused("no_such_preview", "You have kept this take already.")
        self._drop(dropped, "dropped")

    def replace_previews(self, room: Room, voice: Voice) -> None:
        """Let go of what a voice has not answered for, as it has begun another take."""
        for preview in self._previews.of(room.id, voice):
            preview.is_replaced = True
            if preview.take.state == "previewed":
                self._drop(preview, "replaced")

    def _drop(self, preview: Preview, outcome: str) -> None:
        self._end(preview.take, "refused", outcome)

    def _sweep(self) -> None:
        """Drop previews whose time is over, and the oldest of too many; look again when the next is due."""
        for preview in self._previews.expired():
            self._drop(preview, "expired")
        for preview in self._previews.surplus():
            self._drop(preview, "too_many")
        self._stop_expiry()
        if (next_ms := self._previews.next_ms()) is not None:
            wait_s = max(next_ms - self._clock(), 0) / 1000
            self._expiry = asyncio.get_running_loop().call_later(wait_s, self._sweep)

    def _stop_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    # --- tasks

    def _own(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._let_go)
        return task

    def _let_go(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits is told; when nobody does any more, nobody has to be

    async def close(self) -> None:
        """Stop finishing, and refuse every take that has not come to its end; may be called again."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._stop_expiry()
        for take in list(self._takes):
            self.refuse(take, restarting())


def _landed(take: TakeLife, clip: Clip) -> ClipLanded:
    return ClipLanded(
        take.id,
        clip.duration_ms,
        clip.onset_ms,
        clip.gap_ms,
        clip.loudness_lufs,
        clip.peaks,
        source=take.source,
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
