"""What the admin sees and does: reports, decisions, and the audit log of them."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from server.http import body
from server.http.answers import answer
from server.http.app_keys import CONFIG
from server.http.problems import Problem
from server.http.security import is_admin, rate_limit
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
    Event,
)
from server.room.state import RoomState
from server.rooms import docket
from server.rooms.base import NoSuchRoom
from server.web import reports
from server.web.app_keys import LOG, ROOM_REGISTRY
from server.web.operations import JSON_ERRORS, Operation, json_body, listed, whole
from server.web.rooms import ROOM
from server.web.visits import visited

REPORTS_SHOWN, REPORTS_SHOWN_MOST = 50, 200
ACTS_SHOWN, ACTS_SHOWN_MOST = 100, 500
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


class Done(Struct):
    """What came of a decision or an act: nothing when all was so already."""

    changed: bool
    act: ActShown | None = None


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
    found = [await reports.shown(request, row) for row in rows]
    return answer({"reports": [report for report in found if report is not None]}, headers=_UNKEPT)


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
    found = await reports.told_of(request, row or docket.report_row(room_id, target, 0), state)
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
        return answer(Done(changed=False), headers=_UNKEPT)
    state = await room.awake()
    return answer(Done(changed=True, act=_act_shown(room.id, state, acted)), headers=_UNKEPT)


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
        event = await reports.event_at(request, row.room, docket.seq_of(row))
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

OPERATIONS = (
    Operation(
        "GET",
        "/api/admin/reports",
        list_reports,
        "What was reported and waits for a decision, newest first.",
        {200: listed("reports", reports.ReportShown)},
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
        {200: json_body(Done)},
        _ACTING_ERRORS,
        takes=json_body(Decision),
        key="admin",
    ),
    Operation(
        "POST",
        f"/api/admin/rooms/{ROOM}/acts",
        act,
        "Do something in a room as its admin, or take something back.",
        {200: json_body(Done)},
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
