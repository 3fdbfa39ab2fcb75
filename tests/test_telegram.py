"""A voice message from Telegram, on a whole server: what the sandbox makes of it is all that is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from server import app
from server.config import Config
from server.telegram.bot import TelegramBot
from tests.support.bot_api import TOKEN, BotApi, Person, bot_api
from tests.support.speech import say
from tests.support.uploads import muxed


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[BotApi, app.Running]]:
    """Run a server with a bot, and the Bot API that it asks."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(bot_api())
        config = Config(
            port=0, udp_port=0, data=tmp_path, host_engine="off", telegram_token=TOKEN, telegram_api=made.url
        )
        running = await stack.enter_async_context(await app.start(config))
        assert isinstance(running.bot, TelegramBot)
        yield made, running


async def listed(url: str) -> list[dict[str, Any]]:
    async with ClientSession(url) as http:
        events = (await (await http.get("/api/rooms/wonder/events")).json())["events"]
    return [event["data"] for event in events if event["kind"] == "clip.landed"]


async def test_speech_lands_through_its_mask_and_only_that_is_stored(
    both: tuple[BotApi, app.Running], tmp_path: Path
) -> None:
    telegram, running = both
    zoe = Person(telegram, 777_000_777, name="Zoraida")
    spoken = muxed(say("good morning to all of you"), "ogg", "libopus")
    zoe.write("/start wonder")
    await zoe.hears("You are in")
    zoe.press_data("mask robot")
    await zoe.hears("robot")
    zoe.speak(spoken)
    await zoe.hears("Your voice is in")
    (clip,) = await listed(running.url)
    assert (clip["source"], clip["mask"]) == ("telegram", "robot")
    async with ClientSession(running.url) as http:
        heard = await (await http.get(f"/api/clips/{clip['clip']}.ogg")).read()
    assert heard[:4] == b"OggS"
    assert abs(clip["duration_ms"] - 1_500) < 1_500
    # Of a round video the sound is taken; one that poses as a voice message is refused in plain words.
    video = muxed(say("good morning to all of you"), "mp4", "aac", beside="video")
    zoe.speak(video)
    zoe.speak(video, kind="video_note")
    await zoe.hears("Your voice is in", times=2)
    await zoe.hears("could not read this recording")
    landed = await listed(running.url)
    assert sorted(await running.services.blobs.ids()) == sorted(each["clip"] for each in landed)
    assert len(landed) == 2
    for path in tmp_path.iterdir():
        if path.is_file():
            stored = path.read_bytes()
            assert b"ftyp" not in stored
            assert spoken[200:400] not in stored
            for secret in ("777000777", "Zoraida", TOKEN.partition(":")[2]):
                assert secret.encode() not in stored, (path.name, secret)
