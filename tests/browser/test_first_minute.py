"""The first minute: the microphone is tried before anything begins; and who is hidden is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.support.browsers import SAID_AT_MOST, heard, hears_somebody
from tests.support.microphones import speech
from tests.support.server import Server, running_server
from tests.support.visitor import Invite, clips, events, make_room, upload

SILENT = 0.003  # of full scale: what a decoder makes of silence
# A dialog that stays until it is told to go.
DIALOG = """(() => {
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
const answered = new Promise((resolve) => (window.allow = resolve));
navigator.mediaDevices.getUserMedia = (wanted) => answered.then(() => ask(wanted));
})();"""


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[Server]:
    """Run a server on which one voice may speak again and again out of turn."""
    with running_server(limits="off") as running:
        yield running


async def verdict(page: Page, name: str) -> None:
    """Wait until the check says this of the microphone."""
    await expect(page.locator(f".check-voice[data-verdict={name}]")).to_be_visible()


async def test_trying_the_microphone_leaves_no_event(
    shared_server: Server, chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    visitor = await invite(chromium, tried=False)
    await visitor.enter(shared_server.url, room)
    await expect(visitor.page.locator("#talk-state")).to_have_text("Tap to try your microphone")
    before = events(shared_server.url, room)
    await visitor.page.locator("#talk").click()
    await verdict(visitor.page, "good")
    await visitor.page.locator("#check-done").click()
    await expect(visitor.page.locator("#check-sheet")).to_have_count(0)
    await visitor.is_speaking("off")
    await expect(visitor.page.locator("#talk-state")).to_have_text("Hold or tap to speak")

    await visitor.say("afterwards")  # whatever was sent before has arrived with it
    await expect(visitor.page.locator(".line[data-state=said]")).to_have_count(1)
    later = events(shared_server.url, room)[len(before) :]
    assert [event["kind"] for event in later] == ["text.said"]


async def test_a_dialog_costs_nobody_a_prompt(
    shared_server: Server, chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    writer, visitor = await invite(chromium), await invite(chromium, tried=False)
    await visitor.page.add_init_script(DIALOG)
    await writer.enter(shared_server.url, room)
    await visitor.page.goto(f"{shared_server.url}/r/{room}?mic=raw")
    await visitor.page.locator("#join-play").click()
    await verdict(visitor.page, "asking")
    await writer.say("still nothing")
    await expect(writer.page.locator(".line[data-state=said]")).to_have_count(1)
    assert [e["kind"] for e in events(shared_server.url, room)] == ["room.opened", "text.said"]

    await visitor.page.evaluate("allow()")
    await verdict(visitor.page, "good")
    assert [e["kind"] for e in events(shared_server.url, room)] == ["room.opened", "text.said"]
    await visitor.page.locator("#check-done").press("Enter")
    await visitor.has_been("speaking", "live")  # in the window of the first prompt, which began after that


async def test_who_never_tried_the_microphone_does_so_before_playing_along(
    shared_server: Server, chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(chromium, tried=False)
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.page.locator("#play").click()
    await expect(visitor.page.locator("#check-done")).to_be_focused()
    await verdict(visitor.page, "good")
    await expect(visitor.page.locator("#play")).to_have_attribute("aria-pressed", "false")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator("#play")).to_have_attribute("aria-pressed", "true")


async def test_who_tried_the_microphone_before_goes_right_in(
    shared_server: Server, chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(chromium)
    await visitor.page.goto(f"{shared_server.url}/r/{make_room(shared_server.url)}?mic=raw")
    await visitor.page.locator("#join-play").click()

    await expect(visitor.page.locator("body")).to_have_attribute("data-joined", "true")
    await expect(visitor.page.locator("#play")).to_have_attribute("aria-pressed", "true")


async def test_a_hidden_voice_is_silent_for_who_hid_it_and_for_nobody_else(
    server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(server.url)
    hider, other = [await invite(listening_chromium) for _ in range(2)]
    for visitor in (hider, other):
        await visitor.enter(server.url, room)
        await visitor.listens("radio")

    async def is_heard(page: Page) -> bool:
        """Let something be said until a page hears somebody, three times at most; it may be torn."""
        for _ in range(SAID_AT_MOST):
            await asyncio.to_thread(upload, server.url, room, "s" * 43, speech())
            if await hears_somebody(page, already[page]):
                return True
        return False

    already = {hider.page: 0, other.page: 0}
    assert await is_heard(hider.page)
    assert await is_heard(other.page)

    await hider.page.locator(".clip button.name").first.click()
    await hider.page.locator("#hide-voice").click()
    await hider.was_told("voice-hidden")
    await hider.shows_clips(0)
    await expect(other.page.locator(".clip[data-state=onair]")).to_have_count(0)
    already = {page: len(await heard(page)) for page in (hider.page, other.page)}

    assert await is_heard(other.page)
    await other.shows_clips(len(clips(server.url, room)))
    await hider.shows_clips(0)
    assert np.abs((await heard(hider.page))[already[hider.page] :]).max() < SILENT
    await expect(other.page.locator(".clip[data-state=onair]")).to_have_count(0)

    await hider.page.locator("#settings").click()
    await hider.page.locator("#hidden-voices button").click()
    await expect(hider.page.locator("#hidden-voices button")).to_have_count(0)
    await hider.page.keyboard.press("Escape")
    already[hider.page] = len(await heard(hider.page))
    assert await is_heard(hider.page)


async def test_the_orb_leads_into_a_room_of_ones_language_and_the_theme_stays(
    shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    visitor = await invite(listening_chromium, ears=False, locale="de-DE", color_scheme="dark")
    page = visitor.page
    await page.goto(shared_server.url)
    await expect(page.locator("#orb")).to_have_attribute("href", "/r/wunder")
    await page.locator("#orb").click()
    await expect(page.locator("#gate-name")).to_have_text("Raum der Wunder")
    await page.locator("#join").click()
    await page.locator("#settings").click()
    await page.locator("label:has(#theme-light)").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    async with page.expect_response(page.url) as answer:
        await page.reload()

    assert 'data-theme="light" data-kind="wonder"' in await (await answer.value).text()
