"""The page for everyone: without a microphone, on a phone, by keyboard, and for a screen reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Playwright, expect

from tests.support.browsers import Kind, launch
from tests.support.microphones import FileMicrophone
from tests.support.server import Server
from tests.support.shape import ROOT
from tests.support.visitor import PHONE, Invite, Visitor, clips, make_room

AXE = ROOT / "node_modules/axe-core/axe.min.js"
TARGET_PX = 44  # the least a finger hits (WCAG 2.2, 2.5.5)


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
async def test_without_a_microphone_one_listens_and_writes(
    kind: Kind, shared_server: Server, playwright: Playwright
) -> None:
    room = make_room(shared_server.url)
    browser = await launch(playwright, kind, refuse=True)
    visitor = Visitor(await browser.new_page(locale="en-GB"))
    await visitor.enter(shared_server.url, room)
    await visitor.page.locator("#talk").click()

    await expect(visitor.page.locator("[data-notice=mic-refused]")).to_be_visible()
    await visitor.say("I can still write")
    await expect(visitor.page.get_by_text("I can still write")).to_be_visible()
    await visitor.listens("radio")
    await browser.close()
    assert not visitor.surprises


async def test_a_phone_speaks_by_touch(
    shared_server: Server, chromium: Browser, invite: Invite, file_microphone: FileMicrophone
) -> None:
    room = make_room(shared_server.url)
    visitor = await invite(chromium, **PHONE, is_mobile=True)
    await visitor.enter(shared_server.url, room)

    await visitor.speak(file_microphone, "touch")

    await visitor.shows_clips(1)
    assert clips(shared_server.url, room)
    assert await visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_everything_to_press_on_a_phone_is_large_enough(
    shared_server: Server, listening_chromium: Browser
) -> None:
    context = await listening_chromium.new_context(**PHONE, locale="en-GB", is_mobile=True)
    visitor = Visitor(await context.new_page())
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.listens("radio")
    for button in await visitor.page.locator("button:visible, a:visible").all():
        box = await button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= TARGET_PX, await button.evaluate("e => e.outerHTML")
    await context.close()


async def violations(page: Page) -> list[str]:
    """Ask axe-core what is wrong for those who do not see, hear or move as others do."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate("axe.run()")
    return [f"{v['id']}: {json.dumps([node['html'] for node in v['nodes']])}" for v in found["violations"]]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", ["phone", "desk"])
async def test_no_barriers_in_lobby_gate_and_room(
    theme: Any, size: str, shared_server: Server, listening_chromium: Browser
) -> None:
    room = make_room(shared_server.url, public=True, name=f"Barriers {theme} {size}")
    options: dict[str, Any] = PHONE if size == "phone" else {}
    context = await listening_chromium.new_context(
        color_scheme=theme, bypass_csp=True, locale="en-GB", **options
    )
    visitor = Visitor(await context.new_page())

    await visitor.page.goto(shared_server.url)
    await expect(visitor.page.get_by_text(f"Barriers {theme} {size}")).to_be_visible()
    found = {"lobby": await violations(visitor.page)}
    await visitor.page.goto(f"{shared_server.url}/r/{room}")
    await expect(visitor.page.locator("#gate-name")).not_to_be_empty()
    found["gate"] = await violations(visitor.page)
    await visitor.page.locator("#join").click()
    await visitor.say("hello")
    await visitor.listens("radio")
    found["room"] = await violations(visitor.page)

    assert found == {"lobby": [], "gate": [], "room": []}
    await context.close()


async def test_the_policy_of_the_pages_is_never_broken(
    shared_server: Server, listening_chromium: Browser
) -> None:
    context = await listening_chromium.new_context(locale="en-GB")
    visitor = Visitor(await context.new_page())
    await visitor.page.goto(shared_server.url)
    await expect(visitor.page.locator(".rooms")).to_be_visible()
    await visitor.enter(shared_server.url, make_room(shared_server.url))
    await visitor.listens("radio")
    await visitor.say("hello")
    await context.close()
    assert not visitor.surprises
