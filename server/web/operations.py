"""Operations: a route, its handler and its description in one value.

A route comes from an operation and from nothing else, so none is undescribed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from aiohttp import web
from msgspec import Struct

from server.http.problems import Handler

Json = dict[str, Any]
# A struct stands for the schema of its JSON.
Schema = Json | type[Struct]
# Whose request it is: anybody's, a visitor's who may or must show a key, or the admin's.
Key = Literal["none", "optional", "needed", "admin"]

TEXT: Json = {"schema": {"type": "string"}}
BINARY: Json = {"schema": {"type": "string", "format": "binary"}}
OBJECT: Json = {"type": "object"}
SDP: Json = {"application/sdp": TEXT}
HTML: Json = {"text/html": TEXT}
# What may be wrong with a JSON body.
JSON_ERRORS = ("bad_json", "bad_value", "too_slow", "too_big", "wrong_type")
# What may be wrong with whoever must show a key.
KEY_ERRORS = ("no_key", "bad_key", "wrong_origin")
# A placeholder of a path with its pattern, which may hold one level of braces.
_PATTERN = re.compile(r"\{(\w+):[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")


class Operation(Struct, frozen=True):
    """One request the server answers, how, and with what.

    `route` is the path as aiohttp matches it; `answers` maps statuses to what is sent, `errors` are
    codes; `preflight` answers OPTIONS on the same path.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    route: str
    handler: Handler
    summary: str
    answers: dict[int, Json]
    errors: tuple[str, ...] = ()
    takes: Json | None = None
    query: tuple[Json, ...] = ()
    key: Key = "none"
    headers: tuple[str, ...] = ()
    preflight: Handler | None = None

    @property
    def path(self) -> str:
        """Return the path with its placeholders, without their patterns."""
        return _PATTERN.sub(r"{\1}", self.route)


def routes(operations: Iterable[Operation]) -> list[web.RouteDef]:
    """Return the routes of operations, with one for OPTIONS where a path answers it."""
    found, preflights = [], dict[str, web.RouteDef]()
    for each in operations:
        if each.method == "GET":  # and HEAD
            found.append(web.get(each.route, each.handler))
        else:
            found.append(web.route(each.method, each.route, each.handler))
        if each.preflight is not None:
            preflights[each.route] = web.options(each.route, each.preflight)
    return [*found, *preflights.values()]


def json_body(schema: Schema) -> Json:
    """Return the content of a JSON body."""
    return {"application/json": {"schema": schema}}


def listed(name: str, items: Schema, **more: Schema) -> Json:
    """Return the content of a JSON object with a list, and with what else is in it."""
    return json_body({"type": "object", "properties": {name: {"type": "array", "items": items}, **more}})


def whole(name: str, sentence: str, **more: int) -> Json:
    """Return a parameter of a query that is a whole number."""
    return {"name": name, "in": "query", "description": sentence, "schema": {"type": "integer", **more}}
