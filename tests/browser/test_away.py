"""Where nobody can be reached, a page of ours says so, and goes on by itself."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, expect

from tests.support.server import Server
from tests.support.visitor import Invite, make_room

# A promise: `wait_for_function` would take it for true at once, `evaluate` waits for it.
WORKS = """() => navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated'
  || new Promise((done) => active.addEventListener('statechange', () => done(true), { once: true })))"""
KEPT = "() => caches.match('/away').then((found) => Boolean(found))"


async def test_where_the_server_is_away_a_page_says_that_the_room_waits_and_comes_back(
    server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, service_workers="allow", locale="de-DE")
    page, room = visitor.page, make_room(server.url, name="Kitchen table")
    await page.goto(f"{server.url}/r/{room}")
    await page.evaluate(WORKS)
    assert await page.evaluate(KEPT)

    await asyncio.to_thread(server.stop)
    await page.reload()
    await expect(page.get_by_role("heading")).to_have_text("Du bist offline. Der Raum wartet.")
    background = "getComputedStyle(document.querySelector('main')).borderRadius"
    assert await page.evaluate(background) == "26px", "its style was kept with it"

    await asyncio.to_thread(server.start)
    await expect(page.locator("#gate-name")).to_have_text("Kitchen table")


async def test_no_script_comes_from_what_is_kept(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, service_workers="allow")
    await visitor.page.goto(shared_server.url)
    await visitor.page.evaluate(WORKS)
    seen: dict[str, bool] = {}
    visitor.page.on("response", lambda found: seen.update({found.url: found.from_service_worker}))
    await visitor.page.reload(wait_until="load")

    scripts = {url: kept for url, kept in seen.items() if url.endswith(".js") and "/static/" in url}
    assert len(scripts) > 5
    assert not any(scripts.values())
