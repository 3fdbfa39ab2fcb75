"""A room's settings and its end: for whoever opened a private one, and for the admin."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct
from msgspec.structs import asdict

from games.round import Tempo
from server.http import body
from server.http.answers import answer
from server.http.security import is_admin, needed_key, rate_limit
from server.room.commands import Change, Close, Oversee
from server.room.events import Language, Voice
from server.rooms.base import Room
from server.web.app_keys import ROOM_REGISTRY
from server.web.operations import JSON_ERRORS, KEY_ERRORS, Operation, json_body
from server.web.rooms import ROOM, RoomShown, present
from server.web.visits import visited, visitor


class RoomChange(Struct):
    """What becomes other than it was; what is left out or null stays."""

    name: str | None = None
    theme: str | None = None
    description: str | None = None
    language: Language | None = None
    tempo: Tempo | None = None
    live: bool | None = None
    locked: bool | None = None
    slow: bool | None = None
    hold: bool | None = None
    mask: str | None = None
    voice: bool | None = None
    noise_reduction: bool | None = None
    character: str | None = None


async def change(request: web.Request) -> web.Response:
    """Change the words of a room and how it plays."""
    room, by = await asked(request)
    wanted = await body.read_json(request, RoomChange)
    changed = Change(**asdict(wanted))
    await room.send(changed if by else Oversee(changed), by=by)
    living = await request.app[ROOM_REGISTRY].wake(room.id)  # another object, if the room slept meanwhile
    return answer(present(request, living))


async def close(request: web.Request) -> web.Response:
    """Close a room; one that is closed already stays so."""
    room, by = await asked(request)
    await room.send(Close() if by else Oversee(Close()), by=by)
    return web.Response(status=204)


async def asked(request: web.Request) -> tuple[Room, Voice | None]:
    """Return the room and who asks: None for the admin, as for the room itself."""
    key = None if is_admin(request) else needed_key(request)
    room = await visited(request, request.match_info["room"])
    by = visitor(request, room, key) if key else None
    rate_limit(request, "govern", by.id if by else None)
    return room, by


_HERE = f"/api/rooms/{ROOM}"
_ERRORS = (*KEY_ERRORS, "not_allowed", "muted", "no_such_room", "too_fast", "storage_full")

OPERATIONS = (
    Operation(
        "PATCH",
        _HERE,
        change,
        "Change a room's words and how it plays: who opened a private one, or the admin.",
        {200: json_body(RoomShown)},
        (*JSON_ERRORS, *_ERRORS, "bad_value", "filtered", "too_long", "room_closed"),
        takes=json_body(RoomChange),
        key="needed",
    ),
    Operation(
        "DELETE",
        _HERE,
        close,
        "Close a room: who opened a private one, or the admin.",
        {204: {}},
        _ERRORS,
        key="needed",
    ),
)
