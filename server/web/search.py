"""Search in a room: the words of its clips and lines, as they are in the log now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct

from server.http import body
from server.http.answers import answer
from server.http.problems import Problem
from server.http.security import rate_limit
from server.room.events import TextSaid, Voice
from server.room.text import cleaned
from server.room.view import is_hidden
from server.rooms.base import Room
from server.web.app_keys import LOG
from server.web.operations import Operation, json_body, whole
from server.web.rooms import ROOM
from server.web.visits import visited
from server.web.whole import whole_clip

QUERY_CHARACTERS = 100
HITS, HITS_MOST = 20, 50
# What was found is read in pages; of a room in which nearly all is hidden no more than so many are looked at.
PAGE, PAGES_MOST = 50, 8

# Which clips, and texts by their seq, of a room have the words of a query: so many, after so many others.
Find = Callable[[str, str, int, int], Awaitable[list[str]]]
FIND: web.AppKey[Find] = web.AppKey("find")


async def nothing(_room: str, _query: str, _limit: int, _skipped: int) -> list[str]:
    """Find nothing, where there is no index."""
    return []


class Hit(Struct, omit_defaults=True):
    """A line of chat, or a clip by its words: where it is in the room, and when and by whom it was said."""

    seq: int
    text: str
    at_ms: int
    by: Voice | None
    clip: str | None = None


class Hits(Struct):
    """What was found, newest first."""

    hits: tuple[Hit, ...]


async def search(request: web.Request) -> web.Response:
    """Answer what was said and written in a room with some words in it."""
    query, limit = _asked(request)
    room = await visited(request, request.match_info["room"])
    rate_limit(request, "search")
    hits = list[Hit]()
    for page in range(PAGES_MOST):
        found = await request.app[FIND](room.id, query, PAGE, page * PAGE)
        for item in found:
            hit = await _hit(request, room, item)
            hits += [hit] if hit is not None else []
            if len(hits) == limit:
                return answer(Hits(tuple(hits)))
        if len(found) < PAGE:
            break
    return answer(Hits(tuple(hits)))


def _asked(request: web.Request) -> tuple[str, int]:
    query = cleaned(request.query.get("q", ""))
    if not any(character.isalnum() for character in query):
        raise Problem("bad_query", "Say in q which words to look for.")
    if len(query) > QUERY_CHARACTERS:
        raise Problem("bad_query", f"Look for at most {QUERY_CHARACTERS} characters.")
    return query, body.whole(request.query, "limit", HITS, 1, HITS_MOST)


async def _hit(request: web.Request, room: Room, item: str) -> Hit | None:
    """Return what an item is now; None when it is gone, or not for everybody."""
    state = await room.awake()
    if item.isdecimal():
        events = await request.app[LOG].read(room.id, int(item) - 1, 1)
        if not events or not isinstance(events[0].data, TextSaid) or item in state.governed.withheld:
            return None
        return Hit(events[0].seq, events[0].data.text, events[0].at_ms, events[0].by)
    known = state.clips.get(item)
    if known is None or is_hidden(state, item, None):
        return None
    ref = await whole_clip(request, room.id, known)
    if ref is None or not ref.caption:
        return None
    return Hit(ref.seq, ref.caption, ref.at_ms, ref.by, ref.clip)


OPERATIONS = (
    Operation(
        "GET",
        f"/api/rooms/{ROOM}/search",
        search,
        "What was said and written in a room with all words of `q` (the last may go on), newest first.",
        {200: json_body(Hits)},
        ("bad_query", "no_such_room", "too_fast"),
        query=(
            {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
            whole("limit", "How many at most.", minimum=1, maximum=HITS_MOST, default=HITS),
        ),
    ),
)
