"""Expiry: clips and texts whose time is over leave their rooms, by the rule of each room's kind.

A durable reader. It keeps when each clip and text came, in a part for each kind of room, so that what is due
is a read of an index: neither a start nor a sweep looks at anything else. How long a kind keeps what was said
and written is no part of that, and may change.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from server.log.base import Change, Damaged, Effect, Log, Projected, Withdrawn
from server.readers.base import Reader, Rest, Unavailable
from server.room.commands import EXPIRED, Refused, Remove
from server.room.events import ClipLanded, ClipRemoved, RoomOpened, TextRemoved
from server.room.kinds import KINDS
from server.room.written import is_text
from server.rooms.base import NoSuchRoom, Room
from server.rooms.registry import RoomRegistry
from server.together import settled

log = logging.getLogger(__name__)

EVERY_MS = 600_000
# Rows that are read at once. Between pages the feed is read, between rooms everybody else has their turn.
PAGE_ROWS = 64
PAUSE_MS = 20
# Rooms whose kind is remembered; that of others is read from their first event.
KINDS_KEPT = 1_000
# What came is noted so often at most: a commit for each line of chat would double what a lone line costs.
NOTED_EVERY_MS = 1_000
# What a room is whose opening was erased, or whose kind is no more.
DEFAULT_KIND = "wonder"
# Before every row of a part, and after every id.
BEFORE_ALL = (-1, "")
_LAST = "\uffff"
# Before the seq of a text; ids of clips have none.
TEXT = "@"
# Under this name clips alone were noted.
FORMER_NAME = "expiry"


def text_item(room: str, seq: int) -> str:
    """Return what a text is noted as: pages go on after a time and an item, so no two rooms share one."""
    return f"{TEXT}{seq}{TEXT}{room}"


class _Sweep(Struct):
    """A sweep that is under way: the kinds that are left, and up to which row the first of them is swept."""

    began_at_ms: int
    kinds: Sequence[str]
    after: tuple[int, str] = BEFORE_ALL


class Expiry(Reader):
    """Removes what was kept long enough, at the start and then every `EVERY_MS`."""

    name = "expiry_2"
    derived = True

    def __init__(self, registry: RoomRegistry, log_: Log, clock: Callable[[], int]) -> None:
        self._registry, self._log, self._clock = registry, log_, clock
        self._kinds: OrderedDict[str, str] = OrderedDict()
        self._waiting: list[Effect] = []  # read and not stored; after a kill it is read again
        self._noted_at_ms = 0
        self._sweep_at_ms = 0
        self._sweep: _Sweep | None = None
        self._is_first = True

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Note when a clip or a text came, until it is removed."""
        match change.event.data:
            case ClipLanded(clip=clip):
                self._waiting.append(await self._noted(change, clip))
            case ClipRemoved(clip=clip):
                self._waiting.append(Withdrawn(change.room, clip))
            case TextRemoved(target=target):
                self._waiting.append(Withdrawn(change.room, text_item(change.room, target)))
            case fact if is_text(fact):
                self._waiting.append(await self._noted(change, text_item(change.room, change.event.seq)))
            case _:
                pass
        return None

    async def flush(self) -> Sequence[Effect]:
        """Return what waits to be stored."""
        waiting, self._waiting, self._noted_at_ms = self._waiting, [], self._clock()
        return waiting

    async def _noted(self, change: Change, item: str) -> Projected:
        return Projected(change.room, item, await self._kind(change.room), change.event.at_ms)

    async def idle(self) -> Rest:
        """Sweep when it is time, a page in each call: the feed is read in between."""
        now_ms = self._clock()
        if self._is_first:
            if await self._log.cursor(FORMER_NAME):
                await self._log.restart(FORMER_NAME)
            self._is_first = False
        if self._sweep is None:
            sweep_in_ms, note_in_ms = self._sweep_at_ms - now_ms, self._noted_at_ms + NOTED_EVERY_MS - now_ms
            if self._waiting and (sweep_in_ms <= 0 or not 0 < note_in_ms <= NOTED_EVERY_MS):
                return Rest(await self.flush(), 0)  # stored before a sweep, which looks at what is stored
            if sweep_in_ms > 0:
                return Rest(within_ms=min(sweep_in_ms, note_in_ms) if self._waiting else sweep_in_ms)
            self._sweep = _Sweep(now_ms, await self._log.parts(self.name))
        effects = await self._swept(self._sweep)
        if not self._sweep.kinds:
            self._sweep_at_ms, self._sweep = self._sweep.began_at_ms + EVERY_MS, None
        return Rest(effects, 0)

    async def _kind(self, room: str) -> str:
        """Return the kind of a room, which never changes."""
        if room not in self._kinds:
            self._kinds[room] = await self._opened_as(room)
        self._kinds.move_to_end(room)
        while len(self._kinds) > KINDS_KEPT:
            self._kinds.popitem(last=False)
        return self._kinds[room]

    async def _opened_as(self, room: str) -> str:
        """Return what a room was opened as. Raises `Unavailable` while the storage cannot be read."""
        try:
            first = await self._log.read(room, 0, 1)
        except Damaged:
            return DEFAULT_KIND
        except OSError as error:
            raise Unavailable("the storage") from error
        opened = first[0].data if first else None
        return opened.room_kind if isinstance(opened, RoomOpened) else DEFAULT_KIND

    async def _swept(self, sweep: _Sweep) -> list[Effect]:
        """Remove what is due in a page of a kind; return what to forget, or to look at anew."""
        if not sweep.kinds:
            return []
        kind, after = sweep.kinds[0], sweep.after
        over_ms = sweep.began_at_ms - KINDS.get(kind, KINDS[DEFAULT_KIND]).keep_ms
        rows = await self._log.projection(self.name, kind, after=after, limit=PAGE_ROWS)
        due = [row for row in rows if row.number <= over_ms]
        gone = list[Effect]()
        for room, items in _by_room(due).items():
            gone += await self._remove(room, items)
            await asyncio.sleep(PAUSE_MS / 1000)
        if due and len(due) == len(rows):
            sweep.after = (rows[-1].number, rows[-1].item)
        elif redated := await self._redated(kind):
            gone += redated  # there may be more of them
        else:
            sweep.kinds, sweep.after = sweep.kinds[1:], BEFORE_ALL
        return gone

    async def _redated(self, kind: str) -> list[Effect]:
        """Date what is of the future, which came while the clock was wrong, to now."""
        now_ms = self._clock()
        rows = await self._log.projection(self.name, kind, after=(now_ms, _LAST), limit=PAGE_ROWS)
        return [Projected(row.room, row.item, kind, now_ms) for row in rows]

    async def _remove(self, room_id: str, items: Sequence[str]) -> list[Effect]:
        try:
            room = await self._registry.wake(room_id, quiet=True)
            found = await settled(_removed(room, item) for item in items)
        except NoSuchRoom:
            found = [False for _ in items]
        except Refused:
            return []  # the registry is closing
        except OSError:
            log.exception("expiry.room_failed room=%.6s", room_id)
            return []
        return [Withdrawn(room_id, item) for item, there in zip(items, found, strict=True) if not there]


async def _removed(room: Room, item: str) -> bool:
    """Remove a clip or a text; False when it is not there. What is refused stays due for the next sweep."""
    seq, _, _ = item.removeprefix(TEXT).partition(TEXT)
    command = Remove("", EXPIRED, int(seq)) if item.startswith(TEXT) else Remove(item, EXPIRED)
    try:
        await room.send(command, quiet=True)
    except Refused as refused:
        return refused.code not in {"no_such_clip", "no_such_text"}
    return True


def _by_room(rows: Iterable[Projected]) -> dict[str, list[str]]:
    items: dict[str, list[str]] = {}
    for row in rows:
        items.setdefault(row.room, []).append(row.item)
    return items
