"""Wakes who asked for it when somebody speaks in a room that was silent: a durable reader.

Whom a clip wakes is stored in the commit that moves the cursor, and goes from there when the browser's push
service has taken the message: a kill misses nobody. One between taking and storing sends it once more, under
the same topic and tag, so that a device shows it once. What was said is in no message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from server.log.base import Change, Conflict, Effect, StorageFull, Unusable
from server.push.service import SENT_AT_ONCE, Outcome, PushService
from server.push.subscriptions import READER, Subscription, Subscriptions, due_row, spoken_row
from server.readers.base import Reader, Rest
from server.room.commands import Refused
from server.room.events import ClipLanded, Language, RoomClosed
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry
from server.together import settled

# Before the voice that wakes, nobody spoke for so long.
SILENT_MS = 10 * 60_000
# Nobody is woken more often than this for a room, and not at all who did not come so many times.
PAUSE_MS, UNANSWERED = 3_600_000, 5
# Who could not be told within this time finds the voice gone.
LATE_MS = 10 * 60_000
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 120.0
LOOKED_FOR_OLD_EVERY_MS = 3_600_000
NAME_CHARACTERS = 80
_BODY: dict[Language, str] = {
    "en": "Somebody is speaking. Come and listen?",
    "de": "Da spricht jemand. Kommst du lauschen?",
}

log = logging.getLogger(__name__)


def is_awaited(one: Subscription, at_ms: int) -> bool:
    """Tell whether somebody may be woken at a time."""
    return one.unanswered < UNANSWERED and at_ms - one.woken_ms >= PAUSE_MS


def message(room: str, name: str, language: Language) -> bytes:
    """Return what a browser is told: the room's name and where it is, and nothing that was said."""
    shown = name[:NAME_CHARACTERS]
    return msgspec.json.encode({"room": room, "title": shown, "body": _BODY[language], "lang": language})


class Push(Reader):
    """Reads who speaks where, and wakes who is not there; `close` it."""

    name = READER
    # Rows that are damaged are given up: each page that is opened gives its own anew.
    derived = True
    urgent = (ClipLanded.kind, RoomClosed.kind)

    def __init__(self, subscriptions: Subscriptions, registry: RoomRegistry, service: PushService) -> None:
        self.subscriptions, self._registry, self.service = subscriptions, registry, service
        self._clock = subscriptions.clock
        self._looked_ms = 0
        self._later: dict[tuple[str, str], tuple[int, float]] = {}  # failures, and not before (loop's time)
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    # --- the reader

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Note who is to be woken by a clip; forget a room that was closed."""
        await self.subscriptions.load()
        match change.event.data:
            case ClipLanded() if change.event.by is not None and not change.event.by.machine:
                return self._spoke(change.room, change.event.by.id, change.event.at_ms) or None
            case RoomClosed():
                return self.subscriptions.closed(change.room) or None
            case _:
                return None

    def _spoke(self, room: str, voice: str, at_ms: int) -> list[Effect]:
        found, asked = self.subscriptions, self.subscriptions.of(room)
        if not asked:
            return []
        silent_ms = at_ms - found.spoken.get(room, at_ms)
        found.spoken[room] = max(at_ms, found.spoken.get(room, 0))
        effects: list[Effect] = [spoken_row(room, found.spoken[room])]
        if silent_ms < SILENT_MS or at_ms < self._clock() - LATE_MS:
            return effects
        for one in asked:
            if one.voice != voice and is_awaited(one, at_ms):
                found.due[room, one.voice] = at_ms
                effects.append(due_row(room, one.voice, at_ms))
        return effects

    async def idle(self) -> Rest:
        """Begin to wake who is to be woken; forget who did not come for long."""
        await self.subscriptions.load()
        if self.subscriptions.due:
            self._begin()
        if self._clock() - self._looked_ms < LOOKED_FOR_OLD_EVERY_MS:
            return Rest()
        self._looked_ms = self._clock()
        return Rest(self.subscriptions.old())

    # --- waking

    def _begin(self) -> None:
        self._rung.set()
        if self._task is None and not self._is_closed:
            self._task = asyncio.get_running_loop().create_task(self._wake_all(), name="push")

    async def close(self) -> None:
        """Wake nobody any more; may be called again."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.service.close()

    async def _wake_all(self) -> None:
        """Send until nobody is to be woken; the root of its task."""
        try:
            while self.subscriptions.due:
                self._rung.clear()
                now_s = asyncio.get_running_loop().time()
                ready = [each for each in self.subscriptions.due if self._not_before_s(each) <= now_s]
                if ready:
                    await settled(self._wake(*each) for each in ready[:SENT_AT_ONCE])
                    continue
                next_s = min(map(self._not_before_s, self.subscriptions.due))
                with suppress(TimeoutError):
                    async with asyncio.timeout(next_s - now_s):
                        await self._rung.wait()
        except Unusable:  # the server ends
            pass
        except Exception:
            log.exception("push.failed")
        finally:
            self._task = None
            self._later.clear()

    def _not_before_s(self, which: tuple[str, str]) -> float:
        return self._later.get(which, (0, 0.0))[1]

    async def _wake(self, room: str, voice: str) -> None:
        """Wake somebody who is not there, unless it is too late for that."""
        one, since_ms = self.subscriptions.find(room, voice), self.subscriptions.due.get((room, voice), 0)
        try:
            is_late = since_ms < self._clock() - LATE_MS
            if one is None or is_late or self._is_here(room, voice):
                await self.subscriptions.let_go(room, voice)
                self._later.pop((room, voice), None)
                return
            state = await self._registry.look(room)
            told = message(room, state.name, one.language)
            await self._settle(room, one, await self.service.send(one, told, room))
        except NoSuchRoom:
            await self.subscriptions.remove(room, voice)
        except (StorageFull, Conflict, Refused, OSError) as error:
            log.warning("push.waits for=%s", type(error).__name__)
            self._postpone(room, voice)

    async def _settle(self, room: str, one: Subscription, outcome: Outcome) -> None:
        if outcome.kind == "later":
            self._postpone(room, one.voice, outcome.pause_s)
            return
        self._later.pop((room, one.voice), None)
        if outcome.kind == "gone":
            await self.subscriptions.remove(room, one.voice)
            return
        if outcome.kind == "never":
            log.warning("push.refused status=%d", outcome.status)
        await self.subscriptions.woken(room, one, self._clock())

    def _postpone(self, room: str, voice: str, pause_s: float = 0.0) -> None:
        """Try again after the pause that was asked for, or after one that grows."""
        failures = self._later.get((room, voice), (0, 0.0))[0] + 1
        grown_s = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE_S)
        again_s = asyncio.get_running_loop().time() + max(pause_s, grown_s)
        self._later[room, voice] = failures, again_s

    def _is_here(self, room: str, voice: str) -> bool:
        known = self._registry.known(room)
        return known is not None and voice in known.context().here
