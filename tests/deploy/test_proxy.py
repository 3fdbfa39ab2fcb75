"""Behind the shipped Caddyfile: sockets and uploads pass, and nobody is believed to be who they are not."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector, WSServerHandshakeError

from tests.support.crowd import TONE
from tests.support.programs import need_program
from tests.support.server import Server, running_server
from tests.support.shape import ROOT
from tests.support.uploads import muxed
from tests.support.ws_client import joined

ROOM = "api/rooms/wonder"
KEY = {"Authorization": f"Bearer {'k' * 43}"}
VISITOR = "203.0.113.77"
# For tests: a certificate of its own that nobody is asked to trust, and no port but the site's.
OPTIONS = "{\n\tskip_install_trust\n\tauto_https disable_redirects\n\tadmin off\n}\n"
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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve behind Caddy and return the address of the site."""
    program = need_program("caddy")
    home, name = tmp_path_factory.mktemp("caddy"), f"localhost:{free_port()}"
    with running_server(trusted_proxies="127.0.0.1,::1", public_url=f"https://{name}") as server:
        file = home / "Caddyfile"
        file.write_text(OPTIONS + (ROOT / "deploy/Caddyfile").read_text())
        environ = {name: str(home) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
        environ |= {"WONDER_SITE": name, "WONDER_UPSTREAM": server.url.removeprefix("http://")}
        command = [program, "run", "--adapter", "caddyfile", "--config", str(file)]
        with (home / "log").open("wb") as log:
            caddy = subprocess.Popen(command, env={"PATH": os.environ["PATH"], **environ}, stderr=log)
        yield f"https://{name}"
        caddy.terminate()
        caddy.wait(10)


@pytest.fixture
async def visitor(site: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(connector=TCPConnector(ssl=trusting()), headers=KEY) as session:
        async with asyncio.timeout(20):
            while not await is_up(session, site):
                await asyncio.sleep(0.05)
        yield session


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def is_up(session: ClientSession, site: str) -> bool:
    try:
        async with session.get(f"{site}/readyz") as answer:
            return answer.status == 200
    except OSError:
        return False


async def test_pages_sockets_and_uploads_pass(site: str, visitor: ClientSession) -> None:
    async with visitor.get(f"{site}/r/wonder") as page:
        assert "; Secure" in page.headers["Set-Cookie"]
        assert site.replace("https", "wss") in page.headers["Content-Security-Policy"]
    async with joined(visitor, f"{site}/{ROOM}/ws", headers={"Origin": site}) as ws:
        await ws.said("through the proxy")
        headers = {"Content-Type": "audio/ogg"}
        body = muxed(TONE, "ogg", "libopus")
        async with visitor.post(f"{site}/{ROOM}/clips", data=body, headers=headers) as answer:
            assert answer.status == 201
        await ws.event("clip.landed")
    for origin in ("https://evil.example", "null", site.replace("https", "http")):
        with pytest.raises(WSServerHandshakeError, match="403"):
            await visitor.ws_connect(f"{site}/{ROOM}/ws", headers={"Origin": origin})


async def test_forged_addresses_are_not_believed(site: str, visitor: ClientSession) -> None:
    statuses: Counter[int] = Counter()
    for number in range(250):
        forged = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"}
        async with visitor.post(f"{site}/api/rooms", json={"kind": "topic"}, headers=forged) as answer:
            statuses[answer.status] += 1
    assert set(statuses) == {201, 429}
    async with visitor.get(f"{site}/metrics", headers={"X-Forwarded-For": "127.0.0.1"}) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("request_", SMUGGLED.values(), ids=SMUGGLED)
async def test_nothing_is_smuggled_past_the_proxy(site: str, visitor: ClientSession, request_: bytes) -> None:
    host = site.removeprefix("https://")
    reader, writer = await asyncio.open_connection(*host.split(":"), ssl=trusting())
    writer.write(request_.replace(b"SITE", host.encode()))
    said = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            while part := await reader.read(65_536):
                said += part
    writer.close()
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
