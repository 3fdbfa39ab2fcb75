"""Hold a JSON value against the part of JSON Schema that our descriptions use, and against nothing looser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def faults(value: Any, schema: dict[str, Any], description: dict[str, Any], at: str = "$") -> Iterator[str]:
    """Yield what is wrong with a value; a field that an object's schema does not name is wrong, too."""
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        if all([*faults(value, each, description, at)] for each in schema["anyOf"]):
            yield f"{at}: none of those it may be: {value!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not one of {schema['enum']}"
    if not _is(value, schema.get("type")):
        yield f"{at}: {value!r} is not {schema['type']}"
    elif isinstance(value, dict):
        yield from _of_object(value, schema, description, at)
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from faults(each, schema.get("items", {}), description, f"{at}[{i}]")


def _is(value: Any, kind: str | None) -> bool:
    if kind is None:
        return True
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _of_object(value: dict[str, Any], schema: dict[str, Any], description: Any, at: str) -> Iterator[str]:
    yield from (f"{at}: `{name}` is missing" for name in schema.get("required", ()) if name not in value)
    named, more = (
        schema.get("properties", {}),
        schema.get("additionalProperties", not schema.get("properties")),
    )
    for name, each in value.items():
        if name in named:
            yield from faults(each, named[name], description, f"{at}.{name}")
        elif isinstance(more, dict):
            yield from faults(each, more, description, f"{at}.{name}")
        elif not more:
            yield f"{at}: `{name}` is not described"
