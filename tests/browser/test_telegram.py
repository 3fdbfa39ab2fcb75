"""What is said to the bot is heard by a page, through its mask; what is said to a page comes to a chat."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import ClientSession
from playwright.async_api import Browser, expect

from audio import container
from audio.take import SAMPLE_RATE_HZ
from tests.support.actors import until
from tests.support.bot_api import NAME, TOKEN, Person, bot_api
from tests.support.browsers import ALIKE, all_hear, heard, hears
from tests.support.microphones import FileMicrophone
from tests.support.server import running_server
from tests.support.speech import say
from tests.support.uploads import muxed
from tests.support.visitor import LIMIT_MS, Invite, clips, make_room


async def test_a_masked_voice_message_is_heard_on_the_radio_and_the_page_in_the_chat(
    invite: Invite, chromium: Browser, file_microphone: FileMicrophone
) -> None:
    async with bot_api() as telegram:
        with running_server(telegram_token=TOKEN, telegram_api=telegram.url) as server:
            room = await asyncio.to_thread(make_room, server.url)
            visitor, zoe = await invite(chromium), Person(telegram, 777)
            zoe.write(f"/start {room}")
            await zoe.hears("You are in")
            await visitor.page.goto(server.url)
            link = visitor.page.get_by_role("link", name="Speak from Telegram")
            await expect(link).to_have_attribute("href", f"https://t.me/{NAME}")
            await visitor.enter(server.url, room)
            await visitor.listens()
            zoe.press_data("mask giant")
            voice_message = muxed(say("Green tomatoes always remember bicycles"), "ogg", "libopus")

            async def speak() -> None:
                zoe.speak(voice_message)
                await zoe.hears("Your voice", times=len(landed) + 1)
                landed.append(voice_message)

            landed: list[bytes] = []
            await speak()
            await visitor.shows_clips(1)
            mask, body = await stored(server.url, room, "telegram")
            assert mask == "giant"
            masked = container.decode(body, "audio/ogg", longest=10 * SAMPLE_RATE_HZ)
            alike = await hears(lambda: heard(visitor.page), masked)
            assert alike >= ALIKE or await all_hear([visitor.page], masked, speak) >= ALIKE
            zoe.write("/listen")
            await zoe.hears("From now on you hear")
            await visitor.speak(file_microphone)
            _, spoken = await stored(server.url, room, "webrtc")
            await until(lambda: spoken in telegram.voices, LIMIT_MS / 1000)  # so in the same frames


async def stored(url: str, room: str, source: str) -> tuple[str | None, bytes]:
    """Wait for a room's first clip of a source, and return its mask and its file."""
    found = list[Any]()
    async with asyncio.timeout(LIMIT_MS / 1000):
        while not found:
            found = [each for each in await asyncio.to_thread(clips, url, room) if each["source"] == source]
            await asyncio.sleep(0.1)
    clip = found[0]
    async with ClientSession(url) as http:
        return clip["mask"], await (await http.get(f"/api/clips/{clip['clip']}.ogg")).read()
