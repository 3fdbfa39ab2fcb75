"""Errors of the HTTP side: one table from codes to statuses, one format (RFC 9457)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from math import ceil

import msgspec
from aiohttp import web

from audio.take import Unfit
from server.blobs.base import Away
from server.http.preferences import language_of, themed
from server.http.problem_page import problem_page
from server.log.base import Damaged, StorageFull
from server.room.commands import BROKEN, Refused, broken, storage_away
from server.rooms.base import NoSuchRoom
from server.rtc.media import BadOffer, Busy

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger(__name__)

# The one table. Codes are stable; a refusal with a code that is not here is answered 409.
STATUSES: dict[str, int] = {
    "bad_request": 400,
    "bad_json": 400,
    "bad_query": 400,
    "bad_offer": 400,
    "no_key": 401,
    "bad_key": 401,
    "not_allowed": 403,
    "wrong_origin": 403,
    "muted": 403,
    "consent_needed": 403,
    "not_yours": 403,
    "own_clip": 403,
    "not_a_player": 403,
    "locked": 403,
    "no_such_page": 404,
    "no_such_room": 404,
    "no_such_clip": 404,
    "no_such_code": 404,
    "no_such_hook": 404,
    "no_such_text": 404,
    "no_such_peer": 404,
    "no_such_preview": 404,
    "no_push": 404,
    "method_not_allowed": 405,
    "too_slow": 408,
    "room_exists": 409,
    "room_taken": 409,
    "room_closed": 409,
    "round_running": 409,
    "no_round": 409,
    "no_proposal": 409,
    "proposal_running": 409,
    "joined_already": 409,
    "voted_already": 409,
    "speaking_already": 409,
    "not_speaking": 409,
    "answered_already": 409,
    "enough_topics": 409,
    "enough_hooks": 409,
    "known_topic": 409,
    "not_scored": 409,
    "not_your_turn": 409,
    "round_full": 409,
    "wanted_already": 409,
    "peer_gone": 409,
    "id_used": 409,
    "stale": 412,
    "too_big": 413,
    "wrong_type": 415,
    "bad_range": 416,
    "bad_answer": 422,
    "bad_dice": 422,
    "bad_room": 422,
    "bad_topic": 422,
    "bad_value": 422,
    "empty": 422,
    "filtered": 422,
    "too_long": 422,
    "not_an_emoji": 422,
    "no_such_game": 422,
    "no_restart": 422,
    "undecodable": 422,
    "silent": 422,
    "too_short": 422,
    "upgrade_needed": 426,
    "too_fast": 429,
    "slow": 429,
    "broken": 500,
    "damaged": 500,
    "internal": 500,
    "busy": 503,
    "draining": 503,
    "restarting": 503,
    "storage_away": 503,
    "storage_full": 507,
}
REFUSED_STATUS = 409
# What aiohttp itself answers, said in our words.
_OWN: dict[int, tuple[str, str]] = {
    400: ("bad_request", "This is not a request that can be understood."),
    404: ("no_such_page", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take such a request."),
    413: ("too_big", "This is too big."),
    415: ("wrong_type", "This type of content is not taken here."),
    416: ("bad_range", "There is no such part of it."),
    426: ("upgrade_needed", "This address speaks WebSocket."),
}
RETRY_STATUSES = (429, 503, 507)
RETRY_AFTER_S = 5
DAMAGED_KEPT = 1_000  # paths of what was found damaged, the latest


class Problem(Exception):
    """An answer that is an error: a code of `STATUSES`, a sentence, and perhaps when to come back."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after_ms: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after_ms = retry_after_ms
        self.headers = headers or {}

    @property
    def status(self) -> int:
        """Return the HTTP status of the code."""
        return STATUSES.get(self.code, REFUSED_STATUS)


