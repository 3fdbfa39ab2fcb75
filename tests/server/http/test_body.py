"""Bodies: bounded in bytes and in time."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientSession

from server.http.body import whole
from server.http.problems import Problem
from server.http.tcp_server import LINGERING_S
from tests.support.server import hang_up
from tests.support.web_app import bearer, running_site


@pytest.mark.parametrize(("text", "found"), [("0", 0), ("7", 7), ("10", 10), ("007", 7)])
def test_a_whole_number_is_read(text: str, found: int) -> None:
    assert whole({"n": text}, "n", 3, 0, 10) == found
    assert whole({}, "n", 3, 0, 10) == 3


@pytest.mark.parametrize("text", ["", "-1", "11", "1e1", "٣", "1_0", " 1", "9" * 40, "nan"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        whole({"n": text}, "n", 3, 0, 10)
    assert caught.value.code == "bad_query"


async def test_a_body_that_drips_is_cut_at_its_deadline() -> None:
    async with running_site(body_timeout_ms=200) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)
        writer.write(
            b"POST /api/rooms/wonder/clips HTTP/1.1\r\nHost: x\r\nContent-Type: audio/ogg\r\n"
            b"Authorization: " + bearer()["Authorization"].encode() + b"\r\nContent-Length: 1000\r\n\r\n"
        )
        async with asyncio.timeout(10):
            writer.write(b"a")
            head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        async with asyncio.timeout(LINGERING_S + 3):
            await reader.read()
        await hang_up(writer)
        async with ClientSession() as other, other.get(site.url + "/healthz") as answer:
            assert answer.status == 200


async def test_a_broken_chunked_body_is_a_bad_request() -> None:
    async with running_site() as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)
        writer.write(
            b"POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n"
        )
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
        assert b" 400 " in head.partition(b"\r\n")[0]
        await hang_up(writer)
