"""WHEP (draft-ietf-wish-whep): a room's radio goes out by one offer and one answer."""

from __future__ import annotations

from aiohttp import web

from server.http.app_keys import TAKES
from server.http.body import read_sdp
from server.http.security import address, preflight, rate_limit
from server.web import sessions
from server.web.rooms import ROOM
from server.web.visits import visited


async def begin(request: web.Request) -> web.Response:
    """Answer a listener's offer; nobody has to say who they are to listen."""
    offer = await read_sdp(request)
    room = await visited(request, request.match_info["room"])
    rate_limit(request, "offer")
    peer, answer = await request.app[TAKES].whep(room.id, offer, address=address(request))
    return sessions.begun(request, peer, offer, answer)


def routes() -> list[web.RouteDef]:
    """Return the routes of this resource."""
    here = f"/api/rooms/{ROOM}/whep"
    return [web.post(here, begin), web.options(here, preflight), *sessions.routes(here)]
