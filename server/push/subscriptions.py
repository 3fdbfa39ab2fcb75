"""Which browsers want to be woken, for which room: in memory, and as rows beside the log.

A subscription belongs to a voice of a room, as everything of a visitor does. Its row goes with the room, with
`forget`, when the push service knows it no more, and a month after its visitor was here last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from server.log.base import Conflict, Effect, Log, Projected, Withdrawn
from server.push.encryption import BadKeys, raw, text
from server.room.commands import Refused
from server.room.events import Language

READER = "push"
SUBSCRIPTIONS, SPOKEN, DUE = "subscriptions", "spoken", "due"
# Of a room, and of all rooms; whoever was not here for the longest goes first. A row has 0.5 to 2 KB.
OF_ROOM, OF_ALL = 200, 10_000
KEPT_MS = 30 * 86_400_000
# Who comes again so soon is noted as here without a write.
REFRESHED_AFTER_MS = 3_600_000
PAGE_ROWS = 500
STORE_TRIES = 50


class Subscription(Struct, frozen=True, array_like=True):
    """How a browser is woken for a room, how often it was since its visitor came, and when the last time."""

    voice: str
    endpoint: str
    p256dh: str
    auth: str
    language: Language = "en"
    unanswered: int = 0
    woken_ms: int = 0
    seen_ms: int = 0

    def is_as(self, other: Subscription) -> bool:
        """Tell whether another one is of the same browser, with the same keys, in the same language."""
        counts = {"unanswered": self.unanswered, "woken_ms": self.woken_ms, "seen_ms": self.seen_ms}
        return replace(other, **counts) == self

    def row(self, room: str) -> Projected:
        """Return the row in which it is kept."""
        return Projected(room, text(msgspec.json.encode(self)), SUBSCRIPTIONS, self.seen_ms)


_decode = msgspec.json.Decoder(Subscription).decode
_Rooms = dict[str, dict[str, Subscription]]


class Subscriptions:
    """The subscriptions of all rooms, when each of these rooms was spoken in last, and who is to be woken."""

    def __init__(self, log: Log, clock: Callable[[], int]) -> None:
        self._log, self.clock = log, clock
        self._rooms: _Rooms = {}
        self.spoken: dict[str, int] = {}
        self.due: dict[tuple[str, str], int] = {}  # room and voice: since when
        self._loading, self._writing = asyncio.Lock(), asyncio.Lock()
        self._is_loaded = False

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._rooms.values()))

    def of(self, room: str) -> Sequence[Subscription]:
        """Return the subscriptions of a room."""
        return list(self._rooms.get(room, {}).values())

    def find(self, room: str, voice: str) -> Subscription | None:
        """Return the subscription of a voice."""
        return self._rooms.get(room, {}).get(voice)

    async def load(self) -> None:
        """Read the rows, once. Raises what the log raises."""
        if not self._is_loaded:
            async with self._loading:
                await self._load()

    async def _load(self) -> None:
        if self._is_loaded:
            return
        for row in await self._rows(SUBSCRIPTIONS):
            with suppress(msgspec.DecodeError, BadKeys):  # of another version: its page gives it anew
                one = _decode(raw(row.item))
                self._rooms.setdefault(row.room, {})[one.voice] = one
        self.spoken = {row.room: row.number for row in await self._rows(SPOKEN)}
        due = await self._rows(DUE)
        self.due = {(row.room, row.item.removeprefix(DUE)): row.number for row in due}
        self._is_loaded = True

    async def _rows(self, part: str) -> list[Projected]:
        found, after = list[Projected](), (-1, "")
        while page := await self._log.projection(READER, part, after=after, limit=PAGE_ROWS):
            found += page
            after = (page[-1].number, page[-1].item)
        return found

    # What visitors ask

    async def add(self, room: str, new: Subscription) -> Subscription:
        """Keep the subscription of a voice in the place of the one before. Raises `Refused`, `OSError`."""
        await self.load()
        async with self._writing:
            now_ms, known = self.clock(), self.find(room, new.voice)
            if known is not None and known.endpoint == new.endpoint:
                return await self._refreshed(room, known, new, now_ms)
            kept = replace(new, seen_ms=now_ms)
            gone = [*self._crowded_out(room, new.voice), *([(room, known)] if known else [])]
            effects = [effect for each in gone for effect in self._withdrawn(*each)]
            emptied = [other for other, _ in gone if other != room and self._has_one(other)]
            effects += [Withdrawn(other, SPOKEN + other) for other in emptied]
            spoken_ms = self.spoken.get(room, now_ms)  # where that is not known, silence begins now
            await self._store([*effects, spoken_row(room, spoken_ms), kept.row(room)])
            spoken_ms = max(spoken_ms, self.spoken.get(room, 0))  # somebody may have spoken meanwhile
            for each in gone:
                self._drop(*each)
            self.spoken[room] = spoken_ms
            self._rooms.setdefault(room, {})[new.voice] = kept
            return kept

    async def _refreshed(
        self, room: str, known: Subscription, new: Subscription, now_ms: int
    ) -> Subscription:
        """Note that somebody came again: what they were woken for was not in vain."""
        kept = replace(new, seen_ms=now_ms, woken_ms=known.woken_ms)
        is_same = known.is_as(new) and not known.unanswered
        if is_same and now_ms - known.seen_ms < REFRESHED_AFTER_MS:
            return known
        await self._store([*self._withdrawn(room, known), kept.row(room)])
        self.due.pop((room, known.voice), None)
        self._rooms[room][known.voice] = kept
        return kept

    async def remove(self, room: str, voice: str) -> bool:
        """Forget the subscription of a voice; False when there is none. Raises `Refused`, `OSError`."""
        await self.load()
        async with self._writing:
            known = self.find(room, voice)
            if known is None:
                return False
            silence = [Withdrawn(room, SPOKEN + room)] if self._has_one(room) else []
            await self._store([*self._withdrawn(room, known), *silence])
            self._drop(room, known)
            return True

    # What the reader asks

    async def woken(self, room: str, known: Subscription, at_ms: int) -> None:
        """Note that a push service took a message for a browser, or refused it; it is due no more."""
        async with self._writing:
            if self.find(room, known.voice) is not known:
                return
            now = replace(known, unanswered=known.unanswered + 1, woken_ms=at_ms)
            await self._store([*self._withdrawn(room, known), now.row(room)])
            self.due.pop((room, known.voice), None)
            self._rooms[room][known.voice] = now

    async def let_go(self, room: str, voice: str) -> None:
        """Note that a voice need not be woken any more."""
        async with self._writing:
            await self._store([Withdrawn(room, DUE + voice)])
            self.due.pop((room, voice), None)

    async def closed(self, room: str) -> list[Effect]:
        """Forget a room; return what is to be stored of that."""
        async with self._writing:  # who is being stored is stored then, and known
            return self._forgotten([(room, one) for one in self.of(room)])

    async def old(self) -> list[Effect]:
        """Forget whoever was not here for long; return what is to be stored of that."""
        before_ms = self.clock() - KEPT_MS
        async with self._writing:
            return self._forgotten([(room, one) for room, one in self._all() if one.seen_ms < before_ms])

    def _forgotten(self, gone: Sequence[tuple[str, Subscription]]) -> list[Effect]:
        effects = list[Effect]()
        for room, one in gone:
            self._drop(room, one)
            silence = [] if room in self._rooms else [Withdrawn(room, SPOKEN + room)]
            effects += [*self._withdrawn(room, one), *silence]
        return effects

    def _has_one(self, room: str) -> bool:
        return len(self._rooms.get(room, {})) == 1

    def _all(self) -> Iterator[tuple[str, Subscription]]:
        return ((room, one) for room, voices in self._rooms.items() for one in voices.values())

    def _crowded_out(self, room: str, voice: str) -> list[tuple[str, Subscription]]:
        """Return who has to go for one more."""
        own = [one for one in self.of(room) if one.voice != voice]
        if len(own) >= OF_ROOM:
            return [(room, min(own, key=lambda one: one.seen_ms))]
        if len(self) >= OF_ALL:
            return [min(self._all(), key=lambda found: found[1].seen_ms)]
        return []

    def _drop(self, room: str, one: Subscription) -> None:
        self.due.pop((room, one.voice), None)
        voices = self._rooms.get(room, {})
        voices.pop(one.voice, None)
        if not voices:
            self._rooms.pop(room, None)
            self.spoken.pop(room, None)

    def _withdrawn(self, room: str, one: Subscription) -> list[Effect]:
        """Return what takes the rows of a subscription away."""
        return [Withdrawn(room, one.row(room).item), Withdrawn(room, DUE + one.voice)]

    async def _store(self, effects: Sequence[Effect]) -> None:
        """Store rows at once, where the reader's cursor is: as that does not move, the reader goes on.

        Raises `Refused` when the reader moves it each time, which it does at most every 50 ms.
        """
        for _ in range(STORE_TRIES):
            position = await self._log.cursor(READER)
            try:
                await self._log.advance(READER, position, expect=position, effects=effects)
            except Conflict:
                continue
            return
        raise Refused("busy", "Too much at once. Try again in a moment.", 1_000)


def spoken_row(room: str, at_ms: int) -> Projected:
    """Return the row that says when a room was spoken in last."""
    return Projected(room, SPOKEN + room, SPOKEN, at_ms)


def due_row(room: str, voice: str, at_ms: int) -> Projected:
    """Return the row that says that a voice is to be woken."""
    return Projected(room, DUE + voice, DUE, at_ms)
