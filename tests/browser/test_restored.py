"""A page whose room was restored from a backup shows what is there, and what it still has to say lands."""

from __future__ import annotations

import asyncio
import shutil

from playwright.async_api import Browser, expect

from tests.support.server import running_server
from tests.support.visitor import Invite, events, make_room


async def test_a_page_that_saw_more_than_the_backup_begins_anew(
    listening_chromium: Browser, invite: Invite
) -> None:
    with running_server() as server:
        room, data, backup = make_room(server.url), server.folder / "data", server.folder / "backup"
        visitor = await invite(listening_chromium, ears=False)
        await visitor.enter(server.url, room)
        lines = visitor.page.locator("room-chat .lines .line-text")
        await visitor.say("in the backup")
        await expect(lines).to_have_text(["in the backup"])
        await asyncio.to_thread(server.stop)
        shutil.copytree(data, backup)
        await asyncio.to_thread(server.start)
        for number in range(3):
            await visitor.say(f"lost {number}")
        await expect(lines).to_have_text(["in the backup", *(f"lost {number}" for number in range(3))])
        await expect(visitor.page.locator(".line[data-state=said]")).to_have_count(4)

        await asyncio.to_thread(server.stop)
        shutil.rmtree(data)
        shutil.move(backup, data)
        await visitor.say("waits for the server")
        await asyncio.to_thread(server.start)

        await expect(lines).to_have_text(["in the backup", "waits for the server"])
        await expect(visitor.page.locator(".line[data-state=said]")).to_have_count(2)
        said = [event["data"]["text"] for event in events(server.url, room) if event["kind"] == "text.said"]
        assert said == ["in the backup", "waits for the server"]
        await visitor.say("and goes on")
        await expect(lines).to_have_text(["in the backup", "waits for the server", "and goes on"])
