"""What this is for: one speaks masked, another reads it, and hears what is asked before their own turn."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, expect

from server.engines.espeak import Espeak
from server.room.lines import GUARD_MS
from tests.browser.test_spoken import NOTE, said
from tests.support import canary, spoken
from tests.support.browsers import ALIKE, heard, launch, likeness
from tests.support.microphones import FileMicrophone
from tests.support.programs import need_program
from tests.support.server import Server, running_server
from tests.support.visitor import LIMIT_MS, Invite, Visitor, events, first_clip, make_room

SENTENCE = "you are currently the only person in this conference"
MASK, WORN = "mouse", "Mouse"
WRONG_WORDS_MOST, WORDS_LEAST = 2, 4
# A browser stretches what it plays while its buffer settles, and here it shares two processors with a server
# and its recogniser: one prompt of these must come through well.
PROMPTS = 5
TORN = ALIKE - 0.1  # other words are less alike than this (test_ears.py)
PROMPTED_WITHIN_S = 45.0


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[Server]:
    """Run a server that reads English and speaks."""
    need_program("espeak-ng")
    spoken.need_extra("faster_whisper")
    with running_server(limits="off", speech="auto", captions=str(spoken.tiny_en())) as running:
        yield running


@pytest.fixture
def microphone(tmp_path: Path) -> FileMicrophone:
    """Return a microphone that says a recorded sentence."""
    return FileMicrophone(tmp_path, recorded())


@pytest_asyncio.fixture(loop_scope="session")
async def browser(playwright: Playwright, microphone: FileMicrophone) -> AsyncIterator[Browser]:
    """Run a Chromium that has it."""
    running = await launch(playwright, "chromium", microphone.path)
    yield running
    await running.close()


def recorded() -> spoken.Pcm:
    return next(each.pcm for each in spoken.sentences() if each.text == SENTENCE)


async def test_one_speaks_masked_and_another_reads_it_and_hears_the_prompt_before_their_turn(
    server: Server, browser: Browser, microphone: FileMicrophone, invite: Invite
) -> None:
    room = make_room(server.url)
    anna, bela = await invite(browser), await invite(browser)
    for visitor in (anna, bela):
        await visitor.enter(server.url, room)
    await bela.listens("radio")
    await bela.page.evaluate(NOTE)

    await wears_a_mask(anna)
    await anna.speak(microphone)

    clip = first_clip(server.url, room)
    assert clip["mask"] == MASK
    await reads_the_words(bela)
    masked = await asyncio.to_thread(sound_of, server, clip["clip"])
    assert canary.likeness(masked, recorded()) < canary.LIKENESS - 0.15
    await hears_a_prompt_before_their_turn(server, room, bela)


async def wears_a_mask(visitor: Visitor) -> None:
    """Choose a mask in the menu."""
    page = visitor.page
    await page.locator("settings-button button").click()
    await page.get_by_role("radio", name=WORN).check(force=True)
    await page.keyboard.press("Escape")
    await expect(page.locator("#worn")).to_have_text("You are a mouse")


async def reads_the_words(visitor: Visitor) -> None:
    """Find the words of the only clip on the screen."""
    caption = visitor.page.locator(".clip .caption")
    await expect(caption).not_to_be_empty(timeout=2 * LIMIT_MS)  # the first words wait for the weights
    read = await caption.inner_text()
    assert wrong_words(read) <= WRONG_WORDS_MOST, read


def wrong_words(read: str) -> int:
    """Return how many words were not said: the sentence is, over and over, and a take may begin anywhere."""
    words = 2 * spoken.normalised(SENTENCE)
    begins = range(len(words) - WORDS_LEAST)
    said = (" ".join(words[at:end]) for at in begins for end in range(at + WORDS_LEAST, len(words) + 1))
    return min(spoken.word_errors(each, read)[0] for each in said)


def sound_of(server: Server, clip: str) -> canary.Pcm:
    """Return what all others hear of a clip."""
    with urllib.request.urlopen(f"{server.url}/api/clips/{clip}.ogg") as answer:
        (sound,) = canary.sounds_in(answer.read())
    return sound


async def hears_a_prompt_before_their_turn(server: Server, room: str, visitor: Visitor) -> None:
    """Play along: what each turn asks is over before "go", and one of the first was heard word by word."""
    await visitor.page.locator("#play").click()
    best = 0.0
    for number in range(PROMPTS):
        turn = await nth_turn(server, room, number)
        cues = await cues_before(visitor, turn)
        assert all(cue["starts_at_ms"] + cue["duration_ms"] <= turn["go_at_ms"] - GUARD_MS for cue in cues)
        text = turn["prompt"] if turn["prompt"][-1] in ".!?…:" else f"{turn['prompt']}."
        prompt = await Espeak().say(text, "en")
        assert prompt is not None
        best = max(best, likeness(prompt, await heard(visitor.page)))
        if cues and best > TORN:
            return
    pytest.fail(f"no prompt was heard: {best:.2f}")


async def nth_turn(server: Server, room: str, number: int) -> dict[str, Any]:
    """Return one of the room's turns to speak, once it has begun."""
    async with asyncio.timeout(PROMPTED_WITHIN_S):
        while True:
            told = await asyncio.to_thread(events, server.url, room)
            turns = [event for event in told if event["kind"] == "turn.given"]
            landed = {
                event["data"]["round"] for event in told if event["kind"] in ("clip.landed", "round.closed")
            }
            if len(turns) > number and turns[number]["data"]["round"] in landed:
                return dict(turns[number]["data"])
            await asyncio.sleep(0.2)


async def cues_before(visitor: Visitor, turn: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the words that began before a turn."""
    return [cue for cue in await said(visitor.page, "speech") if cue["starts_at_ms"] < turn["go_at_ms"]]
