"""What comes of takes: a sound is stored before its event, and none is left behind without one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.blobs.base import Blob
from server.log.base import StorageFull
from server.room.commands import Change, Refused
from server.room.events import ClipLanded, Event, RoomOpened
from server.room.governing import LAPSED_MS, SEEN_EVERY_MS
from server.takes.previews import Preview
from tests.support.media import ANNA, BELA
from tests.support.theatre import Theatre, healing, running_theatre


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


async def test_the_sound_of_a_take_is_stored_before_its_event_and_goes_when_that_is_refused(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[list[str]] = []
    sending, blobs = theatre.registry.send, theatre.blobs

    async def send(*args: Any, **more: Any) -> list[Event]:
        stored.append(await blobs.ids())
        if len(stored) == 1:
            raise Refused("muted", "You were muted meanwhile.")
        return await sending(*args, **more)

    monkeypatch.setattr(theatre.registry, "send", send)
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    with pytest.raises(Refused, match="muted"):
        await theatre.stop()
    assert len(stored[0]) == 1
    assert await blobs.ids() == []
    await theatre.takes.begin(theatre.room, ANNA, peer)
    landed = (await theatre.stop()).data
    assert isinstance(landed, ClipLanded)
    assert await blobs.ids() == stored[1] == [landed.clip]


async def test_a_sound_that_there_is_no_room_for_refuses_its_take(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put(_: Blob) -> list[Blob]:
        raise StorageFull

    monkeypatch.setattr(theatre.blobs, "put", put)
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    with pytest.raises(Refused) as refused:
        await theatre.stop()
    assert refused.value.code == "storage_full"
    assert theatre.room.tail.head == 1


async def test_the_first_take_in_a_room_that_its_keeper_lost_is_answered_with_its_clip(
    theatre: Theatre,
) -> None:
    room = await theatre.registry.open(RoomOpened("wonder", "Kept"), BELA, id="kept")
    theatre.clock.ms += LAPSED_MS + SEEN_EVERY_MS
    peer, _ = await theatre.takes.whip("kept", ANNA, "offer", address="a", commanded=True)
    theatre.media.observers.connected(peer)
    await theatre.takes.begin(room, ANNA, peer)
    event = await theatre.takes.stop(room, ANNA, None)
    assert event is not None
    assert isinstance(event.data, ClipLanded)
    assert room.state.keeper == ""


async def test_a_take_wears_the_mask_of_its_voice_or_its_session(theatre: Theatre) -> None:
    theatre.room.wear(ANNA.id, "whisper")
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    theatre.room.wear(ANNA.id, None)  # too late for this one
    masked = (await theatre.stop()).data
    assert isinstance(masked, ClipLanded)
    assert (masked.mask, masked.masked) == ("whisper", True)

    await theatre.takes.begin(theatre.room, ANNA, peer)
    natural = (await theatre.stop()).data
    assert isinstance(natural, ClipLanded)
    assert (natural.mask, natural.masked) == (None, False)

    event = await theatre.takes.upload("wonder", BELA, b"speech", "audio/ogg", mask="robot")
    assert isinstance(event, Event)
    assert isinstance(event.data, ClipLanded)
    assert event.data.mask == "robot"


async def test_a_take_that_is_heard_first_is_heard_masked(theatre: Theatre) -> None:
    room = await healing(theatre)
    preview = await theatre.takes.upload("healing", ANNA, b"speech", "audio/ogg", mask="choir")
    assert isinstance(preview, Preview)
    assert preview.clip.mask == "choir"
    event = await theatre.takes.keep(room, ANNA, preview.id)
    assert isinstance(event.data, ClipLanded)
    assert event.data.mask == "choir"


async def test_a_sound_with_its_noise_waits_for_the_recogniser_where_a_room_wants_less_of_it(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = await theatre.speaker()
    await theatre.takes.begin(theatre.room, ANNA, peer)
    await theatre.stop()
    assert len(theatre.unreduced) == 0

    await theatre.registry.send("wonder", Change(noise_reduction=True), by=None)
    await theatre.takes.begin(theatre.room, ANNA, peer)
    landed = (await theatre.stop()).data
    assert isinstance(landed, ClipLanded)
    assert theatre.unreduced.get(landed.clip) == b"with noise"

    async def put(_: Blob) -> list[Blob]:
        raise StorageFull

    monkeypatch.setattr(theatre.blobs, "put", put)
    with pytest.raises(Refused):
        await theatre.takes.upload("wonder", BELA, b"speech", "audio/ogg")
    assert len(theatre.unreduced) == 1
