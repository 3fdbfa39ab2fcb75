"""The reaper: clips whose time is over leave their rooms, by the rule of each room's kind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from msgspec import Struct

from server.log.base import Listing, Log
from server.room.clips import Clip
from server.room.commands import Refused, Remove
from server.room.round_lifecycle import kind_of
from server.room.state import RoomState
from server.rooms.base import NoSuchRoom, Room
from server.rooms.registry import RoomRegistry
from server.together import settled

log = logging.getLogger(__name__)

EVERY_MS = 600_000
# A sweep looks at rooms one after the other; in between everybody else has their turn.
PAUSE_MS = 20
ROOMS_LIMIT = 100_000
NEVER_MS = 2**63


class Seen(Struct, frozen=True):
    """What a room's clips were when it was looked at last: as of which event, and when the first is due."""

    head: int
    due_ms: int


def expired(state: RoomState, now_ms: int, began_ms: int) -> list[str]:
    """Return the clips of a room that have been kept long enough.

    A clip from the future, made while the machine's clock was wrong, is kept from `began_ms` on.
    """
    over_ms = now_ms - kind_of(state).keep_ms
    return [clip.clip for clip in state.clips.values() if _since_ms(clip, now_ms, began_ms) <= over_ms]


def seen(state: RoomState, now_ms: int, began_ms: int) -> Seen:
    """Return what to remember of a room."""
    oldest_ms = min((_since_ms(clip, now_ms, began_ms) for clip in state.clips.values()), default=NEVER_MS)
    return Seen(state.head, oldest_ms + kind_of(state).keep_ms)


def _since_ms(clip: Clip, now_ms: int, began_ms: int) -> int:
    return clip.at_ms if clip.at_ms <= now_ms else began_ms


class Reaper:
    """Sweeps all rooms. Those in which nothing happened and nothing is due are left asleep, and unread."""

    def __init__(self, house: RoomRegistry, log_: Log, clock: Callable[[], int]) -> None:
        self._house, self._log, self._clock = house, log_, clock
        self._began_ms = clock()
        self._seen: dict[str, Seen] = {}

    async def run(self) -> None:
        """Sweep for ever, the first time at the start; the root of its task."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("reaper.sweep_failed")
            await asyncio.sleep(EVERY_MS / 1000)

    async def sweep(self) -> int:
        """Remove what is expired in every room; return how many clips went."""
        gone = 0
        listings = await self._log.rooms(ROOMS_LIMIT)
        before, self._seen = self._seen, {}
        for listing in listings:
            known = before.get(listing.room)
            if known is not None and known.head == listing.head and self._clock() < known.due_ms:
                self._seen[listing.room] = known
                continue
            gone += await self._look_at(listing)
            await asyncio.sleep(PAUSE_MS / 1000)
        return gone

    async def _look_at(self, listing: Listing) -> int:
        try:
            state = await self._house.look(listing.room)
            gone = 0
            if clips := expired(state, self._clock(), self._began_ms):
                room = await self._house.wake(listing.room)
                gone = sum(await settled(_removed(room, clip) for clip in clips))
                state = await room.awake()
        except (NoSuchRoom, Refused):
            return 0  # the room went meanwhile
        except OSError:
            log.exception("reaper.room_failed room=%.6s", listing.room)
            return 0
        self._seen[listing.room] = seen(state, self._clock(), self._began_ms)
        return gone


async def _removed(room: Room, clip: str) -> bool:
    """Remove a clip; False when that was refused: it went meanwhile, or it goes with the next sweep."""
    try:
        await room.send(Remove(clip, "expired"))
    except Refused:
        return False
    return True
