"""Behind Caddy, nginx and Traefik, each with the file we ship and the server with README's own options.

Pages, sockets and uploads pass, and nobody is believed to be who they are not.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector, WSServerHandshakeError
from msgspec import Struct

from tests.support.crowd import TONE
from tests.support.proxies import PROXIES, running_proxy, trusting
from tests.support.server import Server, hang_up, running_server
from tests.support.uploads import muxed
from tests.support.ws_client import joined

ROOM = "api/rooms/wonder"
KEY = {"Authorization": f"Bearer {'k' * 43}"}
VISITOR = "203.0.113.77"
# As README has it, and what makes waiting short: headers late after so long, sockets too many from so few.
OPTIONS = {"public_ip": "203.0.113.7", "trusted_proxies": "127.0.0.1"}
SHORT: dict[str, str | int] = {"header_timeout_ms": 500, "sockets_per_address": 3}
# What proxies and servers have understood in two ways.
SMUGGLED = {
    "a length and chunks": b"POST /api/rooms HTTP/1.1\r\nHost: SITE\r\nContent-Length: 6\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
    "two lengths": b"POST /api/rooms HTTP/1.1\r\nHost: SITE\r\n"
    b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
    "a crooked coding": b"POST /api/rooms HTTP/1.1\r\nHost: SITE\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
    "two hosts": b"GET /readyz HTTP/1.1\r\nHost: SITE\r\nHost: evil.example\r\n\r\n",
    "an upgrade that is none": b"GET /api/rooms/wonder/ws HTTP/1.1\r\nHost: SITE\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 9\r\n\r\nGET /metrics HTTP/1.1\r\nHost: SITE\r\n\r\n",
}


class Site(Struct):
    """A server, and the address of the proxy before it."""

    server: Server
    url: str

    def visitor(self, address: str = "127.0.0.1") -> ClientSession:
        """Return a visitor that comes from an address of this machine."""
        connector = TCPConnector(ssl=trusting(), local_addr=(address, 0), family=socket.AF_INET)
        return ClientSession(connector=connector, headers=KEY)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(**OPTIONS, **SHORT) as server:
        yield server


@pytest.fixture(scope="module", params=PROXIES)
def site(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    upstream = server.url.removeprefix("http://")
    with running_proxy(request.param, tmp_path_factory.mktemp(request.param), upstream) as name:
        yield Site(server, f"https://{name}")


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[ClientSession]:
    async with site.visitor() as session:
        yield session


async def test_pages_sockets_and_uploads_pass(site: Site, visitor: ClientSession) -> None:
    async with visitor.get(f"{site.url}/r/wonder") as page:
        assert "; Secure" in page.headers["Set-Cookie"]
        assert site.url.replace("https", "wss") in page.headers["Content-Security-Policy"]
        assert f'content="{site.url}/r/wonder"' in await page.text()
    own = {"Origin": site.url}
    async with joined(visitor, f"{site.url}/{ROOM}/ws", headers=own) as ws:
        await ws.said("through the proxy")
        headers = {"Content-Type": "audio/ogg"}
        body = muxed(TONE, "ogg", "libopus")
        async with visitor.post(f"{site.url}/{ROOM}/clips", data=body, headers=headers) as answer:
            assert answer.status == 201
        await ws.event("clip.landed")
    async with visitor.options(f"{site.url}/{ROOM}/ws", headers=own) as answer:
        assert answer.status == 204
    for origin in ("https://evil.example", "null", site.url.replace("https", "http"), f"{site.url}0"):
        with pytest.raises(WSServerHandshakeError, match="403"):
            await visitor.ws_connect(f"{site.url}/{ROOM}/ws", headers={"Origin": origin})


async def test_the_visitors_address_is_theirs_and_none_they_forge(site: Site) -> None:
    """Known by who has as many sockets as one address may."""
    path, forged = f"{site.url}/{ROOM}/ws", {"X-Forwarded-For": VISITOR, "Forwarded": f"for={VISITOR}"}
    async with site.visitor("127.0.0.2") as crowd, site.visitor("127.0.0.3") as other:
        sockets = [await crowd.ws_connect(path) for _ in range(3)]
        for ws in sockets:
            await ws.receive_str()
        for visitor, headers, status in ((crowd, {}, 503), (crowd, forged, 503), (other, {}, 204)):
            async with visitor.options(path, headers=headers) as answer:
                assert answer.status == status
        async with other.get(f"{site.url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"}) as answer:
            assert answer.status == 403
        for ws in sockets:
            await ws.close()


async def test_the_proxys_idle_connection_outlives_the_deadline_of_headers(
    site: Site, visitor: ClientSession
) -> None:
    """Or a POST that comes as it is being closed is answered 502."""
    async with visitor.post(f"{site.url}/api/rooms", json={"kind": "topic"}) as answer:
        assert answer.status == 201
    # When headers that begin now are late, an idle connection that was held to their deadline is closed.
    reader, writer = await asyncio.open_connection(*site.server.url.removeprefix("http://").split(":"))
    writer.write(b"GET /")
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    await hang_up(writer)
    async with ClientSession() as local, local.get(f"{site.server.url}/metrics") as answer:
        found = re.search(r"^wonder_connections ([0-9.]+)$", await answer.text(), re.MULTILINE)
    assert found
    assert float(found[1]) >= 2
    async with visitor.post(f"{site.url}/api/rooms", json={"kind": "topic"}) as answer:
        assert answer.status == 201


async def test_nothing_is_smuggled_past_the_proxy(site: Site) -> None:
    async def answered(request: bytes) -> bytes:
        host = site.url.removeprefix("https://")
        reader, writer = await asyncio.open_connection(*host.split(":"), ssl=trusting())
        writer.write(request.replace(b"SITE", host.encode()))
        said = bytearray()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while part := await reader.read(65_536):
                    said += part
        await hang_up(writer)
        return bytes(said)

    for said in await asyncio.gather(*map(answered, SMUGGLED.values())):
        assert b" 200 " not in said
        assert b"wonder_http_requests" not in said


async def test_no_address_and_no_key_is_kept_anywhere(tmp_path: Path) -> None:
    """Talk, misbehave and leave from a known address, and look for it in all that is on the disk."""
    with running_server(trusted_proxies="127.0.0.1") as server:
        headers = {**KEY, "X-Forwarded-For": VISITOR}
        async with ClientSession(headers=headers) as session:
            async with joined(session, f"{server.url}/{ROOM}/ws") as ws:
                await ws.said("hello")
            for path, body in ((f"{ROOM}/whip", b"v=0"), (f"{ROOM}/clips", b"garbage"), ("api/rooms", b"{")):
                async with session.post(f"{server.url}/{path}", data=body) as answer:
                    assert 400 <= answer.status < 500
        assert server.stop() == 0
        kept = written(server)
    assert b"hello" in kept
    assert VISITOR.encode() not in kept
    assert b"k" * 43 not in kept


def written(server: Server) -> bytes:
    """Return all that a server wrote, its log included."""
    return b"".join(path.read_bytes() for path in server.folder.rglob("*") if path.is_file())
