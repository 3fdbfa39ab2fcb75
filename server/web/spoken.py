"""What the radio says between clips, as files, for pages that listen by files: for a minute each."""

from __future__ import annotations

import hashlib

from aiohttp import web

from server.engines.utterances import Utterances
from server.http import ranges
from server.http.problems import Problem
from server.http.security import rate_limit
from server.web.operations import BINARY, Operation
from server.web.transcodes import TRANSCODES

FILE = "{file:[A-Za-z0-9_-]{22}}"
UTTERANCES: web.AppKey[Utterances] = web.AppKey("utterances")


async def ogg(request: web.Request) -> web.Response:
    """Answer what was said: Opus in Ogg."""
    return _answer(request, _found(request), "audio/ogg")


async def m4a(request: web.Request) -> web.Response:
    """Answer what was said: AAC in MP4."""
    body = await request.app[TRANSCODES].get(request.match_info["file"], _found(request))
    return _answer(request, body, "audio/mp4")


def _found(request: web.Request) -> bytes:
    rate_limit(request, "look")
    body = request.app[UTTERANCES].file(request.match_info["file"])
    if body is None:
        raise Problem("no_such_clip", "This was said, and is gone.")
    return body


def _answer(request: web.Request, body: bytes, media_type: str) -> web.Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return ranges.answer(request, body, media_type, etag, {"Cache-Control": "no-store"})


def _form(ending: str, media_type: str, handler: object, sentence: str) -> Operation:
    return Operation(
        "GET",
        f"/api/speech/{FILE}.{ending}",
        handler,  # type: ignore[arg-type]
        sentence,
        {200: {media_type: BINARY}, 206: {media_type: BINARY}, 304: {}},
        ("no_such_clip", "bad_range", "too_fast"),
    )


OPERATIONS = (
    _form("ogg", "audio/ogg", ogg, "What the radio said between clips, for a minute."),
    _form("m4a", "audio/mp4", m4a, "What the radio said between clips, as AAC in MP4, for a minute."),
)
