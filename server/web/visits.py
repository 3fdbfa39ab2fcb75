"""Find a room for a route, counted against the rate limits of the address that asks."""

from __future__ import annotations

from aiohttp import web

from server.http.limits import network
from server.http.security import address, rate_limit
from server.room.events import Voice
from server.rooms.base import Room
from server.web.app_keys import ROOM_REGISTRY


async def visited(request: web.Request, room_id: str) -> Room:
    """Return a room, awake. Raises `NoSuchRoom`, and `Refused` when an address looks or wakes too much."""
    rate_limit(request, "look")
    return await awakened(request, room_id)


def visitor(request: web.Request, room: Room, key: str) -> Voice:
    """Return who a key is in a room, and let the room know by which network they come."""
    registry = request.app[ROOM_REGISTRY]
    voice = registry.voice(key, room)
    registry.meet(voice.id, room, network(address(request)))
    return voice


async def awakened(request: web.Request, room_id: str) -> Room:
    """Return a room for a request that was counted; one that is asleep or does not exist counts more."""
    registry = request.app[ROOM_REGISTRY]
    if registry.awake(room_id) is None and not registry.is_waking(room_id):
        rate_limit(request, "wake")
    return await registry.wake(room_id)
