"""WHEP (draft-ietf-wish-whep): a room's radio goes out by one offer and one answer."""

from __future__ import annotations

from aiohttp import web

from server.http.body import read_sdp
from server.http.security import address, preflight, rate_limit
from server.web import sessions
from server.web.app_keys import TAKES
from server.web.operations import SDP, Operation
from server.web.rooms import ROOM
from server.web.visits import visited


async def begin(request: web.Request) -> web.Response:
    """Answer a listener's offer; nobody has to say who they are to listen."""
    offer = await read_sdp(request)
    room = await visited(request, request.match_info["room"])
    rate_limit(request, "offer")
    peer, answer = await request.app[TAKES].whep(room.id, offer, address=address(request))
    return sessions.begun(request, peer, offer, answer)


ENDPOINT = f"/api/rooms/{ROOM}/whep"

OPERATIONS = (
    Operation(
        "POST",
        ENDPOINT,
        begin,
        "Listen to the room's radio: an offer for one receiving Opus track.",
        {201: SDP},
        ("room_closed", *sessions.OFFER_ERRORS),
        takes=SDP,
        headers=sessions.HEADERS,
        preflight=preflight,
    ),
    *sessions.operations(ENDPOINT),
)
