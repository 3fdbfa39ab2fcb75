"""The page under an address that its server does not know as its own, as proxies may bring it about."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.support.server import running_server
from tests.support.visitor import LIMIT_MS

ROOM = "r/wonder?rtc=off"


async def test_a_page_that_its_server_does_not_know_says_what_mends_it(
    listening_chromium: Browser,
) -> None:
    with running_server(public_url="https://elsewhere.example") as server:
        page = await listening_chromium.new_page()
        await page.goto(f"{server.url}/{ROOM}")
        await expect(page.locator(".gate-voice")).to_contain_text("--public-url", timeout=LIMIT_MS)
        await page.close()
        assert "elsewhere.example" in server.log
