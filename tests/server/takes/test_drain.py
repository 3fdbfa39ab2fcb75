"""A server that stops: takes under way are waited for, then cut, and what is left is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.room.commands import Refused
from server.room.events import Event
from tests.support.actors import local
from tests.support.media import ANNA, BELA
from tests.support.theatre import Theatre, running_theatre

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


async def test_a_draining_server_waits_for_takes_and_begins_none(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.finisher.gate.clear()
    theatre.media.end(peer, "limit")
    draining = asyncio.ensure_future(theatre.takes.drain())
    await asyncio.sleep(0)
    assert not draining.done()

    with pytest.raises(Refused) as refused:
        await theatre.takes.whip("wonder", BELA, "offer", address="a", commanded=True)
    theatre.finisher.gate.set()
    async with asyncio.timeout(5):
        await draining

    assert refused.value.code == "restarting"
    assert len(theatre.room.state.clips) == 1


async def test_takes_that_are_cut_at_the_end_of_a_drain_are_cut_together(theatre: Theatre) -> None:
    """C8: each waits for its late packets; one after the other they would outlast the drain."""
    for voice in (ANNA, BELA):
        peer, _ = await theatre.takes.whip("wonder", voice, "offer", address="a", commanded=True)
        await theatre.takes.begin(theatre.room, voice, peer)
    both, close = asyncio.Barrier(2), theatre.media.close_peer

    async def close_with_the_other(peer: str) -> None:
        await both.wait()
        await close(peer)

    theatre.media.close_peer = close_with_the_other  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await theatre.takes.drain(200)
    theatre.media.close_peer = close  # type: ignore[method-assign]

    assert len(theatre.room.state.clips) == 2


async def test_a_draining_server_cuts_a_plain_session_in_time_and_keeps_its_clip(theatre: Theatre) -> None:
    peer = await theatre.speaker(commanded=False)
    theatre.media.open.add(peer)
    theatre.media.observers.level(peer, on=True)

    async with asyncio.timeout(5):
        await theatre.takes.drain(200)

    assert len(theatre.room.state.clips) == 1


async def test_an_upload_that_is_being_finished_is_waited_for(theatre: Theatre) -> None:
    theatre.finisher.gate.clear()
    upload = asyncio.ensure_future(theatre.takes.upload("wonder", ANNA, b"speech", "audio/ogg"))
    await asyncio.sleep(0)
    draining = asyncio.ensure_future(theatre.takes.drain())
    await asyncio.sleep(0)
    assert not draining.done()

    theatre.finisher.gate.set()
    async with asyncio.timeout(5):
        await draining

    assert isinstance(await upload, Event)


async def test_whoever_waits_for_a_take_that_is_not_finished_in_time_is_told(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.finisher.gate.clear()
    stopping = asyncio.ensure_future(theatre.takes.stop(theatre.room, ANNA, None))
    await asyncio.sleep(0)

    for _ in range(2):
        await theatre.takes.close()

    with pytest.raises(Refused) as refused:
        await stopping
    assert refused.value.code == "restarting"
    assert (theatre.observed.outcomes, theatre.room.speaking) == (["restarting"], set())
    await theatre.takes.close_peer(peer)
    assert local(theatre.room)._holds == 0


async def test_what_a_closed_server_is_told_by_its_media_begins_nothing(theatre: Theatre) -> None:
    peer, plain = await theatre.speaker(), await theatre.speaker(commanded=False)
    await theatre.takes.begin(theatre.room, ANNA, peer)

    await theatre.takes.close()
    theatre.media.end(peer, "gone")
    theatre.media.observers.level(plain, on=True)

    assert theatre.observed.outcomes == ["restarting"]
    assert not theatre.room.speaking
