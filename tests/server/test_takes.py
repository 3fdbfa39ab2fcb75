"""Takes of one voice that overlap, and the door before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from server.previews import Preview
from server.room.actor import Room
from server.room.commands import Land, Refused, RoundStart, Throw
from server.room.events import ClipLanded, Event, RoomOpened, Voice
from server.room.kinds import TIMINGS
from tests.support.media import ANNA, BELA, CLEO, START_MS
from tests.support.theatre import Theatre, healing, running_theatre

SNAP = TIMINGS["snap"]


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


async def test_a_muted_voice_begins_nothing_by_any_way_and_lands_what_it_had_begun(theatre: Theatre) -> None:
    stage, room = theatre.stage, theatre.room
    peer = await theatre.speaker()
    await stage.begin(room, ANNA, peer)
    await stage.begin(room, BELA, "")
    for voice in (ANNA, BELA, CLEO):
        mute(room, voice, theatre.clock.ms + 60_000)

    for attempt in (
        stage.begin(room, CLEO, ""),
        stage.upload("wonder", CLEO, b"speech", "audio/ogg"),
        stage.whip("wonder", CLEO, "offer", address="a", commanded=False),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert (refused.value.code, refused.value.retry_after_ms) == ("muted", 60_000)
    event = await stage.stop(room, ANNA, None)
    assert event is not None
    announced = await stage.upload("wonder", BELA, b"speech", "audio/ogg")
    assert isinstance(announced, Event)
    assert [clip.by for clip in room.state.clips.values()] == [ANNA, BELA]
    with pytest.raises(Refused, match="muted"):
        await stage.begin(room, ANNA, peer)


async def test_a_duel_starts_by_no_way_for_a_voice_that_never_consented(theatre: Theatre) -> None:
    room = await theatre.house.open(RoomOpened("arena", "Ring"), None, id="arena")
    for attempt in (
        room.send(RoundStart("insult_duel"), by=ANNA),
        theatre.house.send("arena", RoundStart("insult_duel"), by=ANNA, key="k"),
        theatre.house.send("arena", Land(ClipLanded("clip-1", 900, 300, 0, -16.0, ())), by=ANNA),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == "consent_needed"
    assert room.tail.head == 1
    room.consent(ANNA.id)
    assert await theatre.house.send("arena", RoundStart("insult_duel"), by=ANNA, key="k")


async def test_a_preview_that_waits_lets_a_muted_voice_send_nothing_more(theatre: Theatre) -> None:
    room = await healing(theatre)
    assert isinstance(await theatre.stage.upload("healing", ANNA, b"speech", "audio/ogg"), Preview)
    mute(room, ANNA, theatre.clock.ms + 60_000)
    with pytest.raises(Refused, match="muted"):
        await theatre.stage.upload("healing", ANNA, b"speech", "audio/ogg")


async def test_a_take_that_is_being_finished_takes_nothing_from_the_next_one_nor_loses_it(
    theatre: Theatre,
) -> None:
    stage, room = theatre.stage, theatre.room
    theatre.clock.ms = START_MS - SNAP.count_in_ms  # so that the fake take begins at "go"
    await room.send(Throw(), by=ANNA)
    theatre.clock.ms = START_MS
    peer = await theatre.speaker()
    theatre.finisher.gate.clear()
    await stage.begin(room, ANNA, peer)
    first = asyncio.ensure_future(stage.stop(room, ANNA, 350))
    await asyncio.sleep(0)
    await stage.begin(room, ANNA, peer)
    theatre.finisher.gate.set()
    event = await first

    assert event is not None
    assert isinstance(event.data, ClipLanded)
    assert event.data.reaction_ms == 350
    assert room.speaking == {ANNA.id}
    assert [told["on"] for told in await theatre.told("speaking")] == [True, False, True]
    await stage.stop(room, ANNA, 9)
    assert not room.speaking


def mute(room: Room, voice: Voice, until_ms: int) -> None:
    """Let a voice be mute, as an event of the log would."""
    room.state = replace(room.state, muted={**room.state.muted, voice.id: until_ms})
