"""The description of the socket is built whole."""

from __future__ import annotations

from server.api import asyncapi


def test_data_of_an_event_has_no_kind_for_that_stands_beside_it() -> None:
    schemas = asyncapi.describe()["components"]["schemas"]
    assert "kind" not in schemas["TextSaid"]["properties"]
    assert schemas["Say"]["properties"]["type"] == {"enum": ["say"]}


def test_every_message_is_said_by_one_side() -> None:
    described = asyncapi.describe()
    said = [each["$ref"] for operation in described["operations"].values() for each in operation["messages"]]
    assert len(said) == len(set(said)) == len(described["components"]["messages"])
