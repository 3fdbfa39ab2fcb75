"""A clip whose words trip a filter waits outside: its speaker is told, and the others decide."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from server import app
from server.app import Running
from server.config import Config
from server.engines.transcriber import Heard
from tests.browser.test_keeper import open_room
from tests.browser.test_page import violations
from tests.support.microphones import speech
from tests.support.scripted_ear import worded
from tests.support.speech import wav
from tests.support.visitor import PHONE, Invite

NUMBER = "I want to die, call me at 0171 2345678"
QUIET = "mic=raw&same=room"  # no radio


class OneSentence:
    """Hears the same words in whatever is said."""

    name = "scripted"

    async def transcribe(self, clip: bytes, language: str, *, speech_ms: int | None) -> Heard:
        return Heard(NUMBER, language, worded(NUMBER))

    async def close(self) -> None:
        """Let go of nothing."""


@pytest_asyncio.fixture(loop_scope="session")
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """Run a server that hears, in this process."""
    config = Config(port=0, udp_port=0, data=tmp_path, limits="off", speech="off", host_engine="off")
    async with await app.start(config, transcriber=OneSentence()) as server:
        yield server


async def speak(page: Page, room: str) -> None:
    """Put a clip into a room as the voice of a page."""
    await page.evaluate(
        """async ([room, sound]) => {
          const body = Uint8Array.from(atob(sound), (one) => one.charCodeAt(0));
          const headers = { 'Content-Type': 'audio/wav' };
          const answer = await fetch(`/api/rooms/${room}/clips`, { method: 'POST', body, headers });
          if (!answer.ok) throw new Error(await answer.text());
        }""",
        [room, b64encode(wav(None, speech())).decode()],
    )


async def test_a_held_clip_is_told_to_its_speaker_and_let_in_by_the_others(
    running: Running, chromium: Browser, invite: Invite
) -> None:
    keeper, speaker = await invite(chromium, **PHONE), await invite(chromium, **PHONE)
    voter = await invite(chromium, **PHONE)
    room = await open_room(keeper.page, running.url)
    for visitor in (keeper, speaker, voter):
        await visitor.enter(running.url, room, QUIET)
        await expect(visitor.page.locator("body")).to_have_attribute(
            "data-socket", "open"
        )  # a signal is sent once
    await speak(speaker.page, room)

    await expect(speaker.page.locator("[data-notice=own-held]")).to_contain_text("a number, a link")
    await expect(speaker.page.locator("[data-notice=care]")).to_be_visible()
    await expect(speaker.page.locator("clip-list .held-bar")).to_contain_text("Only you hear this one")
    await expect(keeper.page.locator("clip-list .held-bar")).to_contain_text("listen, then decide")
    await expect(keeper.page.locator("clip-list .clip-play")).to_have_count(1)
    for verb in ("held.yes", "held.remove"):  # whatever else there is to be read on a phone
        await expect(keeper.page.locator(f"[data-verb='{verb}']")).to_be_in_viewport(ratio=1)

    bar = voter.page.locator("clip-list .held-bar")
    await expect(bar).to_contain_text("Robots mishear. May it in?")
    await expect(voter.page.locator("clip-list .clip-play")).to_have_count(0)
    assert "2345678" not in await voter.page.content()
    assert await violations(voter.page) == []
    await bar.locator("[data-value=false]").click()
    await expect(bar.locator(".held-count")).to_have_text("0 of 2 say yes")
    await bar.locator("[data-value=true]").press("Enter")
    await expect(bar.locator("[data-value=true]")).to_have_attribute("aria-pressed", "true")
    await expect(bar.locator(".held-count")).to_have_text("1 of 2 say yes")

    await keeper.page.locator("clip-list .held-bar [data-value=true]").click()
    await expect(voter.page.locator("clip-list .caption")).to_have_text(NUMBER)
    await expect(voter.page.locator("clip-list .clip-play")).to_have_count(1)
    for visitor in (keeper, speaker, voter):
        await expect(visitor.page.locator(".held-bar")).to_have_count(0)
        assert not visitor.surprises
    await expect(speaker.page.locator("[data-notice=own-passed]")).to_be_visible()
    await expect(voter.page.locator("[data-notice=care]")).to_have_count(0)
