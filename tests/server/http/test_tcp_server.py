"""The listening socket: half requests, garbage, too many at once, ports that cannot be had."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.config import BadSetting, Config
from server.http import tcp_server as listening
from tests.support.server import hang_up
from tests.support.web_app import Site, running_site


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the other side closes."""
    said = b""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):  # it closes on us while we still send
            while part := await reader.read(1_000):
                said += part
    return said


async def test_half_a_header_is_closed_at_its_deadline_and_others_are_served() -> None:
    async with running_site(header_timeout_ms=300) as site:
        port = site.listening.port
        halves = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        for number, (_, writer) in enumerate(halves):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "[: 1 + number])
        assert await site.status("GET", "/healthz") == 200
        assert all([await ended(reader) == b"" for reader, _ in halves])
        for _, writer in halves:
            await hang_up(writer)


async def test_a_header_that_drips_does_not_move_its_deadline() -> None:
    async with running_site(header_timeout_ms=300) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)

        async def drip() -> None:
            for byte in b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 2_000:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert await ended(reader) == b""
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        await hang_up(writer)


async def test_the_next_request_of_a_connection_has_the_same_deadline() -> None:
    async with running_site(header_timeout_ms=300) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /heal")
        said = await ended(reader)
        assert said.startswith(b"HTTP/1.1 200 OK")
        assert said.count(b"HTTP/1.1") == 1
        await hang_up(writer)


@contextlib.asynccontextmanager
async def connected(site: Site) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)
    yield reader, writer
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def said(reader: asyncio.StreamReader) -> bytes:
    """Return one answer."""
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        return head + await reader.readexactly(int(length[1]) if length else 0)


ALIVE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b'{"kind":"topic"}'
POST = b"POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"


async def test_an_idle_connection_outlives_the_header_deadline() -> None:
    """A proxy keeps it for its next visitor, who would get 502 for a POST over one that is being closed."""
    async with (
        running_site(header_timeout_ms=100) as site,
        connected(site) as (reader, writer),
        connected(site) as (unused, first),
    ):
        for pieces in ([POST + BODY], [POST, BODY[:5], BODY[5:]]):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            assert (await said(reader)).startswith(b"HTTP/1.1 201")
            # A request that begins now is late after one would be that had begun before it.
            async with connected(site) as (late, slow):
                slow.write(b"GET /")
                assert await ended(late) == b""
        first.write(ALIVE)
        assert (await said(unused)).startswith(b"HTTP/1.1 200")


async def test_an_idle_connection_is_closed_in_its_time() -> None:
    async with running_site(idle_timeout_ms=100) as site, connected(site) as (reader, writer):
        writer.write(ALIVE)
        assert (await ended(reader)).startswith(b"HTTP/1.1 200")


def accepted(site: Site) -> list[listening.Connection]:
    """Return our ends of the connections."""
    server = site.listening._runner.server
    assert server is not None
    return [each for each in server.connections if isinstance(each, listening.Connection)]


async def test_a_header_that_begins_late_has_its_whole_time() -> None:
    """If the idle time went on meanwhile, the connection would end under the hands of a proxy."""
    async with running_site() as site, connected(site) as (reader, writer):
        writer.write(ALIVE[:10])
        async with asyncio.timeout(10):
            while not (ours := accepted(site)) or ours[0]._header_deadline is None:
                await asyncio.sleep(0.01)
        assert ours[0]._keepalive_handle is None
        writer.write(ALIVE[10:])
        assert (await said(reader)).startswith(b"HTTP/1.1 200")


async def test_in_a_crowd_new_connections_idle_for_the_header_deadline_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "_files", lambda: listening.FILES_RESERVED + 4)
    async with (
        running_site(header_timeout_ms=200) as site,
        connected(site) as one,
        connected(site) as two,
        connected(site) as (late, _),
    ):
        assert await ended(late) == b""
        for reader, writer in (one, two):
            writer.write(ALIVE)
            assert (await said(reader)).startswith(b"HTTP/1.1 200")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 120), max_size=12))
def test_requests_in_any_pieces_are_answered_and_leave_an_idle_connection(cuts: list[int]) -> None:
    whole = ALIVE + POST + BODY + ALIVE

    async def run() -> None:
        async with running_site() as site, connected(site) as (reader, writer):
            at = 0
            for cut in [*cuts, len(whole)]:
                writer.write(whole[at : at + cut])
                at += cut
                await asyncio.sleep(0)
            for status in (b"200", b"201", b"200"):
                assert (await said(reader)).startswith(b"HTTP/1.1 " + status)
            assert [each._header_deadline for each in accepted(site)] == [None]

    asyncio.run(run())


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 500 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_a_4xx_and_nothing_of_our_inside(
    garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_site(header_timeout_ms=1_000) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)
        with caplog.at_level(logging.WARNING):
            writer.write(garbage)
            said = await ended(reader)
        await hang_up(writer)
        assert said.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 200")) or not said
        assert b"Traceback" not in said
        assert b"aiohttp" not in said
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert await site.status("GET", "/healthz") == 200


@pytest.mark.parametrize(
    "told",
    [
        b"Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\n\x1f\x8bjunk",
        b"Content-Length: 60\r\n\r\n{",
    ],
)
async def test_a_body_that_is_packed_or_ends_early_is_no_fault_of_ours(
    told: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_site() as site:
        _, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)
        head = b"POST /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with caplog.at_level(logging.WARNING):
            writer.write(head + told)
            assert await site.status("GET", "/healthz") == 200
            writer.close()
            await writer.wait_closed()
            assert await site.status("GET", "/healthz") == 200
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_over_the_cap_new_visitors_come_back_later_and_others_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "_files", lambda: listening.FILES_RESERVED + 3)
    async with running_site() as site:
        assert await site.status("GET", "/healthz") == 200
        held = [await asyncio.open_connection("127.0.0.1", site.listening.port) for _ in range(2)]
        assert await site.status("GET", "/healthz") == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", site.listening.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        said = await ended(reader)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 5" in said
        assert said.endswith(b'"}')
        await hang_up(writer)
        for _, each in held:
            each.close()
            await each.wait_closed()
        assert await site.status("GET", "/healthz") == 200


async def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=f"--port {port}"):
            async with running_site(port=port):
                pass


async def test_a_host_that_is_not_ours_is_named() -> None:
    for host in ("192.0.2.1", "no.such.host.invalid"):
        with pytest.raises(BadSetting, match=f"--host {host}"):
            async with running_site(host=host):
                pass


async def test_the_server_listens_on_ipv6_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with running_site(host="::1") as site:
        assert site.url == f"http://[::1]:{site.listening.port}"
        assert await site.status("GET", "/healthz") == 200


async def test_one_port_takes_ipv4_and_ipv6_and_knows_both_as_this_machine() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    async with running_site(host="::") as site:
        for host in ("127.0.0.1", "[::1]"):
            url = f"http://{host}:{site.listening.port}"
            async with site.session.get(f"{url}/metrics") as answer:
                assert answer.status == 200


async def test_closing_again_does_nothing() -> None:
    async with running_site() as site:
        await site.listening.close()
        await site.listening.close()


def test_files_bound_the_connections() -> None:
    assert listening._files() > 0
    assert Config().connections > 0
