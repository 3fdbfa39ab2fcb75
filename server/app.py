"""The composition root: the only file that names concrete classes and joins them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from random import SystemRandom
from typing import Self

from server import tls
from server.clock import Clock
from server.config import Config
from server.finisher import Finisher
from server.http.limits import Limits
from server.http.tcp_server import Listening, listen
from server.log.base import Damaged, Log
from server.log.memory import MemoryLog
from server.log.sqlite import SqliteLog
from server.readers.radio import Radio
from server.readers.reaper import Reaper
from server.room.events import RoomOpened
from server.rooms.base import NoSuchRoom
from server.rooms.registry import RoomRegistry
from server.rtc import discover
from server.rtc.local import LocalMedia
from server.rtc.media import Media
from server.rtc.remote import RemoteMedia
from server.rtc.settings import Settings
from server.site import METRICS, make_app
from server.socket.endpoint import SOCKETS
from server.stage import Stage
from server.web.health import HEALTH
from server.web.transcodes import TRANSCODES

FIRST_ROOM = "wonder"
FIRST_ROOM_NAME = "Space of Wonder"
DATABASE = "wonder.db"
# Of the time for draining so much is kept for telling the sockets: their last answers, and 1012.
GOODBYE_MS = 3_000


class Services:
    """All that a running server is made of, in the order in which it is let go."""

    def __init__(self, config: Config, log: Log, house: RoomRegistry, media: Media) -> None:
        self.config = config
        self.log = log
        self.house = house
        self.media = media
        self.finisher = Finisher(workers=config.finish_workers)
        self.stage = Stage(
            house,
            media,
            self.finisher,
            clock=house.clock,
            longest_ms=config.clip_longest_ms,
            live_delay_ms=config.live_delay_ms,
        )
        self.app = make_app(
            config=config,
            log=log,
            house=house,
            media=media,
            finisher=self.finisher,
            stage=self.stage,
            limits=Limits(on=config.limits == "on"),
        )
        self.sockets = self.app[SOCKETS]
        self.figures = self.app[METRICS]
        if isinstance(log, SqliteLog):
            log.on_commit = self.figures.committed
        self.radio = Radio(log, media, SystemRandom(), audience=self.audience)
        for reader in (self.radio, self.app[TRANSCODES]):
            house.register(reader)
        self.stage.on_live, self.stage.on_aired = self.radio.live, self.radio.aired
        self.stage.on_audience = self.sockets.on_listening = self._audience_changed

    def _audience_changed(self, room_id: str) -> None:
        """Let the radio of a room play on; a room that sleeps wakes for whoever listens."""
        if self.house.awake(room_id) is None and self.audience(room_id):
            self.house.rouse(room_id)
        self.radio.wake(room_id)

    def audience(self, room_id: str) -> int:
        """Return how many listen in a room, by WebRTC or to the files."""
        return self.media.listeners(room_id) + self.sockets.counts(room_id).listeners


class Running:
    """A server that serves; made by `start`."""

    def __init__(self, services: Services, listening: Listening, broken: asyncio.Event) -> None:
        self.services = services
        self.broken = broken
        self.house, self.stage, self.media = services.house, services.stage, services.media
        self.url, self.http_port = listening.url, listening.port
        self.udp_host, self.udp_port = services.media.endpoint()
        self._listening = listening
        self._readers = [
            asyncio.ensure_future(Reaper(services.house, services.log, services.house.clock).run()),
            asyncio.ensure_future(services.figures.lag.watch()),
        ]
        self._closing: asyncio.Task[None] | None = None

    async def drain(self) -> None:
        """Answer 503 on /readyz, finish running takes, and send the sockets away, in the time there is."""
        self.services.app[HEALTH].draining = True
        within_ms = self.services.config.drain_timeout_ms
        await self.stage.drain(within_ms - min(GOODBYE_MS, within_ms // 2))
        await self.services.sockets.drain()

    async def close(self) -> None:
        """Let go of everything; may be called again, all wait for the one end."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await self.services.sockets.close()
        await self._listening.close()
        await _let_go(self.services)

    async def __aenter__(self) -> Self:
        """Serve inside a `with`."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drain nothing, close everything."""
        await self.close()


async def start(config: Config) -> Running:
    """Start a server. Raises `BadSetting`, and `Unusable` for a log that cannot be opened."""
    broken = asyncio.Event()
    async with AsyncExitStack() as unstarted:
        log = await open_log(config, broken)
        unstarted.push_async_callback(log.close)
        clock = Clock(await _newest_ms(log))
        media = await _open_media(config, clock)
        unstarted.push_async_callback(media.close)
        services = Services(config, log, await _house(config, log, clock), media)
        unstarted.push_async_callback(_let_go, services)
        await services.finisher.start()
        await _first_room(services.house)
        running = Running(services, await listen(services.app, config, tls.context(config)), broken)
        unstarted.pop_all()
    return running


async def open_log(config: Config, broken: asyncio.Event) -> Log:
    """Return the log that the settings ask for; `broken` is set when its storage fails for good."""
    if config.log == "memory":
        return MemoryLog()
    return await SqliteLog.open(_folder(config.data) / DATABASE, on_failure=lambda _: broken.set())


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


async def _newest_ms(log: Log) -> int:
    """Return when the newest event of all rooms happened, 0 when there is none."""
    try:
        newest = [*await log.rooms(1, public=True), *await log.rooms(1, public=False)]
    except Damaged:  # the room is told of when somebody asks for it
        return 0
    return max((listing.last_at_ms for listing in newest), default=0)


async def _house(config: Config, log: Log, clock: Clock) -> RoomRegistry:
    secret = await log.secret()
    return RoomRegistry(log, clock=clock, random=SystemRandom(), secret=secret, idle_ms=config.room_idle_ms)


async def _open_media(config: Config, clock: Clock) -> Media:
    settings = Settings(peers=config.peers, peers_per_address=config.peers_per_address)
    public_ip = await discover.public_ip(config.host, config.public_ip, config.stun_server)
    where = config.host, config.udp_port, public_ip, settings
    if config.media_workers:
        return await RemoteMedia.open(*where, workers=config.media_workers, clock=clock)
    return await LocalMedia.open(*where, clock=clock)


async def _first_room(house: RoomRegistry) -> None:
    """Open the one public room that a fresh install has."""
    try:
        await house.wake(FIRST_ROOM)
    except NoSuchRoom:
        opened = RoomOpened("wonder", FIRST_ROOM_NAME, theme="Anything", public=True)
        await house.open(opened, None, id=FIRST_ROOM)


async def _let_go(services: Services) -> None:
    await services.radio.close()
    await services.media.close()
    await services.stage.close()
    await services.finisher.close()
    await services.house.close()
    await services.log.close()
