"""Words on the page: another's appear and run with the sound, large where wanted, and are found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser, expect

from server import app
from server.app import Running
from server.config import Config
from server.engines.transcriber import Heard
from tests.support.microphones import speech
from tests.support.scripted_ear import worded
from tests.support.speech import wav
from tests.support.visitor import LIMIT_MS, PHONE, Invite, Visitor

TEXT = "Purple elephants juggle seven green umbrellas. Nobody asked why."
WORD_MS = 260
# Nothing sounds but what is asked for: a radio would run the same words once more.
NO_RADIO = "mic=raw&same=room"
LARGE = "try { localStorage.setItem('wonder.captions', JSON.stringify('large')); } catch {}"
# Remembers each word that was marked, in the row and on the stage, in the order in which that was.
MARKS = """window.marked = [];
new MutationObserver((changes) => {
  const now = changes.map(({ target }) => target).filter((word) => word.matches('.caption [data-now]'));
  window.marked.push(...now.map((word) => word.textContent));
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-now'] });"""


# Where is what may not move, all of one moment.
# Where things are as soon as nothing glides: the same in ten frames.
PLACES = """async () => {
  const look = () => JSON.stringify(['#prompt', '#talk', 'panel-tabs'].map((one) => {
    const { x, y, width, height } = document.querySelector(one).getBoundingClientRect();
    return [x, y, width, height];
  }));
  let last = '';
  for (let same = 0; same < 10; ) {
    await new Promise(requestAnimationFrame);
    const now = look();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}"""


class OneSentence:
    """Hears the same words in whatever is said."""

    name = "scripted"

    async def transcribe(self, clip: bytes, language: str, *, speech_ms: int | None) -> Heard:
        return Heard(TEXT, language, worded(TEXT, word_ms=WORD_MS))

    async def close(self) -> None:
        """Let go of nothing."""


@pytest_asyncio.fixture(loop_scope="session")
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """Run a server that hears, in this process."""
    config = Config(port=0, udp_port=0, data=tmp_path, limits="off")
    async with await app.start(config, transcriber=OneSentence()) as server:
        yield server


async def asked(running: Running, path: str, **more: Any) -> dict[str, Any]:
    """Post something as somebody who is elsewhere."""
    headers = {"Authorization": "Bearer " + "t" * 43, **more.pop("headers", {})}
    async with (
        aiohttp.ClientSession(running.url) as http,
        http.post(path, headers=headers, **more) as answer,
    ):
        assert answer.status == 201, await answer.text()
        return dict(await answer.json())


async def speak(running: Running, room: str) -> str:
    body = wav(None, speech())
    clip = await asked(running, f"/api/rooms/{room}/clips", data=body, headers={"Content-Type": "audio/wav"})
    return str(clip["id"])


def is_in_order(marked: list[str], words: list[str]) -> bool:
    """Tell whether these are some of the words in their order: a slow page leaves some out."""
    left = iter(words)
    return all(word in left for word in marked)


async def test_words_of_another_come_and_run_with_the_sound_and_nothing_moves(
    running: Running, chromium: Browser, invite: Invite
) -> None:
    room = (await asked(running, "/api/rooms", json={"kind": "wonder", "name": "Words"}))["id"]
    visitor: Visitor = await invite(chromium, **PHONE)
    page = visitor.page
    await page.context.add_init_script(LARGE)
    await page.context.add_init_script(MARKS)
    await visitor.enter(running.url, room, NO_RADIO)
    await speak(running, room)
    caption = page.locator(".clip .caption")
    await expect(caption).to_have_text(TEXT)
    spoken = page.locator(".spoken")
    await expect(spoken).to_be_hidden()  # what was new is read

    before = await page.evaluate(PLACES)
    await page.evaluate("window.marked = []")
    await page.locator(".clip-play").click()
    await expect(spoken).to_be_visible()
    assert await page.evaluate(PLACES) == before
    assert await spoken.get_attribute("aria-hidden") == "true"
    await expect(page.locator(".clip[data-state=idle]")).to_be_attached()
    marked = await page.evaluate("window.marked")
    assert len(marked) > 1
    assert is_in_order(marked, TEXT.split())
    await expect(caption).to_have_text(TEXT)
    await expect(caption.locator(".word")).to_have_count(0)


async def test_on_the_page_of_a_clip_its_words_run_with_the_sound(
    running: Running, chromium: Browser, invite: Invite
) -> None:
    room = (await asked(running, "/api/rooms", json={"kind": "wonder", "name": "Words"}))["id"]
    clip = await speak(running, room)
    visitor = await invite(chromium, ears=False)
    page = visitor.page
    await page.add_init_script(MARKS.replace(".caption", "#words"))
    await until_worded(running, clip)
    await page.goto(f"{running.url}/c/{clip}")

    await expect(page.locator("#words")).to_have_text(TEXT)
    await page.locator("#play").click()
    await expect(page.locator("#wave[data-playing=true]")).to_be_attached()
    await expect(page.locator("#wave[data-playing=false]")).to_be_attached()
    marked = await page.evaluate("window.marked")
    assert len(marked) > 1
    assert is_in_order(marked, TEXT.split())
    await expect(page.locator("#words [data-now]")).to_have_count(0)


async def until_worded(running: Running, clip: str) -> None:
    """Wait until the words of a clip are known."""
    async with aiohttp.ClientSession(running.url) as http, asyncio.timeout(LIMIT_MS / 1000):
        while True:
            async with http.get(f"/api/clips/{clip}") as answer:
                if (await answer.json())["caption"]:
                    return
            await asyncio.sleep(0.05)


async def test_what_was_said_is_found_by_keys_alone_and_played(
    running: Running, chromium: Browser, invite: Invite
) -> None:
    room = (await asked(running, "/api/rooms", json={"kind": "wonder", "name": "Search"}))["id"]
    visitor: Visitor = await invite(chromium)
    page = visitor.page
    await visitor.enter(running.url, room, NO_RADIO)
    clip = await speak(running, room)
    await visitor.say("an umbrella of my own")
    await expect(page.locator(".clip .caption")).to_have_text(TEXT)
    await expect(page.locator(".clip[data-state=idle]")).to_be_attached()

    await page.locator(".find:visible").press("Enter")
    await expect(page.locator("#search")).to_be_focused()
    await page.keyboard.type("xyzzy")
    await expect(page.locator("#search-sheet .sheet-note")).to_have_text("Nobody said that. Yet.")
    await page.locator("#search").fill("umbrel")
    await expect(page.locator(".hit")).to_have_count(2)
    await page.locator("#search").fill("umbrella asked")
    await expect(page.locator(".hit")).to_have_count(0)
    await page.locator("#search").fill("asked umbrel")
    await expect(page.locator(".hit")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".hit").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#search-sheet")).to_have_count(0)
    await expect(page.locator(f".clip[data-clip='{clip}'][data-state=playing]")).to_be_attached()
