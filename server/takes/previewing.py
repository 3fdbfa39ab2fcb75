"""Finished takes that wait for their speaker's word: kept, dropped, replaced, or let go in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from audio.take import Clip
from server.room.commands import Refused
from server.room.events import Event, Voice
from server.rooms.base import Room
from server.takes.life import TakeLife
from server.takes.outcomes import Outcomes
from server.takes.previews import Preview, Previews
from server.takes.tasks import OwnedTasks


class Previewing:
    """Shows finished takes to their speakers alone, and does what they say."""

    def __init__(self, outcomes: Outcomes, tasks: OwnedTasks, *, clock: Callable[[], int]) -> None:
        self._outcomes = outcomes
        self._tasks = tasks
        self._clock = clock
        self._previews = Previews(clock)
        self._landing: dict[str, asyncio.Task[Event]] = {}
        self._expiry: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many previews there are."""
        return len(self._previews)

    def landing(self) -> list[asyncio.Task[Event]]:
        """Return the landings under way."""
        return list(self._landing.values())

    def get(self, id_: str) -> Preview | None:
        """Return a preview that may be heard."""
        return self._previews.get(id_)

    def show(self, take: TakeLife, clip: Clip) -> Preview:
        """Tell a speaker that a finished take can be heard; meanwhile its round waits."""
        self.replace(take.room, take.voice)
        made = self._previews.add(take, clip)
        self._outcomes.wait(take, until_ms=made.until_ms)
        take.room.hear(take.voice.id, on=False)
        self._outcomes.tell(take, "preview", preview=made.id, duration_ms=clip.duration_ms, peaks=clip.peaks)
        self._sweep()
        return made

    async def keep(self, kept: Preview) -> Event:
        """Let a heard take land and return its durable `clip.landed`. Raises what the room does.

        Whoever asks again while it lands gets the same event. One that could not land waits again.
        """
        landing = self._landing.get(kept.id)
        if landing is None:
            self._outcomes.hand_over(kept.take)
            landing = self._landing[kept.id] = self._tasks.start(self._land(kept))
        return await asyncio.shield(landing)

    async def _land(self, kept: Preview) -> Event:
        try:
            event = await self._outcomes.store(kept.take, kept.clip)
        except BaseException:
            self._wait_again(kept)
            raise
        finally:
            del self._landing[kept.id]
        self._previews.pop(kept.id)
        self._outcomes.land(kept.take, event)
        return event

    def _wait_again(self, kept: Preview) -> None:
        self._outcomes.wait(kept.take, until_ms=kept.until_ms)
        if kept.is_replaced:
            self._let_go(kept, "replaced")
        self._sweep()

    def drop(self, dropped: Preview) -> None:
        """Let go of a heard take that is not landing already. Raises `Refused`."""
        if dropped.take.state != "previewed":
            raise Refused("no_such_preview", "You have kept this take already.")
        self._let_go(dropped, "dropped")

    def replace(self, room: Room, voice: Voice) -> None:
        """Let go of what a voice has not answered for, as it has begun another take."""
        for preview in self._previews.of(room.id, voice):
            preview.is_replaced = True
            if preview.take.state == "previewed":
                self._let_go(preview, "replaced")

    def _let_go(self, preview: Preview, outcome: str) -> None:
        self._previews.pop(preview.id)
        self._outcomes.drop(preview.take, outcome)

    def _sweep(self) -> None:
        """Let go of what nobody answered in time, and of the oldest of too many; look again in time."""
        for preview in self._previews.expired():
            self._let_go(preview, "expired")
        for preview in self._previews.surplus():
            self._let_go(preview, "too_many")
        self._stop_expiry()
        if (next_ms := self._previews.next_ms()) is not None:
            wait_s = max(next_ms - self._clock(), 0) / 1000
            self._expiry = asyncio.get_running_loop().call_later(wait_s, self._sweep)

    def _stop_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def close(self) -> None:
        """Forget all, whose takes are refused by whoever owns them; may be called again."""
        self._stop_expiry()
        self._previews.clear()
        self._landing.clear()
