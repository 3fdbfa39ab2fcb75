"""A visitor asks by one tap to be woken, and what wakes them is shown."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.support.push_service import Device
from tests.support.server import Server
from tests.support.visitor import Invite, make_room

# In the place of the browser's own, which asks its maker's service; all else is real.
SUBSCRIBES = """{
  let subscription = null;
  PushManager.prototype.getSubscription = async () => subscription;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => (subscription = {
    options: { applicationServerKey: applicationServerKey.buffer },
    toJSON: () => (GIVEN),
    unsubscribe: async () => (subscription = null),
  });
}"""
# What lies behind "who is here" comes after the door.
OPENS = "() => document.querySelector('.here-card .wake').click()"
STATE = """async (room) => (await (await fetch(`/api/rooms/${room}/push`)).json()).on"""
SHOWN = """async (scope) => {
  const found = await navigator.serviceWorker.getRegistration(scope);
  const shown = await found.getNotifications();
  return shown.map((one) => [one.title, one.body, one.tag, one.data.path]);
}"""
LIMIT_S = 20.0


async def deliver(page: Page, scope: str, message: dict[str, str]) -> None:
    """Deliver a message to the worker of a scope, as the browser's push service would."""
    devtools = await page.context.new_cdp_session(page)
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    seen: list[str] = []

    def updated(told: dict[str, Any]) -> None:
        for one in told["registrations"]:
            seen.append(one["scopeURL"])
            if one["scopeURL"].endswith(scope) and not found.done():
                found.set_result(one["registrationId"])

    devtools.on("ServiceWorker.workerRegistrationUpdated", updated)
    await devtools.send("ServiceWorker.enable")
    origin = await page.evaluate("location.origin")
    await asyncio.wait([found], timeout=LIMIT_S)
    assert found.done(), f"no worker of {scope}, but of {seen}"
    given = {"origin": origin, "registrationId": found.result(), "data": json.dumps(message)}
    await devtools.send("ServiceWorker.deliverPushMessage", given)


async def shown(page: Page, scope: str) -> list[list[str]]:
    """Return what the worker of a scope shows, as soon as that is anything."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + LIMIT_S
    while not (found := list(await page.evaluate(SHOWN, scope))) and loop.time() < end_s:
        await asyncio.sleep(0.05)
    return found


async def test_a_visitor_is_woken_after_one_tap_and_sleeps_after_another(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url, name="Kitchen table")
    visitor = await invite(listening_chromium, ears=False, service_workers="allow", locale="de-DE")
    page = visitor.page
    await page.context.grant_permissions(["notifications"], origin=shared_server.url)
    given = Device("https://push.example/kitchen").json()
    await page.add_init_script(SUBSCRIBES.replace("GIVEN", json.dumps(given)))
    await visitor.enter(shared_server.url, room)
    await expect(page.locator(".here-card .wake")).to_be_attached()
    await page.evaluate(OPENS)
    state, button = page.locator("#wake-state"), page.locator("#wake")
    await expect(state).to_have_attribute("data-state", "off")
    await button.click()
    await expect(state).to_have_attribute("data-state", "on")
    assert await page.evaluate(STATE, room)

    message = {"room": room, "title": "Kitchen table", "body": "Da spricht jemand.", "lang": "de"}
    await deliver(page, f"/r/{room}", message)
    told = ["Kitchen table", "Da spricht jemand.", room, f"/r/{room}"]
    assert await shown(page, f"/r/{room}") == [told]

    await button.click()
    await expect(state).to_have_attribute("data-state", "off")
    assert not await page.evaluate(STATE, room)
