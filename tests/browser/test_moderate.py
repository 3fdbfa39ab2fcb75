"""The admin decides about what was reported, by keyboard alone, in English and German."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.browser.test_page import comes_to, violations
from tests.support.visitor import PHONE, Invite, staying
from tests.support.web_app import ADMIN, OTHER_KEY, Site, bearer, listed, running_site

SURE_MS = 5_000  # so long a button of the page asks whether one is sure


async def report(site: Site, reason: str) -> str:
    clip = str((await site.clip())["id"])
    told = {"reason": reason, "text": "and loud"}
    path = f"/api/clips/{clip}/reports"
    assert await site.status("POST", path, json=told, headers=bearer(OTHER_KEY)) == 201
    return clip


async def test_the_admin_decides_by_keyboard_and_takes_it_back(
    listening_chromium: Browser, invite: Invite
) -> None:
    async with running_site() as site:
        visitor = await invite(listening_chromium, ears=False, tried=False)
        page = visitor.page
        await page.add_init_script(staying(SURE_MS))
        kept, removed = await report(site, "rude"), await report(site, "noise")
        await listed(site, "/api/admin/reports", 2)  # the page looks again after 20 s only
        await page.goto(f"{site.url}/moderate")
        await page.locator("#token").fill("not-the-token-of-this-server-xyz")
        await page.keyboard.press("Enter")
        await expect(page.locator("#notice")).to_contain_text("not the admin's")
        assert await violations(page) == []
        await page.locator("#token").fill(ADMIN)
        await page.keyboard.press("Enter")

        cards = page.locator(".report")
        await expect(cards).to_have_count(2)
        await expect(cards.first).to_contain_text("Noise or advertising: and loud")
        assert await violations(page) == []
        await page.keyboard.press("Tab")
        await page.locator("#refresh").focus()
        await page.keyboard.press("ArrowDown")
        await expect(cards.first).to_be_focused()
        await cards.first.get_by_text("Remove it").press("Enter")
        await cards.first.get_by_text("Sure?").press("Enter")
        await expect(page.locator("#notice")).to_have_text("Removed from Wonder")
        await expect(cards).to_have_count(1)
        await expect(cards.first).to_be_focused()
        assert await site.status("GET", f"/api/clips/{removed}") == 404

        await cards.first.get_by_text("Lock the room").press("Enter")
        await expect(cards.first).to_contain_text("room locked")
        await page.locator("#acts").get_by_text("Undo").first.press("Enter")
        await expect(cards.first).not_to_contain_text("room locked")
        await cards.first.get_by_text("Keep it").press("Enter")
        await expect(page.locator("#no-reports")).to_be_visible()
        await expect(page.locator(".act").first).to_contain_text("Kept in Wonder")
        assert await site.status("GET", f"/api/clips/{kept}") == 200
        assert await violations(page) == []

        await page.reload()
        await expect(page.locator(".act")).to_have_count(4)
        await page.locator("#leave").click()
        await page.reload()
        await expect(page.locator("#token")).to_be_visible()
        assert await page.evaluate("sessionStorage.length + localStorage.length") == 0


async def test_on_a_phone_in_german_everything_fits(listening_chromium: Browser, invite: Invite) -> None:
    async with running_site() as site:
        visitor = await invite(listening_chromium, ears=False, **{**PHONE, "locale": "de-DE"})
        page = visitor.page
        await report(site, "laut")
        await listed(site, "/api/admin/reports", 1)
        await page.goto(f"{site.url}/moderate")
        await page.locator("#token").fill(ADMIN)
        await page.keyboard.press("Enter")
        await expect(page.locator(".report")).to_contain_text("eine Meldung")
        await comes_to(page, "document.documentElement.scrollWidth <= innerWidth", True)
        assert await violations(page) == []
