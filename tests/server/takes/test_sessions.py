"""Peer sessions: who is connected is present and keeps the room awake, until the peer is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.rtc.media import BadOffer
from tests.support.actors import local
from tests.support.media import ANNA
from tests.support.theatre import Theatre, running_theatre


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


async def test_a_bad_offer_makes_no_session(theatre: Theatre) -> None:
    with pytest.raises(BadOffer):
        await theatre.takes.whep("wonder", "bad", address="a")

    assert len(theatre.takes._sessions) == 0
    assert local(theatre.room)._holds == 0


async def test_listeners_come_and_go_are_told_to_the_audience(theatre: Theatre) -> None:
    peer, _ = await theatre.takes.whep("wonder", "offer", address="a")
    theatre.media.observers.connected(peer)

    await theatre.takes.close_peer(peer)

    assert theatre.observed.audiences == ["wonder", "wonder"]


async def test_a_peer_that_is_told_twice_to_be_connected_is_counted_once(theatre: Theatre) -> None:
    peer = await theatre.speaker()
    theatre.media.observers.connected(peer)
    assert (theatre.room.speakers, theatre.observed.joins) == ({ANNA.id: 1}, ["speaker"])

    for _ in range(2):
        theatre.media.observers.gone(peer)

    assert (theatre.room.speakers, local(theatre.room)._holds) == ({}, 0)


async def test_who_never_connected_was_never_there(theatre: Theatre) -> None:
    peer, _ = await theatre.takes.whip("wonder", ANNA, "offer", address="a", commanded=True)
    assert (theatre.room.speakers, local(theatre.room)._holds) == ({}, 1)

    await theatre.takes.close_peer(peer)

    assert (theatre.room.speakers, local(theatre.room)._holds) == ({}, 0)
    assert (theatre.observed.joins, theatre.observed.audiences) == ([], [])
