"""Ended takes to clips: each is finished, and lands, or is previewed where its room wants that."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from audio.take import Clip, Limits, Mask, Unfit
from audio.take import Take as Recorded
from server.room.commands import Refused
from server.room.events import Event
from server.takes.finisher import Finisher
from server.takes.life import TakeLife
from server.takes.outcomes import Outcomes
from server.takes.previewing import Previewing
from server.takes.previews import Preview
from server.takes.tasks import OwnedTasks

log = logging.getLogger(__name__)


class Completion:
    """Asks the finisher for a clip, and lets it land, shows it as a preview, or refuses the take."""

    def __init__(
        self, finisher: Finisher, outcomes: Outcomes, previewing: Previewing, tasks: OwnedTasks
    ) -> None:
        self._finisher = finisher
        self._outcomes = outcomes
        self._previewing = previewing
        self._tasks = tasks

    def recorded(self, take: TakeLife, recorded: Recorded) -> None:
        """Finish a recorded take in a task of its own."""
        self._outcomes.hand_over(take)
        self._tasks.start(self._recorded(take, recorded))

    async def _recorded(self, take: TakeLife, recorded: Recorded) -> None:
        """Finish one take; the root of its task. Whoever waits has been told when it fails."""
        try:
            await self._complete(
                take, self._finisher.take(recorded, *_wanted(take), reduces_noise=take.reduces_noise)
            )
        except (Unfit, Refused):
            return
        except Exception:
            log.exception("finishing a take failed in room %.6s", take.room.id)

    async def uploaded(self, take: TakeLife, body: bytes, media_type: str) -> Event | Preview:
        """Finish a file; return its durable `clip.landed`, or the preview where it is heard first.

        Raises `Unfit`, `Refused`, and what else fails; the take is refused then.
        """
        self._outcomes.hand_over(take)
        finished = self._finisher.upload(body, media_type, *_wanted(take), reduces_noise=take.reduces_noise)
        return await self._complete(take, finished)

    async def _complete(self, take: TakeLife, finished: Awaitable[Clip]) -> Event | Preview:
        try:
            clip = await finished
            if take.is_previewed:
                return self._previewing.show(take, clip)
            event = await self._outcomes.store(take, clip)
        except BaseException as why:
            self._outcomes.refuse(take, why)
            raise
        self._outcomes.land(take, event)
        return event


def _wanted(take: TakeLife) -> tuple[Limits, Mask | None]:
    """Return how long a take may be, and its mask: the same however often it is put on."""
    return Limits(longest_ms=take.longest_ms), Mask(take.mask, take.id) if take.mask else None
