"""Wakes who asked for it when somebody speaks in a room that was silent: a durable reader.

Whom a clip wakes is stored in the commit that moves the cursor, and goes from there when the browser's push
service has taken the message: a kill misses nobody. One between taking and storing sends it once more, under
the same topic and tag, so that a device shows it once. What was said is in no message.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from server.log.base import Change, Conflict, DamagedProgress, Effect, StorageFull, Unusable
from server.pauses import doubled
from server.push.service import SENT_AT_ONCE, PushService
from server.push.subscriptions import READER, Subscription, Subscriptions, due_row, spoken_row
from server.readers.base import Reader, Rest, Unavailable
from server.room.commands import Refused
from server.room.events import ClipLanded, Language, RoomClosed
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry
from server.rota import Rota

# Before the voice that wakes, nobody spoke for so long.
SILENT_MS = 10 * 60_000
# Nobody is woken more often than this for a room, and not at all who did not come so many times.
PAUSE_MS, UNANSWERED = 3_600_000, 5
# When a room was spoken in last is stored this often; a restart takes the silence for so much longer.
SPOKEN_EVERY_MS = 60_000
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


_Who = tuple[str, str]  # room and voice


class Push(Reader):
    """Reads who speaks where, and wakes who is not there; `close` it."""

    name = READER
    # Rows that are damaged are given up: a page that had its visitor woken subscribes anew when it is opened.
    derived = True
    urgent = (ClipLanded.kind, RoomClosed.kind)

    def __init__(self, subscriptions: Subscriptions, registry: RoomRegistry, service: PushService) -> None:
        self.subscriptions, self._registry, self.service = subscriptions, registry, service
        self._clock = subscriptions.clock
        self._looked_ms = 0
        self._rota: Rota[_Who] = Rota(self._serve, at_once=SENT_AT_ONCE, name="push_wakes")
        self._failures: dict[_Who, int] = {}
        self._unreached: set[_Who] = set()  # of whom a push service said: later

    # --- the reader

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Note who is to be woken by a clip; forget a room that was closed."""
        await self._load()
        match change.event.data:
            case ClipLanded() if change.event.by is not None and not change.event.by.machine:
                return self._spoke(change.room, change.event.by.id, change.event.at_ms) or None
            case RoomClosed():
                return await self.subscriptions.closed(change.room) or None
            case _:
                return None

    async def _load(self) -> None:
        try:
            await self.subscriptions.load()
        except DamagedProgress:
            raise
        except OSError as error:
            raise Unavailable(type(error).__name__) from error

    def _spoke(self, room: str, voice: str, at_ms: int) -> list[Effect]:
        found, asked = self.subscriptions, self.subscriptions.of(room)
        if not asked:
            return []
        before_ms = found.spoken.get(room, at_ms)
        found.spoken[room] = max(at_ms, before_ms)
        if at_ms - before_ms >= SILENT_MS and at_ms >= self._clock() - LATE_MS:
            for one in asked:
                if one.voice != voice and is_awaited(one, at_ms):
                    found.due[room, one.voice] = at_ms
        # All that this clip did, also when it is read once more because what it did was not stored.
        due = [one.voice for one in asked if found.due.get((room, one.voice)) == at_ms]
        is_stored = before_ms != at_ms and before_ms // SPOKEN_EVERY_MS == at_ms // SPOKEN_EVERY_MS
        spoken = [] if is_stored else [spoken_row(room, found.spoken[room])]
        return [*spoken, *(due_row(room, each, at_ms) for each in due)]

    async def idle(self) -> Rest:
        """Begin to wake who is to be woken; forget who did not come for long."""
        await self._load()
        for who in self.subscriptions.due:
            self._rota.wake(who)
        if self._clock() - self._looked_ms < LOOKED_FOR_OLD_EVERY_MS:
            return Rest()
        self._looked_ms = self._clock()
        return Rest(await self.subscriptions.old())

    # --- waking

    async def close(self) -> None:
        """Wake nobody any more; may be called again."""
        await self._rota.close(0.0)
        await self.service.close()

    async def _serve(self, who: _Who) -> float | None:
        """Wake somebody; return the pause after which to try again, None when there is no more to try."""
        try:
            pause_s = await self._wake(*who) if who in self.subscriptions.due else None
        except (StorageFull, Conflict, Refused, OSError) as error:
            log.warning("push.waits for=%s", type(error).__name__)
            pause_s = 0.0
        except Unusable:  # the server ends
            return None
        if pause_s is None:
            self._failures.pop(who, None)
            self._unreached.discard(who)
            return None
        self._failures[who] = self._failures.get(who, 0) + 1
        return max(pause_s, doubled(self._failures[who], FIRST_PAUSE_S, LONGEST_PAUSE_S))

    async def _wake(self, room: str, voice: str) -> float | None:
        """Wake somebody who is not there, unless it is late; return the pause that is asked for, if any."""
        found, since_ms = self.subscriptions, self.subscriptions.due[room, voice]
        one = found.find(room, voice)
        # A row of who was woken, or came, meanwhile may be stored after it was withdrawn.
        is_over = one is None or one.seen_ms > since_ms or not is_awaited(one, since_ms)
        if one is None or is_over or self._is_here(room, voice):
            await found.let_go(room, voice)
        elif since_ms >= self._clock() - LATE_MS:
            return await self._tell(room, one)
        elif (room, voice) in self._unreached:  # one that never answers is not tried for ever
            await found.woken(room, one, self._clock())
        else:
            await found.let_go(room, voice)
        return None

    async def _tell(self, room: str, one: Subscription) -> float | None:
        try:
            state = await self._registry.look(room)
        except NoSuchRoom:
            await self.subscriptions.remove(room, one.voice)
            return None
        outcome = await self.service.send(one, message(room, state.name, one.language), room)
        if outcome.kind == "later":
            self._unreached.add((room, one.voice))
            return outcome.pause_s
        if outcome.kind == "gone":
            await self.subscriptions.remove(room, one.voice)
            return None
        if outcome.kind == "never":
            log.warning("push.refused status=%d", outcome.status)
        await self.subscriptions.woken(room, one, self._clock())
        return None

    def _is_here(self, room: str, voice: str) -> bool:
        known = self._registry.known(room)
        return known is not None and voice in known.context().here
