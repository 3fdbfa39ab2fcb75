"""Takes that their speakers hear before they land: the sound, and the answer, without a socket too."""

from __future__ import annotations

import hashlib

from aiohttp import web
from msgspec import Struct

from server.http import ranges
from server.http.answers import answer
from server.http.problems import Problem
from server.http.security import needed_key, rate_limit
from server.room.events import Voice
from server.rooms.base import Room
from server.takes.previews import Preview
from server.web.app_keys import TAKES
from server.web.operations import BINARY, KEY_ERRORS, Operation
from server.web.visits import visited, visitor

PREVIEW = "{preview:[A-Za-z0-9_-]{8,64}}"


class PreviewShown(Struct):
    """A take that waits for its speaker's word."""

    preview: str
    room: str
    duration_ms: int
    peaks: tuple[int, ...]
    until_ms: int
    media: dict[str, str]


class Found(Struct):
    """A preview, its room and its speaker."""

    preview: Preview
    room: Room
    voice: Voice


def waiting(preview: Preview) -> web.Response:
    """Answer that an upload has not landed: it may be heard, and waits for its speaker's word."""
    here = f"/api/previews/{preview.id}"
    shown = PreviewShown(
        preview.id,
        preview.room,
        preview.clip.duration_ms,
        preview.clip.peaks,
        preview.until_ms,
        {"ogg": f"{here}.ogg"},
    )
    return answer(shown, status=202, headers={"Location": here})


async def find(request: web.Request) -> Found:
    """Return the preview that its own speaker asks for; for all others there is none."""
    key, takes = needed_key(request), request.app[TAKES]
    id_ = request.match_info["preview"]
    room_id = takes.preview_room(id_)
    if room_id is None:
        raise Problem("no_such_preview", "This take is not here (any more).")
    room = await visited(request, room_id)
    voice = visitor(request, room, key)
    return Found(takes.preview(room_id, voice, id_), room, voice)


async def ogg(request: web.Request) -> web.Response:
    """Answer the sound: Opus in Ogg."""
    found = await find(request)
    body = found.preview.clip.ogg
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return ranges.answer(request, body, "audio/ogg", etag, {"Cache-Control": "no-store"})


async def drop(request: web.Request) -> web.Response:
    """Let go of a take."""
    found = await find(request)
    rate_limit(request, "preview", found.voice.id)
    request.app[TAKES].drop(found.room, found.voice, found.preview.id)
    return web.Response(status=204)


HERE = f"/api/previews/{PREVIEW}"
ERRORS = (*KEY_ERRORS, "no_such_preview", "too_fast")

# Letting a take land is with the clips.
OPERATIONS = (
    Operation("DELETE", HERE, drop, "Let go of a take.", {204: {}}, ERRORS, key="needed"),
    Operation(
        "GET",
        f"{HERE}.ogg",
        ogg,
        "A take as its speaker may hear it before it lands.",
        {200: {"audio/ogg": BINARY}, 206: {"audio/ogg": BINARY}, 304: {}},
        (*KEY_ERRORS, "no_such_preview", "bad_range"),
        key="needed",
    ),
)
