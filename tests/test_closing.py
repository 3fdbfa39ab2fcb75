"""A room that is closed while somebody speaks in it and somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest

from audio.opus import encode
from server.readers.closing import Closing
from server.room.commands import Close, Refused
from server.room.events import RoomOpened
from tests.support.media import ANNA
from tests.support.rtc_client import Listener, Speaker, connected
from tests.support.server import running_server
from tests.support.speech import say
from tests.support.theatre import Theatre, running_theatre
from tests.support.ws_client import joined

KEY, OTHER_KEY = "k" * 43, "o" * 43
HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


async def test_its_speaker_and_listener_are_let_go_and_it_stays_closed_after_a_restart() -> None:
    spoken = say("the moon is a cheese with a very long beard and nobody knows why")
    frames = encode(np.concatenate([np.zeros(24_000, spoken.dtype), spoken]))[0]
    with running_server() as server:
        async with aiohttp.ClientSession(headers=HEADERS) as session:
            async with session.post(f"{server.url}/api/rooms", json={"kind": "topic"}) as answer:
                room = f"{server.url}/api/rooms/{(await answer.json())['id']}"
            async with (
                connected(Listener(f"{room}/whep")) as listener,
                joined(session, f"{room}/ws", key=OTHER_KEY) as visitor,
                connected(Speaker(f"{room}/whip", frames, headers=HEADERS)) as speaker,
            ):
                await visitor.until(lambda m: m.get("kind") == "speaking" and m["data"]["on"])
                async with session.delete(room) as answer:
                    assert answer.status == 204
                assert (await visitor.event("room.closed"))["data"] == {"reason": "keeper"}
                await visitor.until(lambda m: m.get("kind") == "speaking" and not m["data"]["on"])
                for client in (speaker, listener):
                    assert client.location is not None
                    async with session.delete(client.location) as answer:
                        assert answer.status == 200, "the server has ended it, and its client is not blamed"
                    await client.close(delete=False)
            assert await asyncio.to_thread(server.stop) == 0
            server.start()
            room = server.url + urlsplit(room).path
            async with session.get(room) as answer:
                shown = await answer.json()
            assert (shown["closed"], shown["clips"]) == (True, 0)
            async with session.delete(room) as answer:
                assert answer.status == 204
        assert "Traceback" not in server.log


async def test_a_closed_room_ends_its_sessions_and_what_was_said_does_not_land(
    theatre: Theatre,
) -> None:
    Closing(theatre.takes.end_room).attach(theatre.room)
    speaking, plain = await theatre.speaker(), await theatre.speaker(commanded=False)
    listening, _ = await theatre.takes.whep("wonder", "offer", address="a")
    other = (await theatre.registry.open(RoomOpened("topic", "Other"), None, id="other")).id
    elsewhere, _ = await theatre.takes.whep(other, "offer", address="a")
    await theatre.takes.begin(theatre.room, ANNA, speaking)
    stopping = asyncio.ensure_future(theatre.takes.stop(theatre.room, ANNA, None, speaking))
    await asyncio.sleep(0)
    theatre.media.observers.level(plain, on=True)

    await theatre.room.send(Close())
    await theatre.settled()

    with pytest.raises(Refused) as refused:
        await stopping
    assert refused.value.code in ("room_closed", "peer_gone")
    gone = [theatre.takes.session(peer) for peer in (speaking, plain, listening)]
    left = theatre.takes.session(elsewhere)
    assert (gone, left and left.room.id) == ([None] * 3, other)
    assert (dict(theatre.room.state.clips), theatre.room.speaking, theatre.room.speakers) == ({}, set(), {})


async def test_nobody_sits_down_in_a_closed_room_nor_in_one_that_is_closed_meanwhile(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = theatre.media.answer

    async def slowly(*given: Any, **named: Any) -> tuple[str, str]:
        await theatre.room.send(Close())
        return await answer(*given, **named)

    monkeypatch.setattr(theatre.media, "answer", slowly)
    for _ in range(2):
        for seat in (
            theatre.takes.whep("wonder", "offer", address="a"),
            theatre.takes.whip("wonder", ANNA, "offer", address="a", commanded=True),
        ):
            with pytest.raises(Refused, match="closed"):
                await seat
    assert len(theatre.takes._sessions) == 0
