"""Masks over HTTP: which one a take asks for, and hearing oneself through one before anybody else does."""

from __future__ import annotations

import hashlib

from aiohttp import web

from audio import media_types
from audio.take import LONGEST_TRIED_MS
from server.http import body
from server.http.app_keys import CONFIG
from server.http.limits import prefix
from server.http.problems import Problem
from server.http.security import address, check_origin, needed_key, rate_limit
from server.room import masks
from server.web.app_keys import TAKES, UPLOAD_BUDGET
from server.web.operations import BINARY, KEY_ERRORS, Operation
from server.web.visits import visited

MASK = {
    "name": "mask",
    "in": "query",
    "description": "What all others hear instead of the natural voice; a round or a room may want another.",
    "schema": {"type": "string", "enum": [*masks.MASKS, masks.NONE]},
}
# Rooms finish takes in their own way: with noise reduction, or without.
_ROOM = {
    "name": "room",
    "in": "query",
    "description": "The room that it is to sound as in: with less noise, where that is turned down there.",
    "schema": {"type": "string"},
}


def asked(request: web.Request) -> str | None:
    """Return the mask that a request asks for by `?mask=`. Raises `Refused` where there is no such mask."""
    name = request.query.get("mask")
    return None if name is None else masks.checked(name)


async def preview(request: web.Request) -> web.Response:
    """Answer what was uploaded as others would hear it; nothing of it is kept anywhere."""
    check_origin(request)
    key = needed_key(request)
    mask = masks.checked(request.match_info["mask"])
    if mask is None:
        raise Problem("bad_value", "Name a mask to hear yourself through it.")
    media_type = body.check_type(request, *media_types.PLAIN, also=media_types.MEDIA_TYPES)
    rate_limit(request, "mask", hashlib.sha256(key.encode()).hexdigest())
    reduces_noise = "room" in request.query and await _reduces_noise(request)
    limit_bytes = request.app[CONFIG].upload_bytes
    held = min(request.content_length or limit_bytes, limit_bytes)
    with request.app[UPLOAD_BUDGET].holding(prefix(address(request)), held):
        recorded = await body.read(request, limit_bytes)
        clip = await request.app[TAKES].masked(recorded, media_type, mask, reduces_noise=reduces_noise)
    return web.Response(body=clip.ogg, content_type="audio/ogg", headers={"Cache-Control": "no-store"})


async def _reduces_noise(request: web.Request) -> bool:
    return (await visited(request, request.query["room"])).state.noise_reduction


_ERRORS = (
    *KEY_ERRORS, "bad_value", "too_slow", "too_big", "wrong_type", "undecodable", "silent", "too_short",
    "too_fast", "busy", "restarting", "no_such_room",
)  # fmt: skip

OPERATIONS = (
    Operation(
        "POST",
        "/api/masks/{mask:[a-z]{1,32}}/preview",
        preview,
        f"Hear a recording (its first {LONGEST_TRIED_MS // 1000} s) through a mask; it lands nowhere.",
        {200: {"audio/ogg": BINARY}},
        _ERRORS,
        takes=dict.fromkeys(media_types.MEDIA_TYPES, BINARY),
        query=(_ROOM,),
        key="needed",
    ),
)