def problem_of(error: Exception) -> Problem:
    """Return what a visitor is told of an error; what nobody foresaw is `broken`, without detail."""
    match error:
        case Problem():
            return error
        case Refused(code=code, message=message, retry_after_ms=retry_after_ms):
            return Problem(code, message, retry_after_ms=retry_after_ms)
        case Unfit(code=code, message=message):
            return Problem(code, message)
        case BadOffer():
            return Problem("bad_offer", str(error) or "This offer cannot be answered.")
        case Busy():
            return Problem("busy", str(error) or "Too many voices at once. Try again soon.")
        case StorageFull():
            return Problem("storage_full", "The disk is full, so nothing new can be kept now.")
        case Away():
            return problem_of(storage_away())
        case Damaged():
            return Problem("damaged", "This was damaged on our disk, and cannot be read any more.")
        case web.HTTPException():
            return _own(error)
        case NoSuchRoom():
            return Problem("no_such_room", "There is no such room (any more).")
        case _:
            return problem_of(broken())


def respond(problem: Problem, *, page_for: web.Request | None = None) -> web.Response:
    """Return the answer for a problem; with `page_for` it is a page for the people who asked."""
    headers = dict(problem.headers)
    if problem.status in RETRY_STATUSES:
        headers["Retry-After"] = str(_retry_after_s(problem.retry_after_ms))
    if page_for is not None:
        words = problem_page(problem.code, problem.detail, language_of(page_for), themed(page_for))
        headers["Vary"] = "Accept, Accept-Language, Cookie"
        return web.Response(text=words, status=problem.status, content_type="text/html", headers=headers)
    return web.Response(
        body=body(problem), status=problem.status, content_type="application/problem+json", headers=headers
    )


def body(problem: Problem) -> bytes:
    """Return the problem as JSON (RFC 9457)."""
    fields = {
        "type": "about:blank",
        "title": problem.code.replace("_", " ").capitalize(),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
    }
    if problem.retry_after_ms is not None:
        fields["retry_after_ms"] = problem.retry_after_ms
    return msgspec.json.encode(fields)


class DamagedPaths:
    """What was found damaged on disk: each is logged once, however often it is asked for."""

    def __init__(self) -> None:
        self._paths: OrderedDict[str, None] = OrderedDict()

    def is_news(self, path: str) -> bool:
        """Note a path, and tell whether it was not known."""
        was_known = path in self._paths
        self._paths[path] = None
        self._paths.move_to_end(path)
        if len(self._paths) > DAMAGED_KEPT:
            self._paths.popitem(last=False)
        return not was_known


DAMAGED: web.AppKey[DamagedPaths] = web.AppKey("damaged")


def _route(request: web.Request) -> str:
    """Return which route was asked, without the ids in its path."""
    where = request.match_info.route.resource
    return where.canonical if where is not None else ""


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error of a route into its answer; what is our fault is logged with its trace."""
    try:
        return await handler(request)
    except ConnectionError:  # who asked is gone: nobody reads this, and it is nobody's fault
        return respond(Problem("bad_request", "The connection was lost."))
    except Exception as error:
        problem = problem_of(error)
        if problem.code == BROKEN:
            logger.exception("broken route=%s method=%s", _route(request), request.method)
        if isinstance(error, Damaged) and request.app[DAMAGED].is_news(request.path):
            logger.error("damaged route=%s: %s", _route(request), error)
        return respond(problem, page_for=request if _wants_page(request) else None)


def _own(error: web.HTTPException) -> Problem:
    code, detail = _OWN.get(error.status, ("bad_request" if error.status < 500 else BROKEN, "Not so."))
    allow = error.headers.get("Allow")
    return Problem(code, detail, headers={"Allow": allow} if allow else None)


def _retry_after_s(retry_after_ms: int | None) -> int:
    return max(1, ceil(retry_after_ms / 1000)) if retry_after_ms is not None else RETRY_AFTER_S


def _wants_page(request: web.Request) -> bool:
    is_page = not request.path.startswith("/api/") and not request.path.endswith(".xml")
    return request.method == "GET" and is_page and "text/html" in request.headers.get("Accept", "")
