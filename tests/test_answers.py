"""What is answered in JSON is as it is described: every schema, held against a real answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest

from server.api import openapi
from server.push.service import PushService
from server.push.subscriptions import Subscriptions
from server.push.vapid import Vapid
from server.room.commands import RoundStart, RoundStop, Throw
from server.web.push import PUSH
from tests.support.push_service import Device
from tests.support.schemas import faults
from tests.support.web_app import ADMIN, KEY, OTHER_KEY, Site, bearer, running_site

DESCRIPTION: dict[str, Any] = msgspec.json.decode(openapi.page())
SCHEMAS: dict[tuple[str, str, int], dict[str, Any]] = {
    (method.upper(), path, int(status)): answer["content"]["application/json"]["schema"]
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
    for status, answer in operation["responses"].items()
    if "application/json" in answer.get("content", {})
}
# What is asked: where, and with what.
Asked = tuple[str, dict[str, Any]]
UPLOAD: dict[str, Any] = {"data": b"speech", "headers": bearer(**{"Content-Type": "audio/ogg"})}
LOCAL: dict[str, Any] = {"json": {"kind": "local", "place": "u33d"}}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as made:
        yield made


def plain(path: str, **more: Any) -> Callable[[Site], Awaitable[Asked]]:
    """Return an asking that needs nothing to be there."""

    async def asked(_: Site) -> Asked:
        return path, more

    return asked


async def a_room_in_a_round(site: Site) -> Asked:
    await site.registry.send("wonder", Throw(), by=None)
    return "/api/rooms/wonder", {}


async def a_room_of_ones_own(site: Site) -> Asked:
    made = await site.json("POST", "/api/rooms", json={"kind": "topic"}, headers=bearer())
    return f"/api/rooms/{made['id']}", {"json": {"name": "Ours"}, "headers": bearer()}


async def its_events(site: Site) -> Asked:
    return (await a_room_in_a_round(site))[0] + "/events", {}


async def a_place_that_is_there(site: Site) -> Asked:
    assert await site.status("POST", "/api/rooms", **LOCAL) == 201
    return "/api/rooms", LOCAL


async def an_upload_that_waits(site: Site) -> Asked:
    return f"/api/rooms/{await site.room(kind='healing')}/clips", UPLOAD


async def a_take_that_is_kept(site: Site) -> Asked:
    where, upload = await an_upload_that_waits(site)
    return f"/api/previews/{(await site.json('POST', where, **upload))['preview']}", {"headers": bearer()}


async def a_clip(site: Site) -> Asked:
    return f"/api/clips/{(await site.clip())['id']}", {}


async def a_report(site: Site) -> Asked:
    return f"{(await a_clip(site))[0]}/reports", {"json": {"reason": "noise"}, "headers": bearer()}


async def what_a_keeper_sees(site: Site) -> Asked:
    where, _ = await a_room_of_ones_own(site)
    room = where.rpartition("/")[2]
    clip = (await site.clip(room=room, key=OTHER_KEY))["id"]
    told: dict[str, Any] = {"json": {"reason": "noise"}, "headers": bearer()}
    assert await site.status("POST", f"/api/clips/{clip}/reports", **told) == 201
    return f"{where}/reports", {"headers": bearer()}


async def what_waits_for_the_admin(site: Site) -> Asked:
    where, told = await a_report(site)
    assert await site.status("POST", where, **told) == 201
    return "/api/admin/reports", {"headers": bearer(ADMIN)}


async def a_decision(site: Site) -> Asked:
    where, told = await a_report(site)
    assert await site.status("POST", where, **told) == 201
    clip = where.split("/")[3]
    return f"/api/admin/reports/wonder.{clip}", {"json": {"decision": "keep"}, "headers": bearer(ADMIN)}


async def what_the_admin_did(site: Site) -> Asked:
    act: dict[str, Any] = {"json": {"action": "lock"}, "headers": bearer(ADMIN)}
    assert await site.status("POST", "/api/admin/rooms/wonder/acts", **act) == 200
    return "/api/admin/audit", {"headers": bearer(ADMIN)}


async def a_code(site: Site) -> Asked:
    given = await site.json("POST", "/api/rooms/wonder/code", headers=bearer())
    return f"/api/codes?words={given['code'].replace(' ', '+')}", {}


async def what_became_of_an_answer(site: Site) -> Asked:
    by = site.registry.voice(KEY, "wonder")
    await site.registry.send("wonder", RoundStart("first_thing", "slow"), by=by)
    for key in (KEY, OTHER_KEY):
        await site.clip(key=key)
    await site.registry.send("wonder", RoundStop(), by=by)
    told = await site.json("GET", "/api/rooms/wonder/became", headers=bearer())
    assert [each["people"] for each in told["became"]] == [1]
    return "/api/rooms/wonder/became", {"headers": bearer()}


async def an_evening(site: Site) -> Asked:
    await site.clip()
    return "/api/rooms/wonder/recording", {}


async def the_evenings(site: Site) -> Asked:
    await site.clip()
    return "/api/rooms/wonder/evenings", {}


async def a_new_hook(site: Site) -> Asked:
    where, _ = await a_room_of_ones_own(site)
    return f"{where}/hooks", {"headers": bearer()}


async def the_hooks(site: Site) -> Asked:
    where, headers = await a_new_hook(site)
    assert await site.status("POST", where, **headers) == 201
    return where, headers


async def what_a_program_writes(site: Site) -> Asked:
    where, headers = await a_new_hook(site)
    made = await site.json("POST", where, **headers)
    return f"{where}/{made['hook']}", {"json": {"text": "The bread is done"}}


async def a_subscription(site: Site) -> Asked:
    service = PushService(Vapid(b"s" * 32), site.registry.clock)
    site.app[PUSH].offer(Subscriptions(site.log, site.registry.clock), service)
    return "/api/rooms/wonder/push", {"json": Device("https://push.example/x").json(), "headers": bearer()}


ASKED: dict[tuple[str, str, int], Callable[[Site], Awaitable[Asked]]] = {
    ("GET", "/healthz", 200): plain("/healthz"),
    ("GET", "/readyz", 200): plain("/readyz"),
    ("GET", "/api/openapi.json", 200): plain("/api/openapi.json"),
    ("GET", "/api/asyncapi.json", 200): plain("/api/asyncapi.json"),
    ("GET", "/api/games", 200): plain("/api/games"),
    ("GET", "/api/rooms", 200): plain("/api/rooms"),
    ("POST", "/api/rooms", 201): plain("/api/rooms", json={"kind": "topic", "name": "Ours"}),
    ("POST", "/api/rooms", 200): a_place_that_is_there,
    ("GET", "/api/rooms/{room}", 200): a_room_in_a_round,
    ("PATCH", "/api/rooms/{room}", 200): a_room_of_ones_own,
    ("GET", "/api/rooms/{room}/became", 200): what_became_of_an_answer,
    ("POST", "/api/rooms/{room}/hooks", 201): a_new_hook,
    ("GET", "/api/rooms/{room}/hooks", 200): the_hooks,
    ("POST", "/api/rooms/{room}/hooks/{hook}", 202): what_a_program_writes,
    ("GET", "/api/rooms/{room}/events", 200): its_events,
    ("GET", "/api/rooms/{room}/search", 200): plain("/api/rooms/wonder/search?q=moss"),
    ("GET", "/api/rooms/{room}/evenings", 200): the_evenings,
    ("GET", "/api/rooms/{room}/recording", 200): an_evening,
    ("POST", "/api/rooms/{room}/code", 200): plain("/api/rooms/wonder/code", headers=bearer()),
    ("GET", "/api/codes", 200): a_code,
    ("GET", "/api/rooms/{room}/push", 200): plain("/api/rooms/wonder/push"),
    ("POST", "/api/rooms/{room}/push", 201): a_subscription,
    ("POST", "/api/rooms/{room}/clips", 201): plain("/api/rooms/wonder/clips", **UPLOAD),
    ("POST", "/api/rooms/{room}/clips", 202): an_upload_that_waits,
    ("POST", "/api/previews/{preview}", 201): a_take_that_is_kept,
    ("GET", "/api/clips/{clip}", 200): a_clip,
    ("POST", "/api/clips/{clip}/reports", 201): a_report,
    ("GET", "/api/rooms/{room}/reports", 200): what_a_keeper_sees,
    ("GET", "/api/admin/reports", 200): what_waits_for_the_admin,
    ("POST", "/api/admin/reports/{report}", 200): a_decision,
    ("POST", "/api/admin/rooms/{room}/acts", 200): plain(
        "/api/admin/rooms/wonder/acts", json={"action": "lock"}, headers=bearer(ADMIN)
    ),
    ("GET", "/api/admin/audit", 200): what_the_admin_did,
}


def test_every_answer_with_a_schema_is_asked_for() -> None:
    assert set(ASKED) == set(SCHEMAS)


@pytest.mark.parametrize("key", sorted(ASKED), ids=lambda key: f"{key[0]} {key[1]} {key[2]}")
async def test_an_answer_is_as_it_is_described(site: Site, key: tuple[str, str, int]) -> None:
    path, more = await ASKED[key](site)
    async with site.ask(key[0], path, **more) as answer:
        assert answer.status == key[2], await answer.text()
        assert [*faults(await answer.json(), SCHEMAS[key], DESCRIPTION)] == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"head": "1"}, "$.head"),
        ({"head": True}, "$.head"),
        ({"id": None}, "$.id"),
        ({"games": "abc"}, "$.games"),
        ({"games": [1]}, "$.games[0]"),
        ({"round": {"id": "r"}}, "$.round"),
        ({"secret": 1}, "`secret` is not described"),
        ({"name": ...}, "`name` is missing"),
    ],
)
async def test_an_answer_that_is_not_as_described_is_found(
    site: Site, change: dict[str, Any], named: str
) -> None:
    room = {**await site.json("GET", "/api/rooms/wonder"), **change}
    room = {name: value for name, value in room.items() if value is not ...}
    (fault,) = faults(room, SCHEMAS["GET", "/api/rooms/{room}", 200], DESCRIPTION)
    assert named in fault
