"""Values as answers in JSON."""

from __future__ import annotations

import msgspec

from server.http.answers import answer


class Shown(msgspec.Struct):
    name: str
    at_ms: int


def test_a_value_is_json_that_no_cache_keeps() -> None:
    given = answer({"rooms": [Shown("wonder", 1)]}, status=201, headers={"Location": "/x"})
    assert given.body == b'{"rooms":[{"name":"wonder","at_ms":1}]}'
    assert (given.status, given.content_type) == (201, "application/json")
    assert (given.headers["Cache-Control"], given.headers["Location"]) == ("no-store", "/x")
