"""What the admin sees and does: reports, decisions, and the audit log of them."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from games.round import AnswerGiven
from server.http import body
from server.http.answers import answer
from server.http.app_keys import CONFIG
from server.http.problems import Problem
from server.http.security import is_admin, rate_limit
from server.log.base import Projected
from server.room.commands import (
    Change,
    Close,
    Hide,
    Mute,
    MuteNetwork,
    Oversee,
    Remove,
    Restore,
)
from server.room.events import (
    AdminActed,
    ClipReported,
    Event,
    TextReported,
    TextSaid,
    TopicSuggested,
    Voice,
)
from server.room.state import RoomState
from server.rooms import docket
from server.rooms.base import NoSuchRoom
from server.web.app_keys import LOG, ROOM_REGISTRY
from server.web.operations import JSON_ERRORS, Operation, json_body, listed, whole
from server.web.rooms import ROOM
from server.web.visits import visited
from server.web.whole import whole_clip

REPORTS_SHOWN, REPORTS_SHOWN_MOST = 50, 200
ACTS_SHOWN, ACTS_SHOWN_MOST = 100, 500
# Of the reports of one thing, the newest are told with their words.
WORDS_SHOWN = 5
MUTE_MS = 600_000
NETWORK_MUTE_MS = 3_600_000
# A report is named by its room and what was reported there.
REPORT = "{report:[A-Za-z0-9_-]{1,64}[.][A-Za-z0-9_-]{1,64}}"
ACTIONS = (
    "remove", "keep", "hide", "mute", "unmute", "mute_network", "unmute_network", "lock", "unlock", "close",
)  # fmt: skip
# What takes an act back; what is removed or closed stays so.
UNDONE_BY = {
    "keep": "hide",
    "hide": "keep",
    "mute": "unmute",
    "mute_network": "unmute_network",
    "lock": "unlock",
    "unlock": "lock",
}


class Decision(Struct):
    """What becomes of something that was reported: `remove`, `keep`, `mute` or `mute_network`."""

    decision: str
    note: str = ""
    for_ms: int | None = None


class NewAct(Struct):
    """Something to do in a room; `target` is a clip, the seq of a text, a voice, or a muted network."""

    action: str
    target: str = ""
    note: str = ""
    for_ms: int | None = None


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
    at_ms: int
    reasons: tuple[ReportWords, ...]


class ActShown(Struct):
    """Something that the admin did; `undo` is the action that takes it back, empty where none does."""

    room: str
    room_name: str
    seq: int
    at_ms: int
    action: str
    target: str
    note: str
    undo: str


def check_admin(request: web.Request) -> None:
    """Raise `Problem` for all but the admin."""
    rate_limit(request, "govern")
    if not request.app[CONFIG].admin_token:
        raise Problem("not_allowed", "This server has no admin: its host sets one with --admin-token.")
    if not is_admin(request):
        raise Problem("not_allowed", "This is for the admin: bring the admin's token as the bearer.")


async def list_reports(request: web.Request) -> web.Response:
    """Answer what was reported and waits for a decision, newest first."""
    check_admin(request)
    limit = body.whole(request.query, "limit", REPORTS_SHOWN, 1, REPORTS_SHOWN_MOST)
    rows = await docket.newest(request.app[LOG], docket.REPORTS, limit)
    shown = [await _shown(request, row) for row in rows]
    return answer({"reports": [report for report in shown if report is not None]}, headers=_UNKEPT)


async def _shown(request: web.Request, row: Projected) -> ReportShown | None:
    """Return a report, None when what was reported is gone."""
    try:
        state = await request.app[ROOM_REGISTRY].look(row.room)
    except NoSuchRoom:
        return None
    found = await _told_of(request, row, state)
    if found is None:
        return None
    by, text, is_clip, now_ms = *found, request.app[ROOM_REGISTRY].clock()
    reported = state.governed.reports.get(row.item)
    seqs, seats = (reported.seqs, reported.seats) if reported else ((), ())
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
        hidden=row.item in state.governed.withheld,
        muted=by is not None and state.muted.get(by.id, 0) > now_ms,
        at_ms=docket.at_ms(row),
        reasons=await _reasons(request, row.room, seqs[-WORDS_SHOWN:]),
    )


async def _told_of(
    request: web.Request, row: Projected, state: RoomState
) -> tuple[Voice | None, str, bool] | None:
    """Return whose a reported thing is, its words, and whether it is a clip; None when it is gone."""
    clip = state.clips.get(row.item)
    if clip is not None:
        ref = await whole_clip(request, row.room, clip)
        return None if ref is None else (ref.by, ref.caption or "", True)
    if not row.item.isdecimal():
        return None
    event = await _event(request, row.room, int(row.item))
    match event.data if event else None:
        case TextSaid(text=text) | TopicSuggested(text=text) | AnswerGiven(text=text):
            return event.by if event else None, text, False
        case _:
            return None


async def _reasons(request: web.Request, room: str, seqs: tuple[int, ...]) -> tuple[ReportWords, ...]:
    events = [await _event(request, room, seq) for seq in reversed(seqs)]
    return tuple(
        ReportWords(event.data.reason, event.data.text, event.at_ms)
        for event in events
        if event is not None and isinstance(event.data, ClipReported | TextReported)
    )


async def _event(request: web.Request, room: str, seq: int) -> Event | None:
    events = await request.app[LOG].read(room, seq - 1, 1)
    return events[0] if events and events[0].seq == seq else None


async def decide(request: web.Request) -> web.Response:
    """Decide about something that was reported."""
    check_admin(request)
    room_id, _, target = request.match_info["report"].rpartition(".")
    wanted = await body.read_json(request, Decision)
    if wanted.decision not in {"remove", "keep", "mute", "mute_network"}:
        raise Problem("bad_value", "`decision` is `remove`, `keep`, `mute` or `mute_network`.")
    if wanted.decision.startswith("mute"):
        target = await _speaker(request, room_id, target)
    return await _done(request, room_id, NewAct(wanted.decision, target, wanted.note, wanted.for_ms))


async def _speaker(request: web.Request, room_id: str, target: str) -> str:
    row = await request.app[LOG].projected(docket.READER, room_id, target)
    state = await request.app[ROOM_REGISTRY].look(room_id)
    found = await _told_of(request, row or docket.report_row(room_id, target, 0), state)
    if found is None or found[0] is None:
        raise Problem("no_such_clip", "What was reported is not here (any more).")
    return found[0].id


async def act(request: web.Request) -> web.Response:
    """Do something in a room, or take something back."""
    check_admin(request)
    return await _done(request, request.match_info["room"], await body.read_json(request, NewAct))


async def _done(request: web.Request, room_id: str, wanted: NewAct) -> web.Response:
    room = await visited(request, room_id)
    events = await room.send(Oversee(_command(wanted), wanted.note), by=None)
    acted = next((event for event in reversed(events) if isinstance(event.data, AdminActed)), None)
    if acted is None:
        return answer({"changed": False}, headers=_UNKEPT)
    state = await room.awake()
    return answer({"changed": True, "act": _act_shown(room.id, state, acted)}, headers=_UNKEPT)


def _command(
    wanted: NewAct,
) -> Change | Close | Mute | MuteNetwork | Remove | Hide | Restore:
    clip, seq = ("", int(wanted.target)) if _is_seq(wanted.target) else (wanted.target, 0)
    match wanted.action:
        case "remove":
            return Remove(clip, "moderated", seq)
        case "keep":
            return Restore(clip, seq)
        case "hide":
            return Hide(clip, seq)
        case "mute":
            return Mute(wanted.target, MUTE_MS if wanted.for_ms is None else wanted.for_ms)
        case "unmute":
            return Mute(wanted.target, 0)
        case "mute_network":
            return MuteNetwork(wanted.target, NETWORK_MUTE_MS if wanted.for_ms is None else wanted.for_ms)
        case "unmute_network":
            return MuteNetwork("", 0, wanted.target)
        case "lock" | "unlock":
            return Change(locked=wanted.action == "lock")
        case "close":
            return Close()
        case _:
            raise Problem("bad_value", f"`action` is one of {', '.join(ACTIONS)}.")


def _is_seq(target: str) -> bool:
    return target.isascii() and target.isdecimal() and len(target) < 16


async def list_acts(request: web.Request) -> web.Response:
    """Answer what the admin did, newest first."""
    check_admin(request)
    limit = body.whole(request.query, "limit", ACTS_SHOWN, 1, ACTS_SHOWN_MOST)
    rows = await docket.newest(request.app[LOG], docket.ACTS, limit)
    shown, states = list[ActShown](), dict[str, RoomState]()
    for row in rows:
        event = await _event(request, row.room, docket.seq_of(row))
        try:
            state = states.get(row.room) or await request.app[ROOM_REGISTRY].look(row.room)
        except NoSuchRoom:
            continue
        states[row.room] = state
        if event is not None and isinstance(event.data, AdminActed):
            shown.append(_act_shown(row.room, state, event))
    return answer({"acts": shown}, headers=_UNKEPT)


def _act_shown(room: str, state: RoomState, event: Event) -> ActShown:
    acted = event.data
    assert isinstance(acted, AdminActed)
    undo = UNDONE_BY.get(acted.action, "")
    return ActShown(room, state.name, event.seq, event.at_ms, acted.action, acted.target, acted.note, undo)


_UNKEPT = {"Cache-Control": "no-store"}
_ERRORS = ("bad_key", "not_allowed", "too_fast")
_ACTING_ERRORS = (
    *JSON_ERRORS, *_ERRORS, "no_such_room", "no_such_clip", "no_such_text", "room_closed", "storage_full",
)  # fmt: skip
_DONE = {"type": "object", "properties": {"changed": {"type": "boolean"}, "act": {"type": "object"}}}

OPERATIONS = (
    Operation(
        "GET",
        "/api/admin/reports",
        list_reports,
        "What was reported and waits for a decision, newest first.",
        {200: listed("reports", ReportShown)},
        ("bad_query", *_ERRORS),
        query=(
            whole("limit", "How many at most.", minimum=1, maximum=REPORTS_SHOWN_MOST, default=REPORTS_SHOWN),
        ),
        key="admin",
    ),
    Operation(
        "POST",
        f"/api/admin/reports/{REPORT}",
        decide,
        "Decide about something that was reported: remove it, keep it, or mute whose it is.",
        {200: json_body(_DONE)},
        _ACTING_ERRORS,
        takes=json_body(Decision),
        key="admin",
    ),
    Operation(
        "POST",
        f"/api/admin/rooms/{ROOM}/acts",
        act,
        "Do something in a room as its admin, or take something back.",
        {200: json_body(_DONE)},
        _ACTING_ERRORS,
        takes=json_body(NewAct),
        key="admin",
    ),
    Operation(
        "GET",
        "/api/admin/audit",
        list_acts,
        "What the admin did, newest first.",
        {200: listed("acts", ActShown)},
        ("bad_query", *_ERRORS),
        query=(whole("limit", "How many at most.", minimum=1, maximum=ACTS_SHOWN_MOST, default=ACTS_SHOWN),),
        key="admin",
    ),
)
