"""A room's address as a QR code: for a screen that a party looks at, and to invite others."""

from __future__ import annotations

import io
from functools import lru_cache
from urllib.parse import urlencode

import segno
from aiohttp import web

from server.http.security import base_url
from server.web.operations import TEXT, Operation
from server.web.rooms import ROOM
from server.web.visits import visited

# Phones find a code against its ground at any theme of the page when it brings its own white border.
BORDER_MODULES = 2
CACHE = "private, max-age=3600"


async def qr(request: web.Request) -> web.Response:
    """Answer the code of a room's address; `same=room` makes phones that scan it stay silent."""
    room = await visited(request, request.match_info["room"])
    address = f"{base_url(request)}/r/{room.id}"
    if request.query.get("same") == "room":
        address += "?" + urlencode({"same": "room"})
    return web.Response(body=svg(address), content_type="image/svg+xml", headers={"Cache-Control": CACHE})


@lru_cache(maxsize=256)
def svg(address: str) -> bytes:
    """Return an address as a QR code (ISO/IEC 18004), an SVG image that scales to any size."""
    out = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(
        out, kind="svg", border=BORDER_MODULES, light="#fff", dark="#0a0f2c", omitsize=True, xmldecl=False
    )
    return out.getvalue()


OPERATIONS = (
    Operation(
        "GET",
        f"/api/rooms/{ROOM}/qr.svg",
        qr,
        "The room's address as a QR code; with `same=room` for phones in the same room as a screen.",
        {200: {"image/svg+xml": TEXT}},
        ("no_such_room", "too_fast"),
        query=({"name": "same", "in": "query", "description": "`room`: phones stay silent.",
                "schema": {"type": "string", "enum": ["room"]}},),
    ),
)  # fmt: skip
