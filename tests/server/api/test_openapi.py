"""The description of HTTP is built whole; tests/test_contract.py holds it to the routes."""

from __future__ import annotations

from server.api import openapi, resources
from server.http.problems import STATUSES


def test_every_operation_names_codes_of_the_table_only() -> None:
    for operation in resources.OPERATIONS:
        assert set(operation.errors) <= set(STATUSES)


def test_every_operation_that_takes_a_body_says_what_is_too_big() -> None:
    for operation in resources.OPERATIONS:
        assert (operation.takes is not None) == ("too_big" in operation.errors)


def test_an_operation_is_described_with_its_answers_and_errors() -> None:
    described = openapi.describe()["paths"]["/api/rooms/{room}/whip"]["post"]
    assert set(described["responses"]) >= {"201", "400", "401", "404", "413", "415", "429", "503"}
    assert [parameter["name"] for parameter in described["parameters"]] == ["room", "takes", "mask"]
    assert described["requestBody"]["content"] == {"application/sdp": {"schema": {"type": "string"}}}
