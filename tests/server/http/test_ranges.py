"""Parts of a body, as RFC 9110 14 has them."""

from __future__ import annotations

import contextlib

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from server.http import ranges
from server.http.problems import Problem

BODY = bytes(range(100))


def answer(**headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = make_mocked_request("GET", "/", headers=named)
    return ranges.answer(request, BODY, "audio/ogg", '"tag"', {})


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=90-", 90, 99),
        ("bytes=-10", 90, 99),
        ("bytes=-1000", 0, 99),
        ("bytes=50-1000", 50, 99),
        ("bytes= 0-1", 0, 1),
    ],
)
def test_a_part_is_answered_with_its_place(asked: str, first: int, last: int) -> None:
    made = answer(Range=asked)
    assert (made.status, made.body) == (206, BODY[first : last + 1])
    assert made.headers["Content-Range"] == f"bytes {first}-{last}/100"


@pytest.mark.parametrize(
    "asked",
    ["bytes=-", "bytes=9-1", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", "", "bytes=1", "bytes=\u0663-5"],
)
def test_a_range_of_an_unknown_form_is_the_whole(asked: str) -> None:
    made = answer(Range=asked)
    assert (made.status, made.body) == (200, BODY)


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999-"])
def test_a_part_that_is_not_there_is_416_with_the_size(asked: str) -> None:
    with pytest.raises(Problem) as caught:
        answer(Range=asked)
    assert (caught.value.status, caught.value.headers["Content-Range"]) == (416, "bytes */100")


def test_only_get_has_parts() -> None:
    request = make_mocked_request("HEAD", "/", headers={"Range": "bytes=0-1"})
    assert ranges.answer(request, BODY, "audio/ogg", '"tag"', {}).status == 200


def test_a_part_of_another_version_is_the_whole() -> None:
    assert answer(Range="bytes=0-1", If_Range='"other"').status == 200
    assert answer(Range="bytes=0-1", If_Range='"tag"').status == 206


@pytest.mark.parametrize("known", ['"tag"', 'W/"tag"', '"a", "tag"', "*"])
def test_who_has_it_is_told_so(known: str) -> None:
    assert answer(If_None_Match=known).status == 304


@given(st.text(alphabet="bytes=-0123456789, ", max_size=40))
def test_any_range_is_answered_in_part_whole_or_refused(asked: str) -> None:
    with contextlib.suppress(Problem):
        made = answer(Range=asked)
        assert isinstance(made.body, bytes)
        assert made.body in BODY
        assert made.body
