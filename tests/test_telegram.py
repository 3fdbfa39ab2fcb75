"""A voice message from Telegram, on a whole server: what the sandbox makes of it is all that is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientSession

from server import app
from server.config import Config
from server.telegram.bot import TelegramBot
from tests.support.bot_api import TOKEN, BotApi, Person, bot_api
from tests.support.speech import say, silence, wav
from tests.support.uploads import muxed


@pytest.fixture
async def telegram(tmp_path: Path) -> AsyncIterator[BotApi]:
    """A server with a bot, and the Bot API that it asks."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(bot_api())
        config = Config(port=0, udp_port=0, data=tmp_path, telegram_token=TOKEN, telegram_api=made.url)
        running = await stack.enter_async_context(await app.start(config))
        assert isinstance(running.bot, TelegramBot)
        made.site = running.url
        yield made


async def listed(url: str) -> list[dict[str, Any]]:
    async with ClientSession(url) as http:
        events = (await (await http.get("/api/rooms/wonder/events")).json())["events"]
    return [event["data"] for event in events if event["kind"] == "clip.landed"]


async def test_speech_lands_through_its_mask_and_only_that_is_stored(
    telegram: BotApi, tmp_path: Path
) -> None:
    zoe = Person(telegram, 777_000_777, name="Zoraida")
    spoken = muxed(say("good morning to all of you"), "ogg", "libopus")
    zoe.write("/start wonder")
    await zoe.hears("You are in")
    zoe.press_data("mask robot")
    await zoe.hears("robot")
    zoe.speak(spoken)
    await zoe.hears("Your voice is in")
    (clip,) = await listed(telegram.site)
    assert (clip["source"], clip["mask"]) == ("telegram", "robot")
    async with ClientSession(telegram.site) as http:
        heard = await (await http.get(f"/api/clips/{clip['clip']}.ogg")).read()
    assert heard[:4] == b"OggS"
    assert abs(clip["duration_ms"] - 1_500) < 1_500
    # Of a round video the sound is taken; one that poses as a voice message is refused in plain words.
    video = muxed(say("good morning to all of you"), "mp4", "aac", beside="video")
    zoe.speak(video)
    zoe.speak(video, kind="video_note")
    await zoe.hears("Your voice is in", times=2)
    await zoe.hears("could not read this recording")
    assert len(await listed(telegram.site)) == 2
    for path in tmp_path.iterdir():
        if path.is_file():
            stored = path.read_bytes()
            assert b"ftyp" not in stored
            assert spoken[200:400] not in stored
            for secret in ("777000777", "Zoraida", TOKEN.partition(":")[2]):
                assert secret.encode() not in stored, (path.name, secret)


async def test_a_clip_of_the_page_comes_to_the_chat_as_it_is_stored(telegram: BotApi) -> None:
    zoe = Person(telegram, 777_000_777)
    zoe.write("/start wonder")
    zoe.write("/listen")
    await zoe.hears("From now on you hear")
    sound = wav(None, np.concatenate([silence(0.3), say("my left shoe wants to talk"), silence(0.3)]))
    headers = {"Content-Type": "audio/wav", "Authorization": f"Bearer {'k' * 43}"}
    async with ClientSession(telegram.site) as http:
        landed = await (await http.post("/api/rooms/wonder/clips", data=sound, headers=headers)).json()
        stored = await (await http.get(landed["media"]["ogg"])).read()
    await zoe.hears(landed["by"]["name"])
    assert [asked["voice"] for method, asked in telegram.sent if method == "sendVoice"] == [stored]
