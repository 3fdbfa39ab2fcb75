"""What was said in a room as one file: the sheet says how long it is, and its link fetches it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, expect

from audio import container
from audio.take import SAMPLE_RATE_HZ
from tests.support.server import Server
from tests.support.speech import say
from tests.support.visitor import PHONE, Invite, clips, make_room, upload

LONGEST_S = 60


async def test_an_evening_is_fetched_as_one_file(
    shared_server: Server, chromium: Browser, invite: Invite, tmp_path: Path
) -> None:
    room = make_room(shared_server.url)
    for words in ("purple elephants", "seven green umbrellas"):
        upload(shared_server.url, room, "e" * 43, say(words))
    said_ms = sum(clip["duration_ms"] for clip in clips(shared_server.url, room))
    visitor = await invite(chromium, ears=False, **PHONE)
    await visitor.enter(shared_server.url, room, "same=room")

    await visitor.page.locator(".keep-evening:visible").click()
    await expect(visitor.page.locator("#evening-facts")).to_have_text(re.compile(r"^2 clips · 0:\d\d "))
    async with visitor.page.expect_download() as downloading:
        await visitor.page.locator("#evening-sheet [data-form=ogg]").click()
    download = await downloading.value
    file = tmp_path / "evening.ogg"
    await download.save_as(file)

    sound = container.decode(file.read_bytes(), "audio/ogg", longest=SAMPLE_RATE_HZ * LONGEST_S)
    assert len(sound) / SAMPLE_RATE_HZ * 1000 > said_ms
    assert download.suggested_filename.endswith(".ogg")
