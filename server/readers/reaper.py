"""The reaper: clips whose time is over leave their rooms, by the rule of each room's kind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from server.log.base import Log
from server.room.commands import Refused, Remove
from server.room.house import House, NoSuchRoom
from server.room.kinds import KINDS
from server.room.state import RoomState

log = logging.getLogger(__name__)

EVERY_MS = 600_000
# A sweep wakes rooms one after the other; in between everybody else has their turn.
PAUSE_MS = 20
ROOMS_LIMIT = 100_000


def expired(state: RoomState, now_ms: int) -> list[str]:
    """Return the clips of a room that have been kept long enough."""
    keep_ms = KINDS.get(state.kind, KINDS["wonder"]).keep_ms
    return [clip.clip for clip in state.clips.values() if clip.at_ms + keep_ms <= now_ms]


async def run(house: House, log_: Log, clock: Callable[[], int]) -> None:
    """Sweep all rooms for ever, the first time at the start."""
    while True:
        await sweep(house, log_, clock)
        await asyncio.sleep(EVERY_MS / 1000)


async def sweep(house: House, log_: Log, clock: Callable[[], int]) -> int:
    """Remove what is expired in every room; return how many clips went."""
    gone = 0
    for listing in await log_.rooms(ROOMS_LIMIT):
        try:
            gone += await _expire(house, listing.room, clock())
        except (NoSuchRoom, Refused):
            continue  # the room or the clip went meanwhile
        except Exception:  # the root of one room's expiry: the others' clips expire too
            log.exception("reaper.room_failed room=%.6s", listing.room)
        await asyncio.sleep(PAUSE_MS / 1000)
    return gone


async def _expire(house: House, room_id: str, now_ms: int) -> int:
    room = await house.wake(room_id)
    clips = expired(room.state, now_ms)
    for clip in clips:
        await room.send(Remove(clip, "expired"), by=None)
    return len(clips)
