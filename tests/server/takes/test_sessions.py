"""Peer sessions: who is connected is present and keeps the room awake, until the peer is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from server.log.base import Deposed, Entry, Outcome
from server.room.commands import Refused, Say
from server.room.events import ClipLanded
from server.rooms.registry import IDLE_MS
from server.rtc.media import BadOffer
from server.takes import live
from server.takes.takes import UPLOAD
from tests.support.actors import local, until
from tests.support.media import ANNA, BELA
from tests.support.theatre import Theatre, running_theatre


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


def here(theatre: Theatre) -> set[str]:
    """Return the voices that are in the room."""
    return {*theatre.room.context().here}


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
    peer = await theatre.speaker(commanded=False)
    theatre.media.observers.connected(peer)
    assert (here(theatre), theatre.observed.joins) == ({ANNA.id}, ["speaker"])

    for _ in range(2):
        theatre.media.observers.gone(peer)

    await theatre.settled()
    assert (here(theatre), local(theatre.room)._holds) == (set(), 0)


async def test_nobody_is_here_by_a_microphone_that_waits_for_commands(theatre: Theatre) -> None:
    """Its page's socket tells who is here; a killed page's session is noticed half a minute later."""
    peer = await theatre.speaker()
    assert here(theatre) == set()

    theatre.media.observers.gone(peer)

    assert here(theatre) == set()


async def test_who_never_connected_was_never_there(theatre: Theatre) -> None:
    peer, _ = await theatre.takes.whip("wonder", ANNA, "offer", address="a", commanded=False)
    assert (here(theatre), theatre.room.tail.readers) == (set(), 2)

    await theatre.takes.close_peer(peer)

    assert (here(theatre), theatre.room.tail.readers) == (set(), 1)
    assert (theatre.observed.joins, theatre.observed.audiences) == ([], [])


def sleep_when_idle(theatre: Theatre) -> None:
    """Let the time pass after which a room sleeps that nobody needs."""
    room = local(theatre.room)
    theatre.clock.ms += IDLE_MS
    assert room._timer is not None
    room._timer.ring()


async def test_a_room_sleeps_under_a_microphone_that_waits_and_the_next_take_wakes_it(
    theatre: Theatre,
) -> None:
    peer = await theatre.speaker()
    room = local(theatre.room)
    room.fall_asleep()  # no socket reads it: the session alone keeps it known
    assert theatre.registry.known("wonder") is room

    await theatre.takes.begin(room, ANNA, peer)
    assert room.is_awake
    landed = (await theatre.stop()).data
    assert isinstance(landed, ClipLanded)
    assert room._holds == 0

    room.fall_asleep()
    await theatre.takes.close_peer(peer)


async def test_a_listener_and_a_session_that_is_a_take_keep_their_room_awake(theatre: Theatre) -> None:
    await theatre.takes.whep("wonder", "offer", address="a")
    assert local(theatre.room)._holds == 1
    await theatre.speaker(commanded=False)
    assert local(theatre.room)._holds == 2
    sleep_when_idle(theatre)
    assert local(theatre.room).is_awake


# A room that goes to another process


async def depose(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the log turn away an append of the room as one of who does not own it any more.

    The directory here says that this process owns the room, so it is opened anew as another would.
    """
    log, ended = theatre.log, asyncio.Event()
    extend = log.extend
    theatre.room.tail.subscribe(lambda _: None, ended=ended.set)

    async def turned_away(room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        monkeypatch.setattr(log, "extend", extend)
        raise Deposed

    monkeypatch.setattr(log, "extend", turned_away)
    await theatre.room.send(Say("hello"), by=BELA)
    await ended.wait()


async def test_sessions_of_a_room_that_moved_are_ended_and_an_open_take_lands_there(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, plain = await theatre.speaker(), await theatre.speaker(commanded=False)
    listener, _ = await theatre.takes.whep("wonder", "offer", address="a")
    await theatre.takes.begin(theatre.room, ANNA, peer)
    assert {peer, plain, listener} == set(theatre.media.peers)

    await depose(theatre, monkeypatch)
    theatre.media.observers.level(plain, on=True)  # it was on its way
    await until(lambda: not theatre.media.peers)
    await theatre.settled()

    assert len(theatre.takes._sessions) == 0
    owned = await theatre.registry.wake("wonder")
    assert owned is not theatre.room
    assert len(owned.state.clips) == 1


async def test_a_session_that_is_one_take_and_was_not_heard_yet_ends_without_a_word(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = await theatre.speaker(commanded=False)
    theatre.media.open.add(plain)
    await depose(theatre, monkeypatch)
    await until(lambda: not theatre.media.peers)
    await theatre.settled()
    assert len((await theatre.registry.wake("wonder")).state.clips) == 0


async def test_who_begins_a_take_as_their_room_moves_is_told_to_reconnect(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = await theatre.speaker()
    await depose(theatre, monkeypatch)
    with pytest.raises(Refused) as refused:
        await theatre.takes.begin(theatre.room, ANNA, peer)
    assert refused.value.code == "no_such_peer"
    await theatre.takes.begin(theatre.room, ANNA, "")  # an upload lands wherever the room is
    assert (await theatre.registry.wake("wonder")).has_take(ANNA.id, UPLOAD)


async def test_an_offer_that_is_answered_as_the_room_moves_is_to_come_again(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = theatre.media.answer

    async def slowly(*args: Any, **more: Any) -> tuple[str, str]:
        answered = await answer(*args, **more)
        await depose(theatre, monkeypatch)
        return answered

    monkeypatch.setattr(theatre.media, "answer", slowly)
    with pytest.raises(Refused) as refused:
        await theatre.takes.whep("wonder", "offer", address="a")
    assert refused.value.code == "restarting"
    assert theatre.media.peers == {}
    assert len(theatre.takes._sessions) == 0


async def test_a_live_relay_ends_with_the_room_that_moved(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "may_be_relayed", lambda *_: True)
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    assert theatre.observed.relays == [True]
    await depose(theatre, monkeypatch)
    await until(lambda: theatre.observed.relays[:2] == [True, False])
    await theatre.settled()
