"""Take the pictures of the documents: `python -m tests.support.pictures`, after the page has changed."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Iterable

import aiohttp
import numpy as np
from playwright.async_api import Browser, async_playwright, expect

from tests.support.browsers import launch
from tests.support.server import running_server
from tests.support.shape import ROOT
from tests.support.speech import say, silence, wav
from tests.support.visitor import DESK, PHONE, Visitor, make_room

ROOMS = (
    {"name": "Kitchen table", "kind": "wonder"},
    {"name": "What is behind the moon?", "kind": "topic", "theme": "Places nobody has been to"},
    {"name": "Slow evening", "kind": "healing", "tempo": "slow"},
    {"name": "Improv class 7b", "kind": "humour"},
)
VOICES = ("en-us", "en-gb-scotland", "en-us+f3", "en-gb+m4", "en-us+f5")
SAID = (
    "A penguin who sells umbrellas",
    "My left shoe, and it wants to talk",
    "Definitely the moon, but on a Tuesday",
    "Soup. Cold soup with opinions",
    "Whatever my grandmother hid in the piano",
)
WRITTEN = ("the piano again!", "cold soup with opinions, I can't", "who is next?", "the penguin, obviously")


def speak(url: str, room: str, lines: Iterable[tuple[int, str, str]]) -> None:
    """Upload one clip a line, each by a visitor of its own."""
    for number, voice, text in lines:
        sound = wav(None, np.concatenate([silence(0.2), say(text, voice), silence(0.2)]))
        headers = {"Content-Type": "audio/wav", "Authorization": f"Bearer {key(number)}"}
        urllib.request.urlopen(
            urllib.request.Request(f"{url}/api/rooms/{room}/clips", sound, headers)
        ).close()


async def write(url: str, room: str) -> None:
    """Say a few lines in the chat, each by a visitor of its own."""
    for number, text in enumerate(WRITTEN):
        headers = {"Authorization": f"Bearer {key(number)}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(f"{url}/api/rooms/{room}/ws") as socket,
        ):
            await socket.send_json({"type": "say", "id": "1", "text": text})
            async for message in socket:
                if '"ack"' in message.data:
                    break


def key(number: int) -> str:
    """Return a visitor's key."""
    return f"picture{number}".ljust(43, "p")


async def take(browser: Browser, url: str, room: str, width: int) -> None:
    """Take lobby and room at one width; in the room a prompt is out and its window open."""
    size = PHONE | {"device_scale_factor": 2} if width < 500 else DESK
    context = await browser.new_context(locale="en-GB", color_scheme="dark", **size)
    visitor = Visitor(await context.new_page())
    await visitor.page.goto(url)
    await expect(visitor.page.locator("lobby-list").get_by_text("Kitchen table")).to_be_visible()
    await visitor.page.screenshot(path=ROOT / f"docs/lobby-{width}.png")
    await visitor.enter(url, room, "")
    await visitor.listens("radio")
    await expect(visitor.page.locator("body")).to_have_attribute("data-phase", "idle", timeout=60_000)
    await visitor.page.locator("throw-button button").click()
    await expect(visitor.page.locator("body")).to_have_attribute("data-phase", "window", timeout=20_000)
    await visitor.page.wait_for_timeout(700)  # what moves in has arrived
    await visitor.page.screenshot(path=ROOT / f"docs/room-{width}.png")
    await context.close()


async def main() -> None:
    """Fill a server with voices and take the pictures."""
    with running_server() as server:
        rooms = [make_room(server.url, public=True, **words) for words in ROOMS]
        speak(server.url, rooms[0], zip(range(len(SAID)), VOICES, SAID, strict=True))
        await write(server.url, rooms[0])
        async with async_playwright() as playwright:
            browser = await launch(playwright, "chromium")
            for width in (1280, 390):
                await take(browser, server.url, rooms[0], width)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
