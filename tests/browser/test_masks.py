"""Masks in the page: chosen by keyboard, heard by oneself first, and what all others get."""

from __future__ import annotations

import urllib.request

from playwright.async_api import Browser, expect

from tests.support import canary
from tests.support.microphones import FileMicrophone, speech
from tests.support.server import Server
from tests.support.visitor import Invite, first_clip, make_room


def sound_of(server: Server, clip: str) -> canary.Pcm:
    """Return what all others hear of a clip."""
    with urllib.request.urlopen(f"{server.url}/api/clips/{clip}.ogg") as answer:
        (sound,) = canary.sounds_in(answer.read())
    return sound


async def test_a_mask_is_chosen_tried_and_worn(
    shared_server: Server,
    chromium: Browser,
    listening_chromium: Browser,
    file_microphone: FileMicrophone,
    invite: Invite,
) -> None:
    room = make_room(shared_server.url)
    anna, bela = await invite(chromium), await invite(listening_chromium, ears=False)
    for visitor in (anna, bela):
        await visitor.enter(shared_server.url, room)

    await anna.page.locator("settings-button button").click()
    await anna.page.locator("#mask-none").focus()
    await anna.page.keyboard.press("ArrowDown")
    await expect(anna.page.get_by_role("radio", name="Mouse")).to_be_checked()
    await anna.page.locator("#mask-try").click()
    await expect(anna.page.locator("#mask-state")).to_have_text(
        "That is what the others will hear. Try another one."
    )
    await anna.page.keyboard.press("Escape")
    await expect(anna.page.locator("#worn")).to_have_text("You are a mouse")
    assert not await bela.page.locator("clip-list .clip").count()

    await anna.speak(file_microphone)
    clip = first_clip(shared_server.url, room)
    assert (clip["mask"], clip["masked"]) == ("mouse", True)
    await bela.shows_clips(1)
    await expect(bela.page.locator(".clip .masked")).to_have_attribute("aria-label", "a mouse")
    assert canary.likeness(sound_of(shared_server, clip["clip"]), speech()) < canary.LIKENESS - 0.15
