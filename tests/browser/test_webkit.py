"""Safari's engine, which has no WebRTC here: voices come and go as files, and the page looks as elsewhere."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.test_strangers import sound_of, upload
from tests.support.browsers import ALIKE, SAID_AT_MOST, heard, hears
from tests.support.microphones import loudspeaker, speech
from tests.support.server import Server
from tests.support.speech import RATE_HZ, Pcm
from tests.support.visitor import DESK, PHONE, Invite, clips, make_room
from tests.support.webkit import SafariPage, safari

# WebKit's mock microphone beeps once a second, at these pitches in turn, over a hum.
BEEPS_HZ = (1500, 500)
BEEP_S = 0.3  # a beep and its echo in buffers are over by then
SPEAKS_S = 3.3  # so long does it need for three beeps, wherever it is when the take begins
HEARD_WITHIN_S = 10.0
LAID_OUT_WITHIN_S = 10.0
STEP_S = 0.02
# Boxes that must be where they are in Chromium, to this many pixels: fonts of the system, other rounding.
NEAR_PX = 12
# `TRIED` of other browsers, as an expression.
HAS_TRIED = "localStorage.setItem('wonder.checked', 'true')"
BOX = """((selector) => {
  const {left, top, width, height} = document.querySelector(selector).getBoundingClientRect();
  return [left, top, width, height];
})('%s')"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(sound: None) -> AsyncIterator[SafariPage]:
    """Run Safari's engine once for this file, with the sound server as its loudspeaker."""
    async with safari() as running:
        yield running


async def comes_in(page: SafariPage, server: Server, room: str) -> None:
    """Open a room's page and go through its door."""
    await page.goto(f"{server.url}/r/{room}")
    await page.until("document.querySelector('#join')?.disabled === false")
    await page.evaluate(HAS_TRIED)
    await page.press("#join")
    await page.until("document.body.dataset.hearing === 'files'")


