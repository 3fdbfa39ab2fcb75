"""The whole HTTP side over loopback: real rooms, log, takes and sockets; media and finish without sound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any, cast

import aiohttp
from aiohttp import ClientResponse, ClientSession, web
from yarl import URL

from audio.take import LONGEST_TAKE_MS, Clip, Limits, Mask, Unfit
from server.blobs.memory import MemoryBlobs
from server.config import Config
from server.engines.utterances import Utterances
from server.http.limits import Limits as Rates
from server.http.tcp_server import Listening, listen
from server.log.memory import MemoryLog
from server.metrics.metrics import Metrics, commit_times
from server.metrics.registry import Registry
from server.readers.expiry import Expiry
from server.readers.moderation import Moderation
from server.readers.runner import Readers
from server.readers.search import Search
from server.room.events import RoomOpened
from server.rooms.registry import RoomRegistry
from server.rtc.media import BadOffer, Busy, Role
from server.site import make_app
from server.socket.endpoint import SOCKETS
from server.takes.finisher import Finisher
from server.takes.takes import Takes
from server.web.health import HEALTH
from tests.support.media import FakeMedia

KEY, OTHER_KEY = "k" * 43, "o" * 43
ADMIN = "admin-token-of-32-characters-xyz"
OGG = b"OggS" + bytes(range(256)) * 8
OFFER = "v=0\r\na=ice-ufrag:abcd\r\n"


async def listed(site: Site, path: str, count: int, key: str = ADMIN) -> list[Any]:
    """Return what a list shows when the readers have come so far that it has so many items."""
    async with asyncio.timeout(10):
        while True:
            (items,) = (await site.json("GET", path, headers=bearer(key))).values()
            if len(items) == count:
                return list(items)
            await asyncio.sleep(0.02)


def bearer(key: str = KEY, **headers: str) -> dict[str, str]:
    """Return the headers of a visitor with a key."""
    return {"Authorization": f"Bearer {key}", **headers}


class Ears(FakeMedia):
    """A media plane that accepts every offer, but for those that a test calls bad."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.commanded: list[bool] = []

    async def answer(
        self,
        room: str,
        role: Role,
        offer: str,
        *,
        address: str,
        commanded: bool = False,
        limit_ms: int = LONGEST_TAKE_MS,
    ) -> tuple[str, str]:
        if "ice-ufrag" not in offer:
            raise BadOffer("This is not an offer.")
        if "full" in offer:
            raise Busy("Too many voices at once.")
        self.addresses.append(address)
        self.commanded.append(commanded)
        return await super().answer(
            room, role, offer, address=address, commanded=commanded, limit_ms=limit_ms
        )


class Hands:
    """A finisher that returns the same clip for every upload, but for those that a test calls unfit."""

    def __init__(self) -> None:
        self.m4as = 0
        self.reduces_noise = False  # as the last upload wanted it
        self.gate = asyncio.Event()
        self.gate.set()
        self.transcode: Callable[[bytes], bytes] = lambda ogg: b"ftypM4A " + ogg[:100]

    async def upload(
        self,
        body: bytes,
        media_type: str,
        limits: Limits,
        mask: Mask | None = None,
        *,
        reduces_noise: bool = False,
    ) -> Clip:
        self.reduces_noise = reduces_noise
        if body == b"silence":
            raise Unfit("silent", "We heard nothing. Is your microphone muted?")
        if body == b"garbage":
            raise Unfit("undecodable", "This is no sound we know.")
        if body == b"crash":
            raise RuntimeError("secret detail")
        return Clip(OGG, 1_500, 300, 0, -16.0, -2.0, (50,) * 64, mask.name if mask else None)

    async def m4a(self, ogg: bytes) -> bytes:
        self.m4as += 1
        await self.gate.wait()
        return self.transcode(ogg)


