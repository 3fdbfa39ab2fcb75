"""Whoever asks too much wakes no room, by whichever route; and a crowd behind one address is let through."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from server.http.limits import RATES, Action, Limits, Rate
from server.log.memory import MemoryLog
from server.room.commands import Refused
from server.room.events import Draft, RoomOpened
from server.rooms.registry import RoomRegistry
from tests.support.actors import until
from tests.support.web_app import KEY, OFFER, Site, bearer, running_site

BODIES: dict[str, tuple[str, Any]] = {
    "whip": ("application/sdp", OFFER),
    "whep": ("application/sdp", OFFER),
    "clips": ("audio/ogg", b"speech"),
    "reports": ("application/json", b'{"reason":"spam"}'),
    "rooms": ("application/json", b'{"kind":"topic"}'),
}
# Those that make, list or read a room or a clip. What a session or a preview belongs to is awake already.
READING = {
    ("GET", "/api/rooms"), ("GET", "/api/rooms/{room}"), ("GET", "/api/rooms/{room}/events"),
    ("GET", "/api/rooms/{room}/ws"), ("OPTIONS", "/api/rooms/{room}/ws"), ("POST", "/api/rooms"),
    ("PATCH", "/api/rooms/{room}"), ("DELETE", "/api/rooms/{room}"),
    ("POST", "/api/rooms/{room}/whip"), ("POST", "/api/rooms/{room}/whep"),
    ("POST", "/api/rooms/{room}/clips"), ("GET", "/api/clips/{clip}"), ("DELETE", "/api/clips/{clip}"),
    ("POST", "/api/clips/{clip}/reports"), ("GET", "/r/{room}"), ("GET", "/c/{clip}"),
    ("GET", "/c/{clip}/dare"), ("GET", "/r/{room}/feed.xml"), ("GET", "/api/rooms/{room}/reports"),
    ("GET", "/r/{room}/screen"), ("GET", "/api/rooms/{room}/qr.svg"), ("POST", "/api/rooms/{room}/code"),
    ("GET", "/api/rooms/{room}/evenings"), ("GET", "/api/rooms/{room}/recording"),
    ("GET", "/api/rooms/{room}/push"),
    ("GET", "/api/rooms/{room}/hooks"), ("POST", "/api/rooms/{room}/hooks"),
    ("GET", "/api/rooms/{room}/became"),
    ("POST", "/api/rooms/{room}/hooks/{hook}"), ("DELETE", "/api/rooms/{room}/hooks/{hook}"),
    *(("GET", f"/api/rooms/{{room}}/recording.{kind}") for kind in ("ogg", "m4a", "vtt")),
    *(("GET", f"/api/clips/{{clip}}.{kind}") for kind in ("ogg", "m4a", "vtt", "svg", "png")),
}  # fmt: skip


HOOK = "nobody-has-this-secret"


def routes(site: Site) -> set[tuple[str, str]]:
    """Return method and path of every route, as it is registered."""
    return {
        (route.method, route.resource.canonical)
        for route in site.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


class Ledger:
    """Which routes read a log or woke a room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.route, self.read = ("", ""), set[tuple[str, str]]()
        for owner, names in (
            (MemoryLog, ("blob_info", "blob", "newest", "head", "rooms", "append")),
            (RoomRegistry, ("wake",)),
        ):
            for name in names:
                monkeypatch.setattr(owner, name, self._noting(getattr(owner, name)))

    def _noting(self, method: Any) -> Any:
        async def noted(*given: Any, **named: Any) -> Any:
            self.read.add(self.route)
            return await method(*given, **named)

        return noted

    async def ask_all(self, site: Site, names: dict[str, str]) -> dict[tuple[str, str], int]:
        """Ask every route once, with what it takes, and return the statuses."""
        statuses = {}
        for method, path in sorted(routes(site), key=lambda route: (route[0] == "DELETE", route)):
            self.route = (method, path)
            kind = path.rstrip("}").rpartition("/")[2]
            media_type, body = BODIES.get(kind, ("", None)) if method == "POST" else ("", None)
            headers = bearer(KEY, **({"Content-Type": media_type} if media_type else {}))
            where = re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "something"), path)
            statuses[self.route] = await site.status(method, where, data=body, headers=headers)
        return statuses


