"""Whoever opened a room gives it other words and closes it, and everybody in it sees that."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.test_page import violations
from tests.support.server import Server
from tests.support.visitor import LIMIT_MS, PHONE, Invite, events


async def open_room(page: Page, url: str) -> str:
    """Open a private room as the lobby does, and return its id."""
    await page.goto(url)
    return str(
        await page.evaluate(
            """async () => {
              const body = JSON.stringify({kind: 'topic', name: 'Ours', theme: 'Cats', live: true});
              const headers = {'Content-Type': 'application/json'};
              return (await (await fetch('/api/rooms', {method: 'POST', headers, body})).json()).id;
            }"""
        )
    )


async def _writes_by_a_hook(sheet: Locator, page: Page) -> None:
    """Make a door for programs, write by it, see on another page who wrote, and close it."""
    await sheet.locator("#keeper-hooks summary").click()
    await sheet.locator("#keeper-hook").click()
    address = await sheet.locator("#keeper-hook-url").input_value()
    written = await page.request.post(address, data={"text": "The bread is done"})
    assert written.status == 202
    await expect(page.locator(".line-head .machine")).to_have_attribute("aria-label", "a machine")
    await sheet.locator("#keeper-hooks li button").click()
    await expect(sheet.locator("#keeper-hooks li")).to_have_count(0)


async def test_the_keeper_changes_the_room_and_closes_it(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    keeper, guest = await invite(listening_chromium), await invite(listening_chromium, **PHONE)
    room = await open_room(keeper.page, shared_server.url)
    for visitor in (keeper, guest):
        await visitor.enter(shared_server.url, room)
    await guest.page.locator("#settings").click()
    await expect(guest.page.locator("#spontaneity")).to_be_visible()
    await expect(guest.page.locator("#keeper")).to_have_count(0)
    await guest.page.keyboard.press("Escape")

    await keeper.page.locator("#settings").click()
    await keeper.page.locator("#keeper").click()
    sheet = keeper.page.locator("#keeper-sheet")
    await expect(sheet.locator("[name=theme]")).to_have_value("Cats")
    await expect(sheet.locator("[name=live]")).to_be_checked()
    await sheet.locator("[name=name]").fill("Dogs & more")
    await sheet.locator("[name=theme]").fill("")
    await sheet.locator("[name=tempo]").select_option("slow")
    await sheet.locator("#keeper-mask").select_option("mouse")
    await expect(guest.page.locator("#worn")).to_have_text("You are a mouse")
    await expect(sheet.locator("#keeper-character")).to_have_count(0)  # this server has no hosts
    await _writes_by_a_hook(sheet, guest.page)
    await sheet.locator("#keeper-save").click()
    await expect(sheet).to_have_count(0)
    for visitor in (keeper, guest):
        await expect(visitor.page.locator("room-title h1")).to_have_text("Dogs & more")
        await expect(visitor.page.locator("room-title .rules")).not_to_have_text("Cats")

    await guest.listens("radio")
    await keeper.page.locator("#keeper").click()
    await expect(sheet.locator("[name=tempo]")).to_have_value("slow")
    await sheet.locator("#keeper-close").click()
    assert await violations(keeper.page) == []
    await sheet.locator("#keeper-sure").click()
    for visitor in (keeper, guest):
        await expect(visitor.page.locator("[data-notice=closed]")).to_be_visible()
        await visitor.listens("off")
        await expect(visitor.page.locator("#throw")).to_be_disabled()
        await expect(visitor.page.locator("prompt-card")).to_contain_text("This room is closed")
    await expect(sheet).to_have_count(0)
    await expect(guest.page.locator("[data-notice]")).to_have_count(1)
    assert await violations(guest.page) == []

    await guest.page.reload()
    await expect(guest.page.locator("[data-notice=closed]")).to_be_visible()
    await expect(guest.page.locator(".gate-first")).to_contain_text("This room is closed.")
    await expect(guest.page.locator("#join-play")).to_be_hidden()
    await guest.page.locator("#join").click()
    await guest.page.locator("[data-notice=closed] .text-button").click()
    await expect(guest.page.locator("lobby-list")).to_be_visible()
    assert not keeper.surprises
    assert not guest.surprises


async def test_a_closed_room_says_so_above_its_last_prompt_and_nobody_plays_along_in_it(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    keeper = await invite(listening_chromium, ears=False)
    room = await open_room(keeper.page, shared_server.url)
    await keeper.enter(shared_server.url, room)
    await keeper.page.locator("#throw").click()
    await expect(keeper.page.locator("#prompt")).to_have_text(await thrown(shared_server.url, room))

    await keeper.page.evaluate("(room) => fetch(`/api/rooms/${room}`, { method: 'DELETE' })", room)

    await expect(keeper.page.locator("prompt-card .kicker")).to_have_text("This room is closed")
    await expect(keeper.page.locator("#prompt")).not_to_be_empty()
    await expect(keeper.page.locator("#play")).to_be_disabled()


async def thrown(url: str, room: str) -> str:
    """Wait until a room has thrown a prompt, and return it."""
    async with asyncio.timeout(LIMIT_MS / 1000):
        while True:
            for event in await asyncio.to_thread(events, url, room):
                if event["kind"] == "turn.given":
                    return str(event["data"]["prompt"])
            await asyncio.sleep(0.1)


async def test_the_keeper_locks_the_room_and_removes_a_line(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    keeper, guest = await invite(listening_chromium), await invite(listening_chromium)
    room = await open_room(keeper.page, shared_server.url)
    for visitor in (keeper, guest):
        await visitor.enter(shared_server.url, room)
    await guest.say("buy my umbrellas")
    await keeper.page.locator(".line button.name").click()
    await expect(keeper.page.locator("#keeper-mute")).to_be_visible()
    assert await violations(keeper.page) == []
    await keeper.page.locator("#keeper-remove").click()
    for visitor in (keeper, guest):
        await expect(visitor.page.locator(".line")).to_have_count(0)
    await expect(guest.page.locator("[data-notice=own-removed]")).to_be_visible()

    await keeper.page.locator("#settings").click()
    await keeper.page.locator("#keeper").click()
    await keeper.page.locator("label:has(#keeper-locked)").click()
    await expect(keeper.page.locator("#keeper-locked")).to_be_checked()
    assert await violations(keeper.page) == []
    locked = "() => document.querySelector('prompt-card').session.model.state.locked"
    await guest.page.wait_for_function(locked)  # it was told of what is checked at once
    await guest.say("once more")
    await expect(guest.page.locator(".line[data-state=refused] .line-why")).to_contain_text("locked")

    await guest.page.reload()
    await expect(guest.page.locator(".gate-first")).to_contain_text("you can only listen")
    await expect(guest.page.locator("#join-play")).to_be_hidden()