class Site:
    """A server, its parts, and a client of it."""

    def __init__(
        self, app: web.Application, listening: Listening, parts: dict[str, Any], session: ClientSession
    ) -> None:
        self.app, self.listening, self.session = app, listening, session
        self.log: MemoryLog = parts["log"]
        self.registry: RoomRegistry = parts["registry"]
        self.media: Ears = parts["media"]
        self.finisher: Hands = parts["finisher"]
        self.figures: Metrics = parts["figures"]
        self.url = listening.url
        self.health = app[HEALTH]

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Ask for a path; use as a context."""
        return self.session.request(method, self.url + path, allow_redirects=False, **more)

    def raw(self, method: str, path: str) -> Any:
        """Ask for a path exactly as it is written; use as a context."""
        return self.session.request(method, URL(self.url + path, encoded=True), allow_redirects=False)

    async def status(self, method: str, path: str, **more: Any) -> int:
        """Return the status of an answer."""
        async with self.ask(method, path, **more) as answer:
            await answer.read()
            return int(answer.status)

    async def json(self, method: str, path: str, **more: Any) -> Any:
        """Return the JSON of an answer."""
        async with self.ask(method, path, **more) as answer:
            return await answer.json(content_type=None)

    async def problem(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """Return status and code of an answer that is a problem."""
        async with self.ask(method, path, **more) as answer:
            return await problem_in(answer)

    async def clip(self, *, room: str = "wonder", key: str = KEY, body: bytes = b"speech") -> dict[str, Any]:
        """Upload a clip and return it."""
        headers = bearer(key, **{"Content-Type": "audio/ogg"})
        async with self.ask("POST", f"/api/rooms/{room}/clips", data=body, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            return cast(dict[str, Any], await answer.json())

    async def room(self, **fields: Any) -> str:
        """Make a room and return its id."""
        made = await self.json("POST", "/api/rooms", json={"kind": "topic", **fields})
        return str(made["id"])


async def problem_in(answer: ClientResponse) -> tuple[int, str]:
    """Return status and code of a problem, having looked at its form (RFC 9457)."""
    assert answer.content_type == "application/problem+json", await answer.text()
    told = await answer.json(content_type=None)
    assert told["status"] == answer.status
    assert told["detail"].endswith((".", "?", ")"))
    assert ("Retry-After" in answer.headers) == (answer.status in (429, 503, 507))
    return answer.status, str(told["code"])


@asynccontextmanager
async def running_site(
    *,
    rates: Rates | None = None,
    utterances: Utterances | None = None,
    clock: Callable[[], int] | None = None,
    captions: bool = False,
    **settings: Any,
) -> AsyncIterator[Site]:
    """Run the HTTP side on a free port, with one room, `wonder`, by the time of day or another clock."""
    now_ms = clock or _now_ms
    config = Config(**{"port": 0, "admin_token": ADMIN, **settings})
    log, media, hands = MemoryLog(), Ears(), Hands()
    registry = RoomRegistry(
        log,
        clock=now_ms,
        random=Random(1),
        secret=b"s" * 32,
        idle_ms=config.room_idle_ms,
        captions=captions,
        hosted=True,
    )
    await registry.open(RoomOpened("wonder", "Wonder", public=True), None, id="wonder")
    finisher = cast(Finisher, hands)
    figures = Metrics(Registry(), registry, media, commit_times())
    blobs = MemoryBlobs(log)
    takes = Takes(registry, media, finisher, blobs=blobs, clock=now_ms, observers=[figures])
    search = Search(log, None, now_ms)
    readers = Readers(log, [Expiry(registry, log, now_ms), Moderation(log), search], clock=now_ms)
    figures.follow(readers.runners)
    app = make_app(
        config=config,
        log=log,
        blobs=blobs,
        registry=registry,
        media=media,
        finisher=finisher,
        takes=takes,
        figures=figures,
        limits=rates or Rates(on=False),
        find=search.find,
        utterances=utterances,
    )
    readers.start()
    listening = await listen(app, config)
    parts = {"log": log, "registry": registry, "media": media, "finisher": hands, "figures": figures}
    try:
        async with ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield Site(app, listening, parts, session)
    finally:
        await readers.close()
        await search.close()
        await app[SOCKETS].close()
        await listening.close()
        await media.close()
        await takes.close()
        await registry.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
