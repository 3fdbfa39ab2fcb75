"""Speak, then hear: who plays alone meets strangers, and who comes from a card says theirs first."""

from __future__ import annotations

import asyncio
import functools
import json
import re
import time
from typing import Any

from aiohttp import ClientSession
from playwright.async_api import Browser, Page, WebSocket, expect

from tests.support.browsers import ALIKE, heard, likeness
from tests.support.microphones import speech
from tests.support.server import Server
from tests.support.speech import envelope, say
from tests.support.visitor import LIMIT_MS, Invite, events, make_room, upload
from tests.support.ws_client import Message, joined

STRANGERS = {
    "s" * 43: "My left shoe wants to talk to you",
    "u" * 43: "Green tomatoes always remember bicycles",
}

ASKED = re.compile("Asked (today|yesterday)")  # the day may end between an answer and the card
LOUD = 0.01  # of full scale: what a decoder makes of silence is a tenth of it


async def answered(server: Server, room: str, *keys: str) -> tuple[str, list[str]]:
    """Let strangers answer a prompt and leave; return it, and their clips."""
    async with (
        ClientSession() as session,
        joined(session, f"{server.url}/api/rooms/{room}/ws") as client,
    ):
        await client.ask("throw")
        thrown = [e["data"]["prompt"] for e in events(server.url, room) if e["kind"] == "turn.given"]
        landed = [await asyncio.to_thread(upload, server.url, room, key, say(STRANGERS[key])) for key in keys]
        cues = [await client.until(functools.partial(is_cue_of, clip)) for clip in landed]
        await client.ask("round.stop")
    ends_ms = cues[-1]["data"]["starts_at_ms"] + cues[-1]["data"]["duration_ms"]
    await asyncio.sleep(max(0.0, ends_ms / 1000 - time.time()))  # whoever comes now hears nothing of it
    return thrown[-1], landed


def is_cue_of(clip: str, message: Message) -> bool:
    """Tell whether a message says that a clip is on air."""
    return message.get("kind") == "cue" and message["data"].get("clip") == clip


class Following:
    """What a page is told over its socket: prompts of turns, landings and cues, in their order."""

    def __init__(self, page: Page) -> None:
        self.said: list[tuple[str, str]] = []
        page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._read)

    def _read(self, frame: str | bytes) -> None:
        body = json.loads(frame)
        for message in body if isinstance(body, list) else [body]:
            data: dict[str, Any] = message.get("data", {})
            match message.get("kind"):
                case "turn.given":
                    self.said.append(("turn", data["prompt"]))
                case "clip.landed" | "cue" as kind if "clip" in data:  # a room that speaks has cues without
                    self.said.append((kind, data["clip"]))
                case _:
                    pass

    def cues_after(self, clip: str) -> list[str]:
        """Return what the radio played since a clip landed."""
        since = self.said[self.said.index(("clip.landed", clip)) :]
        return [said for kind, said in since if kind == "cue"]

    def cues_before(self, clip: str) -> list[str]:
        """Return what the radio played before a clip landed."""
        before = self.said[: self.said.index(("clip.landed", clip))]
        return [said for kind, said in before if kind == "cue"]

    async def own(self, others: list[str]) -> str:
        """Wait until somebody else than before has spoken, and return the clip."""
        async with asyncio.timeout(LIMIT_MS / 1000):
            while not (mine := {said for kind, said in self.said if kind == "clip.landed"} - {*others}):
                await asyncio.sleep(0.1)
        return mine.pop()

    async def until_cues(self, clip: str, *wanted: str) -> None:
        """Wait until the radio has played all these since a clip landed."""
        async with asyncio.timeout(LIMIT_MS / 1000):
            while not set(wanted) <= {*self.cues_after(clip)}:
                await asyncio.sleep(0.1)


async def loud_s(page: Page) -> float:
    """Return for how long a page has heard somebody."""
    return float((envelope(await heard(page)) > LOUD).sum()) / 100


async def hears_more(page: Page) -> None:
    """Wait until a page has heard somebody for another second: what is on air now comes through."""
    before = await loud_s(page)
    async with asyncio.timeout(LIMIT_MS / 1000):
        while await loud_s(page) < before + 1:
            await asyncio.sleep(0.2)


async def play_along(page: Page) -> None:
    """Come in by the door, with a microphone that was tried before."""
    await expect(page.locator("#gate-name")).not_to_be_empty()
    await page.locator("#join-play").click()


async def test_who_is_alone_is_asked_what_strangers_were_speaks_and_then_hears_them(
    shared_server: Server, chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    greeting = await asyncio.to_thread(upload, shared_server.url, room, "g" * 43, speech())
    prompt, strangers = await answered(shared_server, room, *STRANGERS)
    visitor = await invite(chromium, permissions=["clipboard-write"])
    page, told = visitor.page, Following(visitor.page)

    await page.goto(f"{shared_server.url}/r/{room}?mic=raw")
    await play_along(page)
    await visitor.is_speaking("live")
    before = await heard(page)
    own = await told.own([greeting, *strangers])

    assert [said for kind, said in told.said if kind == "turn"][-1] == prompt
    assert not {*strangers} & {*told.cues_before(own)}
    assert max(likeness(say(words), before) for words in STRANGERS.values()) < ALIKE
    await expect(page.locator("#ending .ending-take")).to_have_count(3)
    for clip in strangers:
        await expect(page.locator(f"#ending [data-take='{clip}'] .take-asked")).to_have_text(ASKED)
    await told.until_cues(own, *strangers)
    assert {*told.cues_after(own)[:3]} == {own, *strangers}
    await hears_more(page)


async def test_a_card_leads_to_ones_own_answer_and_then_to_the_voice(
    shared_server: Server, chromium: Browser, invite: Invite
) -> None:
    room, (one, other) = make_room(shared_server.url), STRANGERS
    _, first = await answered(shared_server, room, one)
    prompt, (shared,) = await answered(shared_server, room, other)
    visitor = await invite(chromium, permissions=["clipboard-write"])
    page, told = visitor.page, Following(visitor.page)
    await page.goto(f"{shared_server.url}/c/{shared}")
    await expect(page.locator("#say-yours")).to_have_attribute("href", f"/r/{room}?answer={shared}")

    await page.goto(f"{shared_server.url}/c/{shared}/dare")
    await expect(page.locator("h1")).to_have_text(prompt)
    assert await page.locator("audio, script").count() == 0
    await page.locator("#say-yours").click()
    await play_along(page)
    await visitor.is_speaking("live")
    before = await heard(page)
    own = await told.own([*first, shared])

    assert "answer" not in page.url
    turns = [said for kind, said in told.said if kind == "turn"]  # those of the strangers, and one
    assert len(turns) == 3
    assert turns[-1] == prompt
    assert likeness(say(STRANGERS[other]), before) < ALIKE
    # The card gives way to the next round: it is looked at before its sound is waited for.
    await expect(page.locator(f"#ending [data-take='{shared}'] .take-name")).not_to_be_empty()
    await page.locator("#ending-share").click()
    await expect(page.locator("[data-notice=card-copied]")).to_be_visible()
    await told.until_cues(own, shared)
    await hears_more(page)
