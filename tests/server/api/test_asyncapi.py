"""The description of the socket is built whole, and its YAML says what its values say."""

from __future__ import annotations

from typing import Any

from server.api import asyncapi


def test_data_of_an_event_has_no_kind_for_that_stands_beside_it() -> None:
    schemas = asyncapi.describe()["components"]["schemas"]
    assert "kind" not in schemas["TextSaid"]["properties"]
    assert schemas["Say"]["properties"]["type"] == {"enum": ["say"]}


def test_every_message_is_said_by_one_side() -> None:
    described = asyncapi.describe()
    said = [each["$ref"] for operation in described["operations"].values() for each in operation["messages"]]
    assert len(said) == len(set(said)) == len(described["components"]["messages"])


def test_yaml_is_written_in_blocks_with_quotes_where_needed() -> None:
    value: Any = {"a": [{"b": 1, "c": []}, "no", "x y", True, None], "$ref": {}, "d": {"e": "f"}}
    assert asyncapi._yaml(value, 0) == [
        "a:",
        "  -",
        "    b: 1",
        "    c: []",
        '  - "no"',
        '  - "x y"',
        "  - true",
        "  - null",
        '"$ref": {}',
        "d:",
        "  e: f",
    ]
