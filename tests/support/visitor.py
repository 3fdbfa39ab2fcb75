"""A visitor at a browser: joins, listens, speaks and writes through the page alone."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import numpy as np
from playwright.async_api import ConsoleMessage, Page, expect

from tests.support.microphones import Microphone
from tests.support.speech import Pcm, silence, wav

LIMIT_MS = 20_000
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
# Whoever has tried their microphone before is not asked to try it again.
TRIED = "try { localStorage.setItem('wonder.checked', 'true'); } catch {}"
# Remembers what a page shows for a moment only: how its body was, and what it told in notices.
REMEMBERS = """(() => {
  const was = (window.__was = new Set());
  const look = () => {
    for (const [name, value] of Object.entries(document.body?.dataset ?? {})) was.add(`${name} ${value}`);
    for (const { dataset } of document.querySelectorAll('[data-notice]')) was.add(`notice ${dataset.notice}`);
  };
  const attributeFilter = ['data-speaking', 'data-phase', 'data-bell', 'data-notice'];
  const looks = { subtree: true, childList: true, attributes: true, attributeFilter };
  new MutationObserver(look).observe(document, looks);
})();"""
Hand = Literal["hold", "tap", "touch", "space"]
# What browsers report of a server that is away, or of a way that is blocked: expected where tests cause it.
HARMLESS = (
    "WebSocket connection to",
    "Failed to load resource",
    "can’t establish a connection",
    "was interrupted",
)


def make_room(url: str, **words: Any) -> str:
    """Open a room through the API and return its id."""
    body = json.dumps({"kind": "wonder", "name": "Test", **words}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + "t" * 43}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/api/rooms", body, headers)) as answer:
        return str(json.load(answer)["id"])


def upload(url: str, room: str, key: str, sound: Pcm) -> str:
    """Put a sentence into the room as a file; return the id of the clip."""
    body = wav(None, np.concatenate([silence(0.3), sound, silence(0.3)]))
    headers = {"Content-Type": "audio/wav", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{url}/api/rooms/{room}/clips", body, headers)
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["id"])


def events(url: str, room: str) -> list[dict[str, Any]]:
    """Return the newest events of a room."""
    with urllib.request.urlopen(f"{url}/api/rooms/{room}/events?limit=500") as answer:
        return list(json.load(answer)["events"])


def clips(url: str, room: str) -> list[dict[str, Any]]:
    """Return what is known of the clips that landed in a room."""
    return [event["data"] for event in events(url, room) if event["kind"] == "clip.landed"]


def first_clip(url: str, room: str, limit_s: float = 15.0) -> dict[str, Any]:
    """Wait until a clip has landed in a room and return what is known of it."""
    deadline = time.monotonic() + limit_s
    while not (known := clips(url, room)):
        assert time.monotonic() < deadline, "no clip landed in time"
        time.sleep(0.1)
    return known[0]


# A take may have ended at its limit meanwhile: a press would begin the next one.
ENDS_AT_MOST = """(talk) => talk.addEventListener('pointerdown', (event) => {
  if (document.body.dataset.speaking !== 'live') event.stopImmediatePropagation();
}, { capture: true, once: true })"""
# What the chat lies behind may go at any time, for somebody else writes.
OPEN_CHAT = """() => {
  for (const opens of document.querySelectorAll('[data-tab=chat], .chat-bubble')) {
    if (opens.checkVisibility()) opens.click();
  }
}"""


def staying(ms: int) -> str:
    """Return a script under which what goes away by itself after so long stays until it is used.

    A test on a busy machine may look for it later than any visitor would.
    """
    return f"""{{
      const later = window.setTimeout;
      window.setTimeout = (act, ms, ...given) => (ms === {ms} ? 0 : later(act, ms, ...given));
    }}"""


class Visitor:
    """One page in one context of its own."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self.complain)

    def complain(self, said: ConsoleMessage) -> None:
        """Remember an error of the console."""
        if said.type == "error":
            self.errors.append(said.text)

    @property
    def surprises(self) -> list[str]:
        """What went wrong in the page, less what a lost server or a blocked way explain."""
        return [error for error in self.errors if not any(words in error for words in HARMLESS)]

    async def enter(self, url: str, room: str, query: str = "mic=raw") -> None:
        """Open the room's page and come in; the microphone is not asked for."""
        await self.page.goto(f"{url}/r/{room}?{query}")
        await expect(self.page.locator("#gate-name")).not_to_be_empty()
        await self.page.locator("#join").click()

    async def listens(self, by: Literal["radio", "files", "off"] = "radio") -> None:
        """Wait until the page hears the room in this way."""
        switch = self.page.locator(f"listen-switch[data-hearing={by}]")
        await expect(switch).to_be_attached()

    async def is_speaking(self, state: str) -> None:
        """Wait until the talk button is `off`, `opening`, `live`, `sending` or `ready`."""
        await expect(self.page.locator("body")).to_have_attribute("data-speaking", state)

    async def has_been(self, name: str, value: str) -> None:
        """Wait until an attribute of the body (`data-...`) has had a value, be it for a moment."""
        await self.page.wait_for_function("(what) => window.__was.has(what)", arg=f"{name} {value}")

    async def was_told(self, code: str) -> None:
        """Wait until a notice has been shown, though it may have gone since."""
        await self.has_been("notice", code)

    async def speak(self, microphone: Microphone, hand: Hand = "hold") -> None:
        """Say the microphone's sentence once, as one take; returns when it is stored."""
        await self.warm_up()
        await microphone.quiet(self.page)
        await self._press(hand)
        await self.is_speaking("live")
        await microphone.spoken(self.page)
        await self._release(hand)
        await self.is_speaking("ready")

    async def warm_up(self) -> None:
        """Press twice, so that the microphone is open and nothing was said."""
        if await self.page.locator("body").get_attribute("data-speaking") != "ready":
            # At once: a fake microphone speaks soon after it was opened, and a click waits for what glides.
            await self.page.locator("#talk").evaluate("(talk) => (talk.click(), talk.click())")
            await self.is_speaking("ready")

    async def _press(self, hand: Hand) -> None:
        talk = self.page.locator("#talk")
        match hand:
            case "hold":
                await talk.hover()
                await self.page.mouse.down()
            case "tap":
                await talk.click()
            case "touch":
                await talk.tap()
            case "space":
                await self.page.keyboard.down("Space")

    async def _release(self, hand: Hand) -> None:
        match hand:
            case "hold":
                await self.page.mouse.up()
            case "space":
                await self.page.keyboard.up("Space")
            case _:
                await self.page.locator("#talk").evaluate(ENDS_AT_MOST)
                await self._press(hand)

    async def say(self, text: str) -> None:
        """Write a line in the chat, which is behind a tab on a phone and a bubble while it is empty."""
        await self.page.evaluate(OPEN_CHAT)
        await self.page.locator("#say").fill(text)
        await self.page.keyboard.press("Enter")

    async def lines(self) -> list[str]:
        """Return the chat as it is shown."""
        return await self.page.locator("room-chat .lines .line-text").all_inner_texts()

    async def shows_clips(self, count: int) -> None:
        """Wait until the given number of clips is shown."""
        await expect(self.page.locator("clip-list .clip")).to_have_count(count)


# Opens a page in a browser, in a context of its own.
Invite = Callable[..., Coroutine[Any, Any, Visitor]]
