"""The description of the HTTP side (OpenAPI 3.1), built from the structs that are sent."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from msgspec import Struct

from audio.media_types import MEDIA_TYPES
from games.game import TurnOrder
from server.room.kinds import KINDS
from server.room.place import CELL
from server.web.clips import ClipShown, NewReport
from server.web.errors import STATUSES
from server.web.previews import PreviewShown
from server.web.rooms import EVENTS_DEFAULT, EVENTS_LIMIT, NewRoom, RoomShown
from server.web.sessions import TRICKLE

VERSION = "1"
Json = dict[str, Any]


class Operation(Struct, frozen=True):
    """One request the server answers; `answers` maps statuses to what is sent, `errors` are codes."""

    method: str
    path: str
    summary: str
    answers: dict[int, Json]
    errors: tuple[str, ...] = ()
    takes: Json | None = None
    query: tuple[Json, ...] = ()
    key: str = "none"
    headers: tuple[str, ...] = ()


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _ref(kind: type) -> Json:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _list(name: str, items: Json, **more: Json) -> Json:
    return _json({"type": "object", "properties": {name: {"type": "array", "items": items}, **more}})


def _whole(name: str, sentence: str, **more: int) -> Json:
    return {"name": name, "in": "query", "description": sentence, "schema": {"type": "integer", **more}}


_TEXT: Json = {"schema": {"type": "string"}}
_BINARY: Json = {"schema": {"type": "string", "format": "binary"}}
_SDP: Json = {"application/sdp": _TEXT}
_OBJECT: Json = {"type": "object"}
_ANY: Json = {"schema": _OBJECT}
_HTML: Json = {"text/html": _TEXT}
_OFFER_ERRORS = (
    "bad_offer",
    "no_such_room",
    "too_slow",
    "too_big",
    "wrong_type",
    "too_fast",
    "busy",
    "restarting",
)
_TRICKLE_ERRORS = ("not_yours", "no_such_peer", "too_slow", "stale", "too_big", "wrong_type", "no_restart")
_UPLOAD_ERRORS = (
    "no_key", "bad_key", "wrong_origin", "muted", "consent_needed", "no_such_room", "too_slow", "too_big",
    "wrong_type", "undecodable", "silent", "too_short", "too_fast", "busy", "restarting", "storage_full",
    "room_closed",
)  # fmt: skip
_PREVIEW_ERRORS = ("no_key", "bad_key", "wrong_origin", "no_such_preview", "too_fast")
_JSON_ERRORS = ("bad_json", "bad_value", "too_slow", "too_big", "wrong_type")
_RECEIPT: Json = {
    "type": "object",
    "properties": {
        "receipt": {"type": "string"},
        "room": {"type": "string"},
        "clip": {"type": "string"},
        "seq": {"type": "integer"},
        "at_ms": {"type": "integer"},
    },
}
_EVENT: Json = {"type": "object", "description": "One event of a room; see the asynchronous description."}
_GAME: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "kinds": {"type": "array", "items": {"type": "string"}},
        "turns": {"type": "string", "enum": list(get_args(TurnOrder))},
        "tempo": {"type": "string", "enum": ["snap", "slow"]},
        "rules": {"type": "string"},
        "opt_in": {"type": "boolean", "description": "Nobody is drawn into it: who joins or speaks plays."},
        "challenged": {"type": "boolean", "description": "Others may challenge a take by a vote of -1."},
    },
}
_KIND: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "enum": list(KINDS)},
        "name": {"type": "string"},
        "tempo": {"type": "string", "enum": ["snap", "slow"]},
        "placed": {"type": "boolean", "description": "Such a room needs a `place`."},
    },
}
_PLACE: Json = {
    "name": "place",
    "in": "query",
    "description": "A geohash of 3 to 5 characters.",
    "schema": {"type": "string", "pattern": f"^{CELL}$"},
}
_TAKES: Json = {
    "name": "takes",
    "in": "query",
    "description": "`commanded`: the session stays open; speak.start and speak.stop on the socket cut takes.",
    "schema": {"type": "string", "enum": ["commanded"]},
}


def _file(ending: str, media_type: str, summary: str) -> Operation:
    return Operation(
        "get",
        f"/api/clips/{{clip}}.{ending}",
        summary,
        {200: {media_type: _BINARY}, 206: {media_type: _BINARY}, 304: {}},
        ("no_such_clip", "bad_range", *(("too_fast",) if ending in ("m4a", "png") else ())),
    )


def _sessions(kind: str) -> tuple[Operation, ...]:
    path = f"/api/rooms/{{room}}/{kind}/{{peer}}"
    return (
        Operation(
            "patch",
            path,
            "Take candidates, which are not needed.",
            {204: {}},
            _TRICKLE_ERRORS,
            takes={TRICKLE: _TEXT},
        ),
        Operation("delete", path, "End the session.", {200: {}}, ("not_yours", "no_such_peer")),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation("get", "/healthz", "Is the server alive?", {200: _json(_OBJECT)}),
    Operation("get", "/readyz", "Is it able to serve?", {200: _json(_OBJECT)}, ("restarting", "busy")),
    Operation(
        "get",
        "/metrics",
        "Figures for Prometheus.",
        {200: {"text/plain": _TEXT}},
        ("not_allowed",),
        key="admin",
    ),
    Operation("get", "/api/openapi.json", "This description.", {200: _json(_OBJECT), 304: {}}),
    Operation(
        "get",
        "/api/asyncapi.json",
        "The description of the socket (AsyncAPI 3.0).",
        {200: _json(_OBJECT), 304: {}},
    ),
    Operation(
        "get",
        "/api/rooms",
        "Public rooms, liveliest first; with a place its local room, and those of the cells around.",
        {200: _list("rooms", _ref(RoomShown))},
        ("bad_query", "too_fast"),
        query=(_PLACE,),
    ),
    Operation(
        "post",
        "/api/rooms",
        "Make a room.",
        {201: _json(_ref(RoomShown)), 200: _json(_ref(RoomShown))},
        (
            *_JSON_ERRORS,
            "bad_key",
            "wrong_origin",
            "room_taken",
            "bad_room",
            "too_long",
            "too_fast",
            "restarting",
            "storage_full",
        ),
        takes=_json(_ref(NewRoom)),
        key="optional",
        headers=("Location",),
    ),
    Operation("get", "/api/rooms/{room}", "One room.", {200: _json(_ref(RoomShown))}, ("no_such_room",)),
    Operation(
        "get",
        "/api/rooms/{room}/events",
        "A page of events, oldest first.",
        {200: _list("events", _EVENT, head={"type": "integer"})},
        ("bad_query", "bad_key", "no_such_room", "too_fast"),
        query=(
            _whole("after", "Events after this seq; without it the newest.", minimum=0),
            _whole("limit", "At most so many.", minimum=1, maximum=EVENTS_LIMIT, default=EVENTS_DEFAULT),
        ),
        key="optional",
    ),
    Operation(
        "get",
        "/api/games",
        "The games and the kinds of rooms, in the language asked for.",
        {200: _list("games", _GAME, kinds={"type": "array", "items": _KIND})},
    ),
    Operation(
        "get",
        "/api/rooms/{room}/ws",
        "The room's WebSocket; see the asynchronous description.",
        {101: {}},
        (
            "bad_request",
            "bad_query",
            "bad_key",
            "wrong_origin",
            "no_such_room",
            "upgrade_needed",
            "too_fast",
            "busy",
            "restarting",
        ),
        query=(
            _whole("after", "Resume after this seq; without it the newest 100 events come.", minimum=0),
            _whole("at_ms", "When that event was: by this a log that was restored is known.", minimum=0),
        ),
        key="optional",
    ),
    Operation(
        "post",
        "/api/rooms/{room}/whip",
        "Speak: an offer for one sending Opus track (RFC 9725).",
        {201: _SDP},
        ("no_key", "bad_key", "wrong_origin", "muted", "consent_needed", "room_closed", *_OFFER_ERRORS),
        takes=_SDP,
        query=(_TAKES,),
        key="needed",
        headers=("Location", "ETag", "Accept-Patch"),
    ),
    *_sessions("whip"),
    Operation(
        "post",
        "/api/rooms/{room}/whep",
        "Listen to the room's radio: an offer for one receiving Opus track.",
        {201: _SDP},
        _OFFER_ERRORS,
        takes=_SDP,
        headers=("Location", "ETag", "Accept-Patch"),
    ),
    *_sessions("whep"),
    Operation(
        "post",
        "/api/rooms/{room}/clips",
        "Upload a recorded clip.",
        {201: _json(_ref(ClipShown)), 202: _json(_ref(PreviewShown))},
        _UPLOAD_ERRORS,
        takes=dict.fromkeys(MEDIA_TYPES, _BINARY),
        key="needed",
        headers=("Location",),
    ),
    Operation(
        "post",
        "/api/previews/{preview}",
        "Let a take land that its speaker has heard.",
        {201: _json(_ref(ClipShown))},
        (*_PREVIEW_ERRORS, "storage_full"),
        key="needed",
        headers=("Location",),
    ),
    Operation(
        "delete", "/api/previews/{preview}", "Let go of a take.", {204: {}}, _PREVIEW_ERRORS, key="needed"
    ),
    Operation(
        "get",
        "/api/previews/{preview}.ogg",
        "A take as its speaker may hear it before it lands.",
        {200: {"audio/ogg": _BINARY}, 206: {"audio/ogg": _BINARY}, 304: {}},
        ("no_key", "bad_key", "wrong_origin", "no_such_preview", "bad_range"),
        key="needed",
    ),
    Operation(
        "get",
        "/api/clips/{clip}",
        "What is known of a clip.",
        {200: _json(_ref(ClipShown))},
        ("no_such_clip",),
    ),
    Operation(
        "delete",
        "/api/clips/{clip}",
        "Remove a clip: its speaker, or the admin.",
        {204: {}},
        ("no_key", "bad_key", "wrong_origin", "not_yours", "muted", "no_such_clip", "too_fast"),
        key="needed",
    ),
    _file("ogg", "audio/ogg", "The clip as Opus in Ogg."),
    _file("m4a", "audio/mp4", "The clip as AAC in MP4."),
    _file("vtt", "text/vtt", "The clip's caption."),
    _file("svg", "image/svg+xml", "The picture of the clip's sound."),
    _file("png", "image/png", "The same picture for link previews."),
    Operation(
        "post",
        "/api/clips/{clip}/reports",
        "Report a clip.",
        {201: _json(_RECEIPT)},
        (
            *_JSON_ERRORS,
            "no_key",
            "bad_key",
            "wrong_origin",
            "muted",
            "no_such_clip",
            "empty",
            "too_long",
            "too_fast",
        ),
        takes=_json(_ref(NewReport)),
        key="needed",
    ),
    Operation("get", "/", "The lobby.", {200: _HTML, 304: {}}),
    Operation("get", "/r/{room}", "A room's page.", {200: _HTML, 304: {}}, ("no_such_room",)),
    Operation("get", "/c/{clip}", "A clip's page; it unfurls.", {200: _HTML, 304: {}}, ("no_such_clip",)),
    Operation(
        "get",
        "/r/{room}/feed.xml",
        "A room as a podcast.",
        {200: {"application/rss+xml": _TEXT}, 304: {}},
        ("no_such_room",),
    ),
    Operation(
        "get", "/static/{name}", "A file of the page.", {200: {"*/*": _BINARY}, 304: {}}, ("no_such_page",)
    ),
    Operation(
        "get",
        "/manifest.webmanifest",
        "The page as an app.",
        {200: {"application/manifest+json": _ANY}},
    ),
    Operation("get", "/favicon.ico", "The icon.", {200: {"image/svg+xml": _BINARY}}, ("no_such_page",)),
    Operation("get", "/robots.txt", "What search engines leave alone.", {200: {"text/plain": _TEXT}}),
)
_SECURITY: dict[str, list[Json]] = {
    "none": [],
    "optional": [{}, {"bearer": []}, {"cookie": []}],
    "needed": [{"bearer": []}, {"cookie": []}],
    "admin": [{}, {"bearer": []}],
}


def describe() -> Json:
    """Return the whole description."""
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Space of Wonder",
            "version": VERSION,
            "description": "Speak into a room, everyone hears it. JSON is UTF-8, times are `*_ms`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _schemes()},
    }


def page() -> bytes:
    """Return the description as docs/api/openapi.json."""
    return msgspec.json.format(msgspec.json.encode(describe()), indent=1) + b"\n"


def _operation(operation: Operation) -> Json:
    found: Json = {
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *operation.query],
        "responses": {str(status): _answer(operation, status) for status in operation.answers}
        | _errors(operation),
        "security": _SECURITY[operation.key],
    }
    if operation.takes is not None:
        found["requestBody"] = {"required": True, "content": operation.takes}
    return found


def _path_parameters(path: str) -> list[Json]:
    names = [part.partition("}")[0] for part in path.split("{")[1:]]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _answer(operation: Operation, status: int) -> Json:
    found: Json = {"description": _SAID.get(status, "Done.")}
    if operation.answers[status]:
        found["content"] = operation.answers[status]
    if operation.headers:
        found["headers"] = dict.fromkeys(operation.headers, _TEXT)
    return found


_SAID = {
    101: "The protocol is switched.",
    200: "Done.",
    201: "Made.",
    202: "Waits for its speaker's word.",
    206: "A part.",
    304: "It is known already.",
}


def _errors(operation: Operation) -> Json:
    codes: dict[int, list[str]] = {}
    for code in operation.errors:
        codes.setdefault(STATUSES[code], []).append(code)
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status): {
            "description": "Codes: " + ", ".join(f"`{code}`" for code in sorted(codes[status])),
            "content": problem,
        }
        for status in sorted(codes)
    }


def _schemas() -> Json:
    _, found = msgspec.json.schema_components(
        (RoomShown, NewRoom, ClipShown, NewReport, PreviewShown), ref_template="#/components/schemas/{name}"
    )
    problem: Json = {
        "type": "object",
        "description": "RFC 9457. The code is stable, the detail is a sentence for people.",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(STATUSES)},
            "detail": {"type": "string"},
            "retry_after_ms": {"type": "integer"},
        },
        "required": ["type", "title", "status", "code", "detail"],
    }
    return {**found, "Problem": problem}


def _schemes() -> Json:
    sentence = "A key the client made up: 22 to 86 characters of base64url. The admin's token goes here too."
    return {
        "bearer": {"type": "http", "scheme": "bearer", "description": sentence},
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "wonder_key",
            "description": "Given by the pages.",
        },
    }
