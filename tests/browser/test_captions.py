"""Words on the page: another's appear and run with the sound, large where wanted, and are found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

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
WORDS_HEARD = 7  # the clip is not longer
# Nothing sounds but what is asked for: a radio would run the same words once more.
NO_RADIO = "mic=raw&same=room"
LARGE = "try { localStorage.setItem('wonder.captions', JSON.stringify('large')); } catch {}"
# A clip that is played stands at its beginning until a test moves it on: a page that is late misses nothing.
STANDS = """(() => {
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (this.currentSrc.includes('/api/clips/') || this.src.includes('/api/clips/')) {
      this.playbackRate = 0;
      window.__clip = this;
    }
    return play.call(this);
  };
})();"""
MOVE = "(at_ms) => { window.__clip.currentTime = at_ms / 1000; }"
END = """() => {
  window.__clip.currentTime = window.__clip.duration - 0.05;
  window.__clip.playbackRate = 1;
}"""
IS_MARKED = "([place, word]) => document.querySelector(`${place} [data-now]`)?.textContent === word"

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
    config = Config(port=0, udp_port=0, data=tmp_path, limits="off", speech="off", host_engine="off")
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


async def run_along(page: Page, *places: str) -> None:
    """Move a clip that plays from word to word: in each of these places the word is marked."""
    for number, word in enumerate(TEXT.split()[:WORDS_HEARD]):
        await page.evaluate(MOVE, number * WORD_MS + WORD_MS / 2)
        for place in places:
            await page.wait_for_function(IS_MARKED, arg=[place, word])


async def test_words_of_another_come_and_run_with_the_sound_and_nothing_moves(
    running: Running, chromium: Browser, invite: Invite
) -> None:
    room = (await asked(running, "/api/rooms", json={"kind": "wonder", "name": "Words"}))["id"]
    visitor: Visitor = await invite(chromium, ears=False, **PHONE)
    page = visitor.page
    await page.context.add_init_script(LARGE)
    await page.context.add_init_script(STANDS)
    await visitor.enter(running.url, room, NO_RADIO)
    await speak(running, room)
    caption = page.locator(".clip .caption")
    await expect(caption).to_have_text(TEXT)
    spoken = page.locator(".spoken")
    await expect(spoken).to_be_hidden()  # what was new is read
    await expect(page.locator(".find:visible")).to_be_visible()  # the last thing that comes

    before = await page.evaluate(PLACES)
    await page.locator(".clip-play").click()
    await run_along(page, ".clip .caption", ".spoken")
    await expect(spoken).to_be_visible()
    assert await page.evaluate(PLACES) == before
    assert await spoken.get_attribute("aria-hidden") == "true"
    await page.evaluate(END)
    await expect(page.locator(".clip[data-state=idle]")).to_be_attached()
    await expect(spoken).to_be_hidden()
    await expect(caption).to_have_text(TEXT)
    await expect(caption.locator(".word")).to_have_count(0)


async def test_on_the_page_of_a_clip_its_words_run_with_the_sound(
    running: Running, chromium: Browser, invite: Invite
) -> None:
    room = (await asked(running, "/api/rooms", json={"kind": "wonder", "name": "Words"}))["id"]
    clip = await speak(running, room)
    visitor = await invite(chromium, ears=False)
    page = visitor.page
    await page.add_init_script(STANDS)
    await until_worded(running, clip)
    await page.goto(f"{running.url}/c/{clip}")

    await expect(page.locator("#words")).to_have_text(TEXT)
    await page.locator("#play").click()
    await expect(page.locator("#wave[data-playing=true]")).to_be_attached()
    await run_along(page, "#words")
    await page.evaluate(END)
    await expect(page.locator("#wave[data-playing=false]")).to_be_attached()
    await expect(page.locator("#words [data-now]")).to_have_count(0)


async def until_worded(running: Running, clip: str) -> None:
    """Wait until the words of a clip are known."""
    async with aiohttp.ClientSession(running.url) as http, asyncio.timeout(LIMIT_MS / 1000):
        while True:
            async with http.get(f"/api/clips/{clip}") as answer:
                if (await answer.json())["caption"]:
                    return
            await asyncio.sleep(0.05)


async def until_found(running: Running, room: str, words: str, count: int) -> None:
    """Wait until the search has read so much that it finds so many: it comes after the room."""
    async with aiohttp.ClientSession(running.url) as http, asyncio.timeout(LIMIT_MS / 1000):
        while True:
            async with http.get(f"/api/rooms/{room}/search", params={"q": words}) as answer:
                if len((await answer.json())["hits"]) == count:
                    return
            await asyncio.sleep(0.05)


async def test_what_was_said_is_found_by_keys_alone_and_played(
    running: Running, chromium: Browser, invite: Invite
) -> None:
    room = (await asked(running, "/api/rooms", json={"kind": "wonder", "name": "Search"}))["id"]
    visitor: Visitor = await invite(chromium, ears=False)
    page = visitor.page
    await page.add_init_script(STANDS)
    await visitor.enter(running.url, room, NO_RADIO)
    clip = await speak(running, room)
    await visitor.say("an umbrella of my own")
    await expect(page.locator(".clip .caption")).to_have_text(TEXT)
    await expect(page.locator(".clip[data-state=idle]")).to_be_attached()

    await until_found(running, room, "umbrel", 2)
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
