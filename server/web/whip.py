"""WHIP (RFC 9725): a speaker's sound comes in by one offer and one answer."""

from __future__ import annotations

from aiohttp import web

from server.http.body import read_sdp
from server.http.security import address, needed_key, preflight, rate_limit
from server.room import rounds
from server.web import masks, sessions
from server.web.app_keys import TAKES
from server.web.operations import KEY_ERRORS, SDP, Operation
from server.web.rooms import ROOM
from server.web.visits import visited, visitor


async def begin(request: web.Request) -> web.Response:
    """Answer a speaker's offer; the session is one take, or with `?takes=commanded` many."""
    key = needed_key(request)
    mask = masks.asked(request)
    offer = await read_sdp(request)
    room = await visited(request, request.match_info["room"])
    voice = visitor(request, room, key)
    rate_limit(request, "offer", voice.id)
    commanded = request.query.get("takes") == "commanded"
    if not commanded and rounds.is_aside(await room.awake(), voice.id):
        rate_limit(request, "aside", voice.id)
    peer, answer = await request.app[TAKES].whip(
        room.id, voice, offer, address=address(request), commanded=commanded, mask=mask
    )
    return sessions.begun(request, peer, offer, answer)


ENDPOINT = f"/api/rooms/{ROOM}/whip"
_TAKES = {
    "name": "takes",
    "in": "query",
    "description": "`commanded`: the session stays open; speak.start and speak.stop on the socket cut takes.",
    "schema": {"type": "string", "enum": ["commanded"]},
}

OPERATIONS = (
    Operation(
        "POST",
        ENDPOINT,
        begin,
        "Speak: an offer for one sending Opus track (RFC 9725).",
        {201: SDP},
        (*KEY_ERRORS, "muted", "consent_needed", "room_closed", "bad_value", *sessions.OFFER_ERRORS),
        takes=SDP,
        query=(_TAKES, masks.MASK),
        key="needed",
        headers=sessions.HEADERS,
        preflight=preflight,
    ),
    *sessions.operations(ENDPOINT),
)
