"""Hooks: a program writes into a room by an address that whoever keeps the room gave it."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from server.http import body
from server.http.answers import answer
from server.http.security import base_url, rate_limit
from server.room import governing, hooks, ids
from server.room.commands import MakeHook, Oversee, RemoveHook, Say
from server.room.events import Voice
from server.web.app_keys import ROOM_REGISTRY
from server.web.operations import JSON_ERRORS, KEY_ERRORS, Operation, json_body, listed
from server.web.room_settings import asked
from server.web.rooms import ROOM
from server.web.visits import visited

HOOK = "{hook:[A-Za-z0-9_-]{20,64}}"


class HookMade(Struct):
    """A new hook: its secret, and the address to post to; neither is told again."""

    hook: str
    url: str


class HookShown(Struct):
    """A hook by its id, with which nobody can post: the voice that it writes as, and when it was made."""

    id: str
    voice: Voice
    made_at_ms: int


class HookText(Struct):
    """What a program writes."""

    text: str


class Written(Struct):
    """Where it is in the room."""

    seq: int


async def make(request: web.Request) -> web.Response:
    """Make a hook for a room."""
    room, by = await asked(request)
    secret = ids.unguessable()
    wanted = MakeHook(hooks.id_of(secret))
    await room.send(wanted if by else Oversee(wanted), by=by)
    url = f"{base_url(request)}/api/rooms/{room.id}/hooks/{secret}"
    return answer(HookMade(secret, url), status=201, headers={"Location": url})


async def show(request: web.Request) -> web.Response:
    """Answer the hooks of a room."""
    room, by = await asked(request)
    governing.check_keeper(room.state, by)
    registry = request.app[ROOM_REGISTRY]
    found = [
        HookShown(id_, registry.machine(voice_of(id_), room), made_at_ms)
        for id_, made_at_ms in room.state.governed.hooks.items()
    ]
    return answer({"hooks": found})


async def remove(request: web.Request) -> web.Response:
    """Take a hook away, by its id or its secret."""
    room, by = await asked(request)
    told = request.match_info["hook"]
    wanted = RemoveHook(told if told in room.state.governed.hooks else hooks.id_of(told))
    await room.send(wanted if by else Oversee(wanted), by=by)
    return web.Response(status=204)


async def post(request: web.Request) -> web.Response:
    """Write into a room what came by one of its hooks."""
    room = await visited(request, request.match_info["room"])
    id_ = hooks.id_of(request.match_info["hook"])
    if id_ not in room.state.governed.hooks:
        raise hooks.no_such_hook()
    voice = request.app[ROOM_REGISTRY].machine(voice_of(id_), room)
    rate_limit(request, "hook", voice.id)
    wanted = await body.read_json(request, HookText)
    events = await room.send(Say(wanted.text), by=voice)
    return answer(Written(events[-1].seq), status=202)


def voice_of(hook: str) -> str:
    """Return which machine of a room writes by a hook."""
    return f"hook {hook}"


_HERE = f"/api/rooms/{ROOM}/hooks"
_KEEPING = (*KEY_ERRORS, "not_allowed", "muted", "no_such_room", "too_fast")

OPERATIONS = (
    Operation(
        "POST",
        _HERE,
        make,
        "Make a hook, by which a program writes into the room: for who may change it.",
        {201: json_body(HookMade)},
        (*_KEEPING, "enough_hooks", "room_closed", "storage_full"),
        key="needed",
        headers=("Location",),
    ),
    Operation(
        "GET",
        _HERE,
        show,
        "The hooks of a room, by their ids: for who may change it.",
        {200: listed("hooks", HookShown)},
        _KEEPING,
        key="needed",
    ),
    Operation(
        "POST",
        f"{_HERE}/{HOOK}",
        post,
        "Write into a room by a hook, as a voice that is a machine.",
        {202: json_body(Written)},
        (
            *JSON_ERRORS,
            *("no_such_room", "no_such_hook", "room_closed", "muted", "locked", "slow", "empty", "too_long"),
            *("filtered", "bad_dice", "too_fast", "storage_full"),
        ),
        takes=json_body(HookText),
    ),
    Operation(
        "DELETE",
        f"{_HERE}/{HOOK}",
        remove,
        "Take a hook away: for who may change the room.",
        {204: {}},
        (*_KEEPING, "no_such_hook", "room_closed", "storage_full"),
        key="needed",
    ),
)