async def test_no_route_reads_a_log_or_wakes_a_room_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_site() as site:
        clip = (await site.clip())["id"]
        ledger = Ledger(monkeypatch)
        await ledger.ask_all(site, {"room": "wonder", "clip": clip, "hook": HOOK})
        # What is found here is all that reads: a new route that does is held to a limit by this test too.
        assert ledger.read == READING
    spent = Limits(dict.fromkeys(RATES, Rate(1, 1e-9)), address_voices=1)
    async with running_site(rates=spent) as site:
        spent.on = False
        clip = (await site.clip())["id"]
        spent.on = True
        for action in RATES:
            spent.check(action, voice=None, address="127.0.0.1", now_ms=0)
        ledger.read.clear()
        statuses = await ledger.ask_all(site, {"room": "wonder", "clip": clip, "hook": HOOK})
    assert ledger.read == set()
    assert {route: status for route, status in statuses.items() if route in READING and status != 429} == {}


async def test_a_room_that_is_awake_is_open_to_who_has_woken_too_many() -> None:
    few = Limits({**RATES, "wake": Rate(1, 1e-9)}, address_voices=1)
    async with running_site(rates=few) as site:
        assert await site.status("GET", "/api/rooms/wonder") == 200
        found = [await site.problem("GET", f"/api/rooms/guess{number}") for number in range(3)]
        assert found == [(404, "no_such_room"), (429, "too_fast"), (429, "too_fast")]
        assert await site.status("GET", "/r/wonder") == 200


@pytest.mark.parametrize("route", sorted(each for each in READING if "{room}" in each[1]), ids=" ".join)
async def test_whoever_tries_names_is_stopped_on_every_route_to_a_room(route: tuple[str, str]) -> None:
    method, path = route
    few = Limits({**RATES, "wake": Rate(1, 1e-9)}, address_voices=1)
    kind = path.rpartition("/")[2]
    media_type, body = BODIES.get(kind, ("", None)) if method == "POST" else ("", None)
    headers = bearer(KEY, **({"Content-Type": media_type} if media_type else {}))
    async with running_site(rates=few) as site:
        tried = [
            await site.status(
                method,
                path.replace("{room}", f"guess{i}").replace("{hook}", HOOK),
                data=body,
                headers=headers,
            )
            for i in range(2)
        ]
    assert tried == [404, 429]


async def test_a_crowd_that_comes_at_once_wakes_its_room_once(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limits({**RATES, "wake": Rate(1, 1e-9)}, address_voices=1)
    gate, folded = asyncio.Event(), RoomRegistry._folded

    async def slowly(registry: RoomRegistry, id_: str) -> Any:
        await gate.wait()
        return await folded(registry, id_)

    async with running_site(rates=few) as site:
        await site.log.append("quiet", [Draft(RoomOpened("wonder", "Quiet"), 1)])
        monkeypatch.setattr(RoomRegistry, "_folded", slowly)
        first = asyncio.create_task(site.status("GET", "/api/rooms/quiet"))
        await until(lambda: site.registry.is_waking("quiet"))
        others = [asyncio.create_task(site.status("GET", "/r/quiet")) for _ in range(3)]
        server = site.listening._runner.server
        assert server is not None
        await until(
            lambda: (
                sum(each._request_in_progress for each in server.connections) == 4
                or any(each.done() for each in others)
            )
        )
        gate.set()
        assert await asyncio.gather(first, *others) == [200] * 4


def test_a_school_behind_one_address_listens_and_reads_and_a_walk_through_all_rooms_ends() -> None:
    def passed(action: Action, count: int, every_ms: float) -> int:
        limits, done = Limits(), 0
        for number in range(count):
            try:
                limits.check(action, voice=None, address="192.0.2.1", now_ms=number * every_ms)
            except Refused:
                continue
            done += 1
        return done

    # A thousand open one room within five seconds, and fetch clips in three parts each five seconds.
    assert passed("look", 3_000, 5_000 / 3_000) == 3_000
    assert passed("look", 6_000, 1_000 / 600) == 6_000
    assert passed("wake", 300, 0) == 300
    assert passed("wake", 10_000, 1) < 700
