"""Rooms that speak: a whole game by ear, on a page that nobody looks at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from audio import container
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ
from tests.support.browsers import ALIKE, heard, likeness
from tests.support.programs import need_program
from tests.support.seated import Table, sit_down
from tests.support.server import Server, running_server
from tests.support.visitor import LIMIT_MS, Invite, make_room

# As a locked phone has it: the page is there, and nobody sees it.
LOCK = """() => {
  for (const [name, value] of [['hidden', true], ['visibilityState', 'hidden']]) {
    Object.defineProperty(document, name, { configurable: true, get: () => value });
  }
  document.dispatchEvent(new Event('visibilitychange'));
}"""
NOTE = """() => {
  const { session } = document.querySelector('prompt-card');
  window.__cues = [];
  const keep = async (told) => {
    const body = await (await fetch(told.url)).arrayBuffer();
    told.ogg = [...new Uint8Array(body)];
  };
  const cue = session.onAir.cue.bind(session.onAir);
  session.onAir.cue = (told) => {
    window.__cues.push(told);
    if (told.kind === 'speech') keep(told);
    return cue(told);
  };
}"""
PLAYED_WITHIN_S = 45.0
PART_S = 2.5
KEY = "navigator.mediaSession.setActionHandler = (name, press) => (window.__keys ??= {})[name] = press"


@pytest_asyncio.fixture(loop_scope="session")
async def speaking_server() -> AsyncIterator[Server]:
    """Run a server whose radio speaks by the real eSpeak NG."""
    need_program("espeak-ng")
    with running_server(limits="off", speech="espeak") as running:
        yield running


async def said(page: Page, kind: str) -> list[dict[str, Any]]:
    """Return what a page was told that the radio says."""
    cues: list[dict[str, Any]] = await page.evaluate("window.__cues")
    return [cue for cue in cues if cue["kind"] == kind]


async def test_a_whole_game_is_played_by_ear_on_a_page_that_nobody_looks_at(
    speaking_server: Server, chromium: Browser, invite: Invite
) -> None:
    room = make_room(speaking_server.url, kind="humour")
    blind, by_files, unwilling = [await invite(chromium, ears=ears) for ears in (True, False, False)]
    await blind.page.add_init_script(KEY)
    await unwilling.page.add_init_script("localStorage.setItem('wonder.spoken', 'false')")
    fetched: list[list[str]] = [asked_of(by_files.page), asked_of(unwilling.page)]
    await blind.enter(speaking_server.url, room)
    for visitor in (by_files, unwilling):
        await visitor.enter(speaking_server.url, room, "mic=raw&rtc=off")
        await visitor.listens("files")
    await blind.listens("radio")
    await blind.page.evaluate(NOTE)
    await blind.page.evaluate(LOCK)
    # Who plays comes last: the room throws a prompt as soon as somebody does.
    table = await sit_down(speaking_server, chromium, invite, "humour", visitors=2, room=room)

    over = await table.plays("wrong_names")

    assert over["reason"] == "done"
    await told_its_prompt(table, blind.page, over["round"])
    await hears_words(blind.page)
    await answers_the_key(blind.page)
    await fetch_a_clip(fetched)
    assert [any("/api/speech/" in url for url in urls) for urls in fetched] == [True, False]
    everybody = (*table.visitors, blind, by_files, unwilling)
    assert [error for visitor in everybody for error in visitor.surprises] == []


def asked_of(page: Page) -> list[str]:
    """Return the addresses that a page fetches from now on."""
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    return urls


async def fetch_a_clip(fetched: list[list[str]]) -> None:
    """Wait until each page has fetched a clip: it does so when the clip is to begin."""
    async with asyncio.timeout(LIMIT_MS / 1000):
        while not all(any("/api/clips/" in url for url in urls) for urls in fetched):
            await asyncio.sleep(0.1)


async def told_its_prompt(table: Table, page: Page, round_: str) -> None:
    """Find the opening among all that was said, told by a cue and over before the first window.

    A count-in that a busy machine would begin late is left out.
    """
    events = await table.events()
    turns = [event["data"] for event in events if event["kind"] == "turn.given"]
    first = next(turn for turn in turns if turn["round"] == round_)
    cues = [cue for cue in await said(page, "speech") if cue["starts_at_ms"] < first["go_at_ms"]]
    assert cues, "nothing was said before the first turn"
    opening = cues[-1]
    over_ms = opening["starts_at_ms"] + opening["duration_ms"]
    sounds = [cue["starts_at_ms"] for cue in await said(page, "sound")]
    assert over_ms <= first["go_at_ms"] - 300
    assert not [at_ms for at_ms in sounds if opening["starts_at_ms"] < at_ms < over_ms]


async def hears_words(page: Page) -> None:
    """Wait until something that the radio said was heard well: a busy machine tears what it plays.

    The room goes on to the next round by itself, and says its words too.
    """
    clock = asyncio.get_running_loop()
    deadline = clock.time() + PLAYED_WITHIN_S
    best = 0.0
    while best < ALIKE:
        assert clock.time() < deadline, best
        told = [decoded(cue["ogg"]) for cue in await said(page, "speech") if cue.get("ogg")]
        sound = await heard(page)
        best = max((alike(each, sound) for each in told), default=0.0)
        await asyncio.sleep(2)


def alike(said: Pcm, sound: Pcm) -> float:
    """Return how alike words are to what was heard, on average of parts: a busy browser stretches them."""
    parts = np.array_split(said, max(1, round(len(said) / (PART_S * SAMPLE_RATE_HZ))))
    return float(np.mean([likeness(part, sound) for part in parts]))


def decoded(body: list[int]) -> Pcm:
    """Return the sound of an Ogg Opus file."""
    return container.decode(bytes(body), "audio/ogg", longest=SAMPLE_RATE_HZ * 30)


async def answers_the_key(page: Page) -> None:
    """Begin and end a take with the key of headphones."""
    await expect(page.locator("body")).to_have_attribute("data-speaking", "off")
    await page.evaluate("window.__keys.pause()")
    await expect(page.locator("body")).to_have_attribute("data-speaking", "live")
    await page.evaluate("window.__keys.play()")
    await expect(page.locator("body")).not_to_have_attribute("data-speaking", "live")
