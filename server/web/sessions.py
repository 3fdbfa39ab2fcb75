"""What WHIP and WHEP sessions share: the unguessable address, its entity tag, PATCH and DELETE."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict

from aiohttp import web
from msgspec import Struct

from server.http import ranges
from server.http.app_keys import CONFIG
from server.http.body import check_type, read
from server.http.problems import Problem
from server.http.security import preflight, visitor_key
from server.web.app_keys import ROOM_REGISTRY, TAKES
from server.web.operations import TEXT, Operation

TRICKLE = "application/trickle-ice-sdpfrag"
# Sessions that are remembered: by their ICE user, to tell a restart (refused) from more candidates (taken),
# and by their room, so that who ends one that has ended already is not told that it never was.
REMEMBERED = 8_192
# What an offer may be answered with, by both.
OFFER_ERRORS = (
    "bad_offer", "no_such_room", "too_slow", "too_big", "wrong_type", "too_fast", "busy", "restarting",
)  # fmt: skip
HEADERS = ("Location", "ETag", "Accept-Patch")
_PEER = "{peer:[A-Za-z0-9_-]{1,64}}"
_UFRAG = re.compile(r"^a=ice-ufrag:(\S{1,256})\s*$", re.MULTILINE)


class Begun(Struct, frozen=True):
    """A session that was begun here: in which room, and by which ICE user."""

    room: str
    user: str


SESSIONS_BEGUN: web.AppKey[OrderedDict[str, Begun]] = web.AppKey("sessions_begun")


def begun(request: web.Request, peer: str, offer: str, answer: str) -> web.Response:
    """Return 201 with the answer and where the session is."""
    remembered = request.app[SESSIONS_BEGUN]
    remembered[peer] = Begun(request.match_info["room"], _user(offer))
    while len(remembered) > REMEMBERED:
        remembered.popitem(last=False)
    headers = {
        "Location": f"{request.path}/{peer}",
        "ETag": _etag(peer),
        "Accept-Patch": TRICKLE,
        "Cache-Control": "no-store",
    }
    return web.Response(body=answer.encode(), status=201, content_type="application/sdp", headers=headers)


async def trickle(request: web.Request) -> web.Response:
    """Take candidates, which are not needed: the server learns addresses from checks alone."""
    peer = _session(request)
    check_type(request, TRICKLE)
    fragment = (await read(request, request.app[CONFIG].sdp_bytes)).decode("utf-8", "replace")
    if "If-Match" in request.headers and not ranges.is_listed(request, "If-Match", _etag(peer)):
        raise Problem("stale", "This session has another entity tag.")
    user, known = _user(fragment), _known(request)
    # A restart says so by `*` (RFC 9725 4.3.3); candidates of whatever user are taken, and not needed.
    if request.headers.get("If-Match", "").strip() == "*" and user and known and user != known.user:
        raise Problem("no_restart", "ICE restarts are not taken; begin a new session.")
    return web.Response(status=204, headers={"ETag": _etag(peer)})


async def end(request: web.Request) -> web.Response:
    """End a session, also one that the server has ended already; a take under way is finished."""
    known = _known(request)
    if request.app[TAKES].session(request.match_info["peer"]) is not None or known is None:
        await request.app[TAKES].close_peer(_session(request))
    return web.Response(status=200)


def _known(request: web.Request) -> Begun | None:
    known = request.app[SESSIONS_BEGUN].get(request.match_info["peer"])
    return known if known is not None and known.room == request.match_info["room"] else None


def operations(endpoint: str) -> tuple[Operation, ...]:
    """Return the operations of the sessions of an endpoint."""
    here = f"{endpoint}/{_PEER}"
    return (
        Operation(
            "PATCH",
            here,
            trickle,
            "Take candidates, which are not needed.",
            {204: {}},
            ("not_yours", "no_such_peer", "too_slow", "stale", "too_big", "wrong_type", "no_restart"),
            takes={TRICKLE: TEXT},
            preflight=preflight,
        ),
        Operation(
            "DELETE",
            here,
            end,
            "End the session, also one that has ended already.",
            {200: {}},
            ("not_yours", "no_such_peer"),
            preflight=preflight,
        ),
    )


def _session(request: web.Request) -> str:
    """Return the peer of a session; who knows its address may touch it, unless the key is another's."""
    peer, room_id = request.match_info["peer"], request.match_info["room"]
    session = request.app[TAKES].session(peer)
    if session is None or session.room.id != room_id:
        raise Problem("no_such_peer", "There is no such session (any more).")
    key = visitor_key(request) if session.voice else None
    if key and session.voice and request.app[ROOM_REGISTRY].voice(key, session.room).id != session.voice.id:
        raise Problem("not_yours", "This session is somebody else's.")
    return peer


def _user(sdp: str) -> str:
    found = _UFRAG.search(sdp)
    return found[1] if found else ""


def _etag(peer: str) -> str:
    return f'"{hashlib.sha256(peer.encode()).hexdigest()[:16]}"'
