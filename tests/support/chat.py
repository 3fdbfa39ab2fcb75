"""A small real server for socket tests: rooms, log, limits and sockets, without media."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING, Any, cast

from aiohttp import ClientSession, web

from server.config import Config
from server.http import problems
from server.http.app_keys import CONFIG, LIMITS
from server.http.limits import Limits
from server.http.security import CAUSES, add_headers
from server.log.base import Log
from server.log.memory import MemoryLog
from server.room.commands import Refused
from server.room.events import Event, RoomOpened, Voice
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from server.socket import endpoint
from server.socket.sockets import SocketLimits, Sockets
from server.web.app_keys import LOG, ROOM_REGISTRY, TAKES
from server.web.operations import routes
from tests.support.actors import now_ms
from tests.support.ws_client import Client, joined

if TYPE_CHECKING:
    from server.takes.takes import Takes


class FakeTakes:
    """Takes that end when the test says so."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.stopped = 0
        self.finish = asyncio.Event()
        self.landing: Callable[[Room, Voice], Coroutine[Any, Any, Event]] | None = None
        self.dropped: list[str] = []

    async def begin(self, room: Room, voice: Voice, peer: str) -> None:
        if peer == "unknown":
            raise Refused("no_such_peer", "Your microphone is not connected.")
        self.begun.append((voice.id, peer))

    async def keep(self, room: Room, voice: Voice, preview: str) -> Event:
        if self.landing is None:
            raise Refused("no_such_preview", "This take is not here (any more).")
        return await self.landing(room, voice)

    def drop(self, room: Room, voice: Voice, preview: str) -> None:
        self.dropped.append(preview)

    async def stop(self, room: Room, voice: Voice, onset_ms: int | None, peer: str = "") -> Event:
        self.stopped += 1
        await self.finish.wait()
        if self.landing is None:
            raise Refused("silent", "We heard nothing. Is your microphone muted?")
        return await self.landing(room, voice)


class Chat:
    """The server's parts as a test needs them, and clients of it."""

    def __init__(
        self,
        registry: RoomRegistry,
        log: Log,
        takes: FakeTakes,
        sockets: Sockets,
        *,
        session: ClientSession,
        port: int,
    ) -> None:
        self.registry, self.log, self.takes, self.sockets, self.session = (
            registry,
            log,
            takes,
            sockets,
            session,
        )
        self.port = port

    def path(self, room: str = "wonder") -> str:
        return f"/api/rooms/{room}/ws"

    def url(self, room: str = "wonder") -> str:
        return f"http://127.0.0.1:{self.port}{self.path(room)}"

    @asynccontextmanager
    async def visitor(
        self,
        room: str = "wonder",
        *,
        after: int | None = None,
        at_ms: int | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        screen: bool = False,
    ) -> AsyncIterator[Client]:
        cursor = {"after": after, "at_ms": at_ms}
        async with joined(
            self.session, self.url(room), **cursor, key=key, headers=headers, screen=screen
        ) as client:
            yield client

    async def room(self, name: str = "wonder") -> Room:
        return await self.registry.wake(name)


@asynccontextmanager
async def running_chat(
    *,
    log: Log | None = None,
    limits: Limits | None = None,
    bounds: SocketLimits | None = None,
    idle_ms: int = 60_000,
    clock: Callable[[], int] = now_ms,
    listening: Callable[[str], None] | None = None,
) -> AsyncIterator[Chat]:
    """Serve one room, `wonder`, on a free port of loopback."""
    kept = log or MemoryLog()
    registry = RoomRegistry(kept, clock=clock, random=Random(1), secret=b"s" * 32, idle_ms=idle_ms)
    await registry.open(RoomOpened("wonder", "Wonder", public=True), None, id="wonder")
    takes = FakeTakes()
    app = web.Application(middlewares=[problems.middleware])
    app.on_response_prepare.append(add_headers)
    app[CONFIG], app[ROOM_REGISTRY], app[LOG] = Config(), registry, kept
    app[LIMITS] = limits or Limits(on=False)
    app[TAKES], app[CAUSES], app[problems.DAMAGED] = cast("Takes", takes), set(), problems.DamagedPaths()
    sockets = endpoint.attach(app, bounds, listening)
    app.add_routes(routes(endpoint.OPERATIONS))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = int(runner.addresses[0][1])
    async with ClientSession() as session:
        try:
            yield Chat(registry, kept, takes, sockets, session=session, port=port)
        finally:
            await sockets.close()
            await runner.cleanup()
            await registry.close()
            await kept.close()
