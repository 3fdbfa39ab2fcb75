"""The description of the socket (AsyncAPI 3.0), built from the structs that are sent."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from server.room.events import KINDS
from server.socket.messages import MESSAGE_LIMIT_BYTES, TYPES
from server.socket.replies import PROTOCOL

Json = dict[str, Any]
# What the server says beside events and signals, with the fields of each.
ANSWERS: dict[str, dict[str, str]] = {
    "welcome": {
        "protocol": "integer",
        "room": "object",
        "you": "object",
        "head": "integer",
        "server_ms": "integer",
        "anew": "boolean",
        "key": "string",
    },
    "ack": {"id": "string", "seq": "integer"},
    "refused": {"id": "string", "code": "string", "message": "string", "retry_after_ms": "integer"},
    "pong": {"t": "number", "server_ms": "integer"},
}
SIGNALS: dict[str, dict[str, str]] = {
    "presence": {"voices": "array", "gone": "array", "listeners": "integer", "speakers": "integer"},
    "speaking": {"voice": "string", "on": "boolean"},
    "cue": {
        "kind": "string",
        "url": "string",
        "clip": "string",
        "voice": "string",
        "names": "array",
        "names_at_ms": "integer",
        "starts_at_ms": "integer",
        "duration_ms": "integer",
        "at_ms": "integer",
        "prompt": "string",
    },
    "cut": {"clip": "string", "url": "string"},
    "care": {"clip": "string"},
    "live": {"voice": "string", "on": "boolean", "at_ms": "integer"},
    "take": {
        "peer": "string",
        "state": "string",
        "code": "string",
        "message": "string",
        "clip": "string",
        "preview": "string",
        "duration_ms": "integer",
        "peaks": "array",
    },
}
CLOSE_CODES: dict[int, str] = {
    1002: "not the protocol",
    1007: "not UTF-8",
    1008: "not allowed here",
    1009: "too big",
    1011: "something broke on our side",
    1012: "restarting",
    1013: "come back (too slow or full)",
}


def describe() -> Json:
    """Return the whole description."""
    messages = {**_from_client(), **_answers(), **_events(), **_signals()}
    here = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    client = [name for name in messages if name.startswith("client.")]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Space of Wonder: the socket of a room",
            "version": str(PROTOCOL),
            "description": (
                "One JSON object a message; the server may send several in one frame as a JSON array. "
                f"At most {MESSAGE_LIMIT_BYTES} bytes from the client. Close codes: "
                + "; ".join(f"{code} {why}" for code, why in CLOSE_CODES.items())
                + "."
            ),
        },
        "channels": {
            "room": {
                "address": "/api/rooms/{room}/ws",
                "parameters": {"room": {"description": "The room's id."}},
                "messages": here,
            }
        },
        "operations": {
            "tell": _operation("receive", "What a client says.", client),
            "show": _operation(
                "send", "What the server says.", [name for name in messages if name not in client]
            ),
        },
        "components": {"messages": messages, "schemas": _schemas()},
    }


def page() -> bytes:
    """Return the description as docs/asyncapi.json."""
    return msgspec.json.format(msgspec.json.encode(describe()), indent=1) + b"\n"


def _operation(action: str, summary: str, names: list[str]) -> Json:
    messages = [{"$ref": f"#/channels/room/messages/{name}"} for name in names]
    return {
        "action": action,
        "channel": {"$ref": "#/channels/room"},
        "summary": summary,
        "messages": messages,
    }


def _from_client() -> Json:
    return {
        f"client.{name}": {"name": name, "summary": _summary(kind), "payload": _schema_of(kind)}
        for name, kind in TYPES.items()
    }


def _answers() -> Json:
    return {
        f"server.{name}": {"name": name, "payload": _plain(name, fields)} for name, fields in ANSWERS.items()
    }


def _events() -> Json:
    return {
        f"event.{kind}": {"name": kind, "summary": _summary(fact), "payload": _event(kind, fact)}
        for kind, fact in KINDS.items()
    }


def _signals() -> Json:
    return {
        f"signal.{kind}": {
            "name": kind,
            "payload": _object(
                {"type": {"const": "signal"}, "kind": {"const": kind}, "data": _object(_typed(fields))}
            ),
        }
        for kind, fields in SIGNALS.items()
    }


def _event(kind: str, fact: type) -> Json:
    return _object(
        {
            "type": {"const": "event"},
            "seq": {"type": "integer"},
            "prev": {"type": "integer"},
            "at_ms": {"type": "integer"},
            "by": {"type": ["object", "null"]},
            "kind": {"const": kind},
            "data": _schema_of(fact),
        }
    )


def _plain(name: str, fields: dict[str, str]) -> Json:
    return _object({"type": {"const": name}, **_typed(fields)})


def _typed(fields: dict[str, str]) -> Json:
    return {name: {"type": kind} for name, kind in fields.items()}


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties}


def _schema_of(kind: type) -> Json:
    return {"$ref": f"#/components/schemas/{kind.__name__.lstrip('_')}"}


def _schemas() -> Json:
    wanted = (*TYPES.values(), *KINDS.values())
    found, components = msgspec.json.schema_components(wanted, ref_template="#/components/schemas/{name}")
    assert len(found) == len(wanted)
    for schema in components.values():
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    return {name.lstrip("_"): schema for name, schema in components.items()}


def _summary(kind: type) -> str:
    return (
        " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
        or f"Asks for `{kind.__name__.lstrip('_')}`."
    )
