"""By HTTP a visitor asks to be woken, or not any more; `forget` ends it, too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.http.limits import RATES, Limits
from server.push.service import PushService
from server.push.subscriptions import KEPT_MS, Subscriptions
from server.push.vapid import Vapid
from server.web.push import PUSH, SUBSCRIPTION_BYTES
from tests.server.web.test_room_settings import socket
from tests.support.push_service import Device
from tests.support.web_app import OTHER_KEY, Site, bearer, running_site

HERE = "/api/rooms/wonder/push"
DEVICE = Device("https://push.example/anna")


def wake(site: Site) -> Subscriptions:
    """Let a site wake people, though nobody reads what happens."""
    found = Subscriptions(site.log, site.registry.clock)
    site.app[PUSH].offer(found, PushService(Vapid(b"s" * 32), site.registry.clock))
    return found


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as made:
        wake(made)
        yield made


async def ask(site: Site, method: str, key: str = OTHER_KEY, **json: Any) -> tuple[int, Any]:
    """Return status and JSON of an answer, or its code."""
    more = {"json": json} if json else {}
    async with site.ask(method, HERE, headers=bearer(key), **more) as answer:
        if answer.status == 204:
            return 204, None
        told = await answer.json(content_type=None)
        return answer.status, told.get("code", told)


async def test_a_visitor_asks_to_be_woken_and_to_be_left_alone(site: Site) -> None:
    key = site.app[PUSH].key
    assert await ask(site, "GET") == (200, {"key": key, "on": False})
    before_ms = site.registry.clock()
    status, kept = await ask(site, "POST", **DEVICE.json("de"))
    assert (status, list(kept)) == (201, ["until_ms"])
    assert kept["until_ms"] >= before_ms + KEPT_MS
    assert await ask(site, "GET") == (200, {"key": key, "on": True})
    assert await ask(site, "GET", "m" * 43) == (200, {"key": key, "on": False})
    async with site.ask("GET", HERE) as answer:
        assert await answer.json() == {"key": key, "on": False}
    found = site.app[PUSH].subscriptions
    assert found is not None
    (one,) = found.of("wonder")
    assert (one.voice, one.language) == (site.registry.voice(OTHER_KEY, "wonder").id, "de")
    assert [await ask(site, "DELETE") for _ in range(2)] == [(204, None)] * 2
    assert found.of("wonder") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "https://169.254.169.254/latest"},
        {"endpoint": "http://push.example/x"},
        {"endpoint": 5},
        {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
        {"keys": None},
        {"language": "fr"},
    ],
)
async def test_what_is_no_subscription_is_refused(site: Site, changes: dict[str, Any]) -> None:
    assert await ask(site, "POST", **{**DEVICE.json(), **changes}) == (422, "bad_value")


async def test_who_may_ask_and_how_much(site: Site) -> None:
    long = {**DEVICE.json(), "more": "x" * SUBSCRIPTION_BYTES}
    assert await ask(site, "POST", **long) == (413, "too_big")
    assert await site.problem("POST", HERE, json=DEVICE.json()) == (401, "no_key")
    elsewhere = {"Origin": "https://elsewhere.example", "Cookie": f"wonder_key={OTHER_KEY}"}
    assert await site.problem("POST", HERE, json=DEVICE.json(), headers=elsewhere) == (403, "wrong_origin")
    gone = await site.problem("POST", "/api/rooms/none/push", json=DEVICE.json(), headers=bearer())
    assert gone == (404, "no_such_room")


async def test_new_subscriptions_are_few_and_who_comes_again_is_welcome() -> None:
    async with running_site(rates=Limits({**RATES})) as site:
        wake(site)
        for number in range(RATES["push"].burst):
            device = Device(f"https://push.example/{number}")
            assert (await ask(site, "POST", **device.json()))[0] == 201
        assert (await ask(site, "POST", **device.json()))[0] == 201
        assert await ask(site, "POST", **device.json("de")) == (429, "too_fast")
        same = Device(device.endpoint)  # with other keys
        assert await ask(site, "POST", **same.json()) == (429, "too_fast")
        assert await ask(site, "POST", **DEVICE.json()) == (429, "too_fast")


async def test_a_server_that_wakes_nobody_says_so() -> None:
    async with running_site() as site:
        assert await ask(site, "GET") == (200, {"key": "", "on": False})
        assert await ask(site, "POST", **DEVICE.json()) == (404, "no_push")
        assert await ask(site, "DELETE") == (404, "no_push")


async def test_who_takes_everything_back_is_woken_no_more(site: Site) -> None:
    await ask(site, "POST", **DEVICE.json())
    async with socket(site, "/api/rooms/wonder", OTHER_KEY) as visitor:
        await visitor.ask("forget", all=True)
    found = site.app[PUSH].subscriptions
    assert found is not None
    assert found.of("wonder") == []
