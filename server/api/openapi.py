"""The description of the HTTP side (OpenAPI 3.1), assembled from what stands beside its handlers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from server.api.resources import OPERATIONS
from server.http.problems import STATUSES
from server.web.operations import TEXT, Json, Operation

VERSION = "1"
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
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    schemas = _schemas(_structs(paths))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Space of Wonder",
            "version": VERSION,
            "description": "Speak into a room, everyone hears it. JSON is UTF-8, times are `*_ms`.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": _referring(paths),
        "components": {"schemas": schemas, "securitySchemes": _schemes()},
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
        found["headers"] = dict.fromkeys(operation.headers, TEXT)
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


def _structs(value: Any) -> Iterator[type[Struct]]:
    """Yield the structs that stand for their schemas in a description."""
    if isinstance(value, type):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _structs(each)


def _referring(value: Any) -> Any:
    """Return a description with references where structs stand for their schemas."""
    if isinstance(value, type):
        return {"$ref": f"#/components/schemas/{value.__name__}"}
    if isinstance(value, dict):
        return {name: _referring(each) for name, each in value.items()}
    return [_referring(each) for each in value] if isinstance(value, list) else value


def _schemas(structs: Iterable[type[Struct]]) -> Json:
    _, found = msgspec.json.schema_components(
        dict.fromkeys(structs), ref_template="#/components/schemas/{name}"
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
