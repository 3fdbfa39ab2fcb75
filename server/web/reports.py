"""What was reported, as whoever keeps a room sees it: why, by how many, and what it is."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from games.round import AnswerGiven
from server.http.answers import answer
from server.http.problems import Problem
from server.http.security import is_admin, needed_key, rate_limit
from server.log.base import Projected
from server.room import governing
from server.room.events import ClipReported, Event, TextReported, TextSaid, TopicSuggested, Voice
from server.room.state import RoomState
from server.rooms import docket
from server.rooms.base import NoSuchRoom
from server.web.app_keys import LOG, ROOM_REGISTRY
from server.web.operations import KEY_ERRORS, Operation, listed
from server.web.rooms import ROOM
from server.web.visits import visited, visitor
from server.web.whole import whole_clip

# Of the reports of one thing, the newest are told with their words.
WORDS_SHOWN = 5
ROOM_REPORTS_SHOWN = 50


class ReportWords(Struct):
    """One report: why, in which words, and when."""

    reason: str
    text: str
    at_ms: int


class ReportShown(Struct):
    """Something that was reported and waits for a decision."""

    id: str
    room: str
    room_name: str
    public: bool
    locked: bool
    kind: str
    target: str
    by: Voice | None
    text: str
    media: str
    count: int
    hidden: bool
    muted: bool
    held: str
    at_ms: int
    reasons: tuple[ReportWords, ...]


async def list_of_room(request: web.Request) -> web.Response:
    """Answer what waits for a decision in a room, newest first: for who keeps it, or acts for them."""
    key = None if is_admin(request) else needed_key(request)
    room = await visited(request, request.match_info["room"])
    voice = visitor(request, room, key) if key else None
    rate_limit(request, "govern", voice.id if voice else None)
    state = room.state
    if voice is not None and not governing.decides(state, voice, room.context()):
        raise Problem("not_allowed", "Only whoever keeps this room, and the admin, may see this.")
    waiting = {*state.governed.withheld, *(key for key, told in state.governed.reports.items() if told.seats)}
    ages = sorted(((_newest_seq(state, target), target) for target in waiting), reverse=True)
    rows = [await _row(request, room.id, seq, target) for seq, target in ages[:ROOM_REPORTS_SHOWN]]
    found = [await shown(request, row) for row in rows]
    return answer(
        {"reports": [report for report in found if report is not None]},
        headers={"Cache-Control": "no-store"},
    )


def _newest_seq(state: RoomState, target: str) -> int:
    reported = state.governed.reports.get(target)
    return max(state.governed.withheld.get(target, 0), *(reported.seqs if reported else (0,)))


async def _row(request: web.Request, room: str, seq: int, target: str) -> Projected:
    event = await event_at(request, room, seq)
    return docket.report_row(room, target, event.at_ms if event else 0)


async def shown(request: web.Request, row: Projected) -> ReportShown | None:
    """Return a report, None when what was reported is gone, or decided: the rows come a moment after that."""
    try:
        state = await request.app[ROOM_REGISTRY].look(row.room)
    except NoSuchRoom:
        return None
    found = await told_of(request, row, state)
    if found is None:
        return None
    by, text, is_clip, now_ms = *found, request.app[ROOM_REGISTRY].clock()
    reported = state.governed.reports.get(row.item)
    seqs, seats = (reported.seqs, reported.seats) if reported else ((), ())
    held = state.governed.held.get(row.item)
    is_hidden = row.item in state.governed.withheld
    if not seats and not is_hidden:
        return None
    return ReportShown(
        id=f"{row.room}.{row.item}",
        room=row.room,
        room_name=state.name,
        public=state.public,
        locked=state.locked,
        kind="clip" if is_clip else "text",
        target=row.item,
        by=by,
        text=text,
        media=f"/api/clips/{row.item}.ogg" if is_clip else "",
        count=len(seats),
        hidden=is_hidden,
        muted=by is not None and state.muted.get(by.id, 0) > now_ms,
        held=held.filter if held else "",
        at_ms=docket.at_ms(row),
        reasons=await _reasons(request, row.room, seqs[-WORDS_SHOWN:]),
    )


async def told_of(
    request: web.Request, row: Projected, state: RoomState
) -> tuple[Voice | None, str, bool] | None:
    """Return whose a reported thing is, its words, and whether it is a clip; None when it is gone."""
    clip = state.clips.get(row.item)
    if clip is not None:
        ref = await whole_clip(request, row.room, clip)
        return None if ref is None else (ref.by, ref.caption or "", True)
    if not row.item.isdecimal():
        return None
    event = await event_at(request, row.room, int(row.item))
    match event.data if event else None:
        case TextSaid(text=text) | TopicSuggested(text=text) | AnswerGiven(text=text):
            return event.by if event else None, text, False
        case _:
            return None


async def _reasons(request: web.Request, room: str, seqs: tuple[int, ...]) -> tuple[ReportWords, ...]:
    events = [await event_at(request, room, seq) for seq in reversed(seqs)]
    return tuple(
        ReportWords(event.data.reason, event.data.text, event.at_ms)
        for event in events
        if event is not None and isinstance(event.data, ClipReported | TextReported)
    )


async def event_at(request: web.Request, room: str, seq: int) -> Event | None:
    """Return the event of a seq."""
    events = await request.app[LOG].read(room, seq - 1, 1)
    return events[0] if events and events[0].seq == seq else None


OPERATIONS = (
    Operation(
        "GET",
        f"/api/rooms/{ROOM}/reports",
        list_of_room,
        "What was reported in a room and waits for a decision: who keeps it, or the admin.",
        {200: listed("reports", ReportShown)},
        (*KEY_ERRORS, "not_allowed", "no_such_room", "too_fast"),
        key="needed",
    ),
)
