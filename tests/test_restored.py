"""A server whose data was restored from a backup: pages that saw more than it has begin anew."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from tests.support.server import Server, running_server
from tests.support.ws_client import Client, joined, new_key


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def opened(session: ClientSession, server: Server) -> str:
    """Open a room and return the address of its socket."""
    room = {"kind": "wonder", "name": "Restored", "public": True}
    async with session.post(f"{server.url}/api/rooms", json=room, headers=bearer(new_key())) as response:
        assert response.status == 201
        return f"{server.url}/api/rooms/{(await response.json())['id']}/ws"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def words(client: Client, head: int) -> list[str]:
    """Return the texts up to a head that has come or is on its way."""
    while not client.events() or client.events()[-1]["seq"] < head:
        await client.event()
    return [event["data"]["text"] for event in client.events() if event["kind"] == "text.said"]


async def test_who_saw_more_than_a_restored_log_has_is_told_all_anew(session: ClientSession) -> None:
    with running_server() as server:
        data, key = server.folder / "data", new_key()
        url = await opened(session, server)
        async with joined(session, url, key=key) as page:
            assert (await page.ask("say", id="kept", text="kept"))["seq"] == 2
        server.stop()
        shutil.copytree(data, server.folder / "backup")
        server.start()
        async with joined(session, url, key=key) as page:
            for number in range(3):
                await page.ask("say", id=f"lost {number}", text=f"lost {number}")
            await words(page, 5)
            last = page.events()[-1]
        server.stop()
        shutil.rmtree(data)
        shutil.move(server.folder / "backup", data)
        server.start()

        async with joined(session, url, key=key, after=last["seq"], at_ms=last["at_ms"]) as page:
            assert page.welcome["anew"] is True
            assert page.welcome["head"] == 2
            assert await words(page, 2) == ["kept"]
            assert (await page.ask("say", id="kept", text="kept"))["seq"] == 2
            assert (await page.ask("say", id="lost 2", text="lost 2"))["seq"] == 3
            assert await words(page, 3) == ["kept", "lost 2"]
            for number in range(4):
                await page.said(f"new {number}")
        async with joined(session, url, after=last["seq"], at_ms=last["at_ms"]) as page:
            assert page.welcome["anew"] is True, "though its log has grown past the cursor"
            assert (await words(page, 7))[:2] == ["kept", "lost 2"]
