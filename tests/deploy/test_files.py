"""A server that may open 256 files: newcomers are told to come back, those inside notice nothing (C9)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, DummyCookieJar

from server.http.tcp_server import FILES_RESERVED
from tests.support.crowd import ROOM, Crowd, Plan
from tests.support.rtc_bare import BarePeer
from tests.support.server import READY, ROOT
from tests.support.ws_client import joined

FILES = 256
# What may come at once beyond all files: connections that are accepted and say nothing.
FLOOD = 300


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Run a server with few files and return its address."""
    said, command = (
        tmp_path / "out",
        [sys.executable, "-m", "server", "serve", "--port", "0", "--udp-port", "0"],
    )
    limited = ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh", *command, "--data", str(tmp_path / "data")]
    with said.open("wb") as out:
        process = subprocess.Popen([*limited, "--limits", "off"], cwd=ROOT, stdout=out)
    deadline = time.monotonic() + 30
    try:
        while not (ready := READY.search(said.read_text())):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield ready[1]
    finally:
        process.terminate()
        ended = process.wait(20)
    assert ended == 0


@asynccontextmanager
async def strangers(url: str, count: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Hold the given number of connections that say nothing."""
    host, port = url.removeprefix("http://").split(":")
    ends = await asyncio.gather(*[asyncio.open_connection(host, int(port)) for _ in range(count)])
    try:
        yield [reader for reader, _ in ends]
    finally:
        for _, writer in ends:
            writer.transport.abort()


async def answered(url: str) -> tuple[int, bool]:
    """Return what a newcomer is told: the status, and whether to come back later."""
    async with ClientSession() as session, session.get(f"{url}/api/rooms/{ROOM}") as answer:
        return answer.status, "Retry-After" in answer.headers


async def until_served(url: str) -> None:
    async with asyncio.timeout(15):
        while (await answered(url))[0] != 200:
            await asyncio.sleep(0.1)


@pytest.mark.timeout(120)
async def test_without_files_newcomers_come_back_later_and_others_notice_nothing(url: str) -> None:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(cookie_jar=DummyCookieJar()))
        crowd = Crowd(url, session, Plan(0, 0, 0, 1.0))
        room = f"{url}/api/rooms/{ROOM}/ws"
        listener = await stack.enter_async_context(BarePeer("listener", count_only=True))
        await listener.connect(crowd.way("whep"))
        one = await stack.enter_async_context(joined(session, room))
        other = await stack.enter_async_context(joined(session, room))
        async with session.get(f"{url}/readyz") as ready:  # leaves a connection open, as pages do
            assert ready.status == 200

        async with strangers(url, FILES - FILES_RESERVED):
            assert await answered(url) == (503, True)
            heard = listener.count
            await one.said("Still here?")
            assert (await other.event("text.said"))["data"]["text"] == "Still here?"
            await crowd.upload("k" * 43)
            await one.event("clip.landed")
            async with asyncio.timeout(20):
                while listener.count < heard + 20:
                    await asyncio.sleep(0.05)
        await until_served(url)

        async with strangers(url, FLOOD):
            for number in range(20):
                await one.said(f"{number}")
        await until_served(url)
        async with BarePeer("listener", count_only=True) as newcomer:
            await newcomer.connect(crowd.way("whep"))