def beeps(sound: Pcm) -> list[tuple[float, int]]:
    """Return when the beeps in a sound begin, in seconds, and their pitches."""
    step = round(RATE_HZ * STEP_S)
    windows = sound[: len(sound) // step * step].reshape(-1, step) * np.hanning(step)
    spectra = np.abs(np.fft.rfft(windows))
    found: list[tuple[float, int]] = []
    for pitch in BEEPS_HZ:
        loud = spectra[:, round(pitch * STEP_S)]
        at_s = np.flatnonzero(loud > loud.max() / 2) * STEP_S
        starts = at_s[np.diff(at_s, prepend=-BEEP_S) >= BEEP_S]  # a torn beep is one
        found += [(float(start), pitch) for start in starts]
    return sorted(found)


def are_beeps(found: list[tuple[float, int]]) -> bool:
    """Tell whether these are the beeps of the mock microphone: in turn, and a second apart."""
    return len(found) >= 2 and all(
        pitch != next_pitch and 0.85 < next_s - at_s < 1.15
        for (at_s, pitch), (next_s, next_pitch) in itertools.pairwise(found)
    )


async def test_what_safaris_engine_says_lands_and_another_page_hears_it(
    page: SafariPage, shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    other = await invite(listening_chromium)
    await other.enter(shared_server.url, room)
    await other.listens("radio")
    await comes_in(page, shared_server, room)

    said: list[list[tuple[float, int]]] = []
    while not said or (not are_beeps(said[-1]) and len(said) < SAID_AT_MOST):
        await speaks(page)  # again where a busy machine tore what the mock microphone beeps in real time
        await other.shows_clips(len(said) + 1)
        clip = clips(shared_server.url, room)[-1]
        assert clip["source"] == "upload"
        said.append(beeps(sound_of(shared_server, clip["clip"])))
    assert are_beeps(said[-1]), said
    await plays_beeps(lambda: heard(other.page))
    assert await page.errors() == []


# Begins a take where none is open or on its way: it may have taken too long to open.
BEGUN = """(() => {
  const { speaking, fetching } = document.querySelector('talk-button').session.model;
  if (!fetching && ['off', 'ready'].includes(speaking)) document.querySelector('#talk').click();
  return speaking === 'live';
})()"""
# Ends it, if it has not ended at its limit.
ENDED = """(() => {
  const { speaking } = document.querySelector('talk-button').session.model;
  if (speaking === 'live') document.querySelector('#talk').click();
  return speaking === 'ready';
})()"""


async def speaks(page: SafariPage) -> None:
    """Let the microphone beep for a take; returns when it is stored."""
    await page.press("#talk")
    await page.until(BEGUN)
    await asyncio.sleep(SPEAKS_S)
    await page.until(ENDED)


async def plays_beeps(ear: Callable[[], Awaitable[Pcm]]) -> None:
    """Wait until an ear has heard two beeps, one after the other."""
    deadline = asyncio.get_running_loop().time() + HEARD_WITHIN_S
    while len({pitch for _, pitch in beeps(await ear())}) < len(BEEPS_HZ):
        assert asyncio.get_running_loop().time() < deadline, "nobody heard the beeps"
        await asyncio.sleep(STEP_S)


@pytest.mark.parametrize("ending", ["ogg", "m4a"])
async def test_safaris_engine_plays_what_others_say(
    ending: str, page: SafariPage, shared_server: Server, tmp_path: Path
) -> None:
    """It plays Ogg; Safari before 18.4 did not, and is given M4A."""
    room = make_room(shared_server.url)
    await comes_in(page, shared_server, room)
    if ending == "m4a":
        await page.evaluate("document.querySelector('#sound').canPlayType = () => ''")

    with loudspeaker(tmp_path / "played") as played:
        best = 0.0
        for _ in range(SAID_AT_MOST):
            await asyncio.to_thread(upload, shared_server, room)
            best = max(best, await hears(played.heard, speech()))
            if best >= ALIKE:
                break
    assert best >= ALIKE
    assert await page.evaluate("document.querySelector('#sound').currentSrc.split('.').pop()") == ending
    assert await page.errors() == []


async def test_a_browser_without_webrtc_is_told_so(page: SafariPage, shared_server: Server) -> None:
    await comes_in(page, shared_server, make_room(shared_server.url))

    await page.until("document.querySelectorAll('.notice').length === 1")
    told = await page.evaluate("[...document.querySelectorAll('.notice')].map((one) => one.innerText)")
    assert "This browser has no live sound, so voices come as files." in told[0]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_safaris_engine_lays_the_page_out_as_chromium_does(
    size: dict[str, Any],
    page: SafariPage,
    shared_server: Server,
    listening_chromium: Browser,
    invite: Invite,
) -> None:
    address = f"{shared_server.url}/r/{make_room(shared_server.url)}?rtc=off"
    other = (await invite(listening_chromium, ears=False, **size)).page
    await page.resize(**size["viewport"])
    await page.goto(shared_server.url)
    await page.evaluate(HAS_TRIED)  # as the other has: the door says another thing to who has not
    await asyncio.gather(other.goto(address), page.goto(address))

    await lie_alike(page, other, "dialog.gate", "#join", "#join-play")
    await both_press(page, other, "#join")
    await lie_alike(page, other, "#talk", "#games", "clip-list", "prompt-card", "room-title", "throw-button")
    for sheet in ("settings", "games"):  # a short one and a long one
        await both_press(page, other, f"#{sheet}")
        await lie_alike(page, other, "dialog.sheet[open]", ".sheet-body")
        await both_press(page, other, ".sheet-head button")
    assert await page.errors() == []


async def both_press(page: SafariPage, other: Page, selector: str) -> None:
    """Press the same thing in both browsers."""
    await other.locator(selector).click()
    await page.until(f"document.querySelector('{selector}')?.matches(':enabled')")
    await page.press(selector)


async def lie_alike(page: SafariPage, other: Page, *selectors: str) -> None:
    """Wait until elements have about the same place and size in both browsers."""
    for selector in selectors:
        await other.locator(selector).wait_for()
        await page.until(f"document.querySelector('{selector}')?.checkVisibility()")
        deadline = asyncio.get_running_loop().time() + LAID_OUT_WITHIN_S
        while True:
            boxes = np.array([await page.evaluate(BOX % selector), await other.evaluate(BOX % selector)])
            if np.abs(boxes[0] - boxes[1]).max() <= NEAR_PX:
                break
            assert asyncio.get_running_loop().time() < deadline, (selector, boxes)
            await asyncio.sleep(STEP_S)
