"""Rooms that hear their speakers while they speak."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from server.blobs.memory import MemoryBlobs
from server.room.commands import Change, Command, Mute, RoundStart, RoundStop
from server.room.events import ClipLanded, RoomOpened, Voice
from server.rooms.base import Room
from server.rooms.presence import PRESENT
from server.takes.takes import Takes
from tests.support.media import ANNA, BELA, Clock, FakeFinisher, FakeMedia, registry
from tests.support.theatre import Observed

pytestmark = pytest.mark.virtual_time


class LiveTheatre:
    """Takes, one room, and what they tell the radio."""

    def __init__(self, room: Room, takes: Takes, media: FakeMedia, observed: Observed) -> None:
        self.room, self.takes, self.media = room, takes, media
        self.told = observed.relays

    async def speaks(self, voice: Voice) -> str:
        peer, _ = await self.takes.whip(self.room.id, voice, "offer", address="a", commanded=True)
        self.media.observers.connected(peer)
        await self.takes.begin(self.room, voice, peer)
        return peer

    async def stop(self, voice: Voice) -> str:
        event = await self.takes.stop(self.room, voice, None)
        assert event is not None
        assert isinstance(event.data, ClipLanded)
        return event.data.clip


@asynccontextmanager
async def live_theatre(opened: RoomOpened) -> AsyncIterator[LiveTheatre]:
    clock, media, finisher = Clock(), FakeMedia(), FakeFinisher()
    registry_, log = await registry(clock)
    observed = Observed()
    blobs = MemoryBlobs(log)
    takes = Takes(registry_, media, finisher, blobs=blobs, clock=clock, live_delay_ms=1, observers=[observed])  # type: ignore[arg-type]
    yield LiveTheatre(await registry_.open(opened, None), takes, media, observed)
    await takes.close()
    await media.close()
    await registry_.close()
    await log.close()


LIVE = RoomOpened("wonder", "Live", live=True)


async def test_one_speaker_at_a_time_is_heard_and_the_radio_is_told() -> None:
    async with live_theatre(LIVE) as live:
        peer = await live.speaks(ANNA)
        await live.speaks(BELA)
        assert live.media.relayed == [(peer, live.room.id, 1)]

        heard = await live.stop(ANNA)
        unheard = await live.stop(BELA)
        async with asyncio.timeout(5):
            while False not in live.told:
                await asyncio.sleep(0.001)

        assert live.told[0] is True
        assert heard in live.told
        assert unheard not in live.told
        if live.room.state.round is not None:  # by the room's own pulse: Bela has had this turn
            await live.room.send(RoundStop())
        await live.speaks(BELA)
        assert len(live.media.relayed) == 2


async def test_a_speaker_that_vanishes_gives_the_room_back() -> None:
    async with live_theatre(LIVE) as live:
        peer = await live.speaks(ANNA)
        live.media.observers.gone(peer)

        assert live.told == [True, False]


@pytest.mark.parametrize(
    "command",
    [Change(hold=True), Change(live=False), Change(locked=True), Mute(ANNA.id, 60_000)],
    ids=["hold", "live", "locked", "muted"],
)
async def test_a_take_that_is_kept_back_in_its_middle_is_heard_no_longer(command: Command) -> None:
    async with live_theatre(LIVE) as live:
        live.room.set_presence(ANNA.id, None, PRESENT)
        peer = await live.speaks(ANNA)
        await live.room.send(Change(slow=True))
        assert live.media.silenced == []
        await live.room.send(command)
        assert live.media.silenced == [(peer, live.room.id)]
        assert live.told == [True, False]
        await live.room.send(Change(slow=False))
        assert len(live.media.silenced) == 1
        await live.stop(ANNA)
        assert live.told == [True, False], "what was not heard whole is heard when it airs"
        assert not live.takes._live._watched


async def test_a_room_is_not_live_unless_it_wants_to_be() -> None:
    async with live_theatre(RoomOpened("wonder", "Calm")) as calm:
        await calm.speaks(ANNA)

        assert calm.media.relayed == []


async def test_nobody_hears_a_take_that_its_speaker_may_still_take_back() -> None:
    async with live_theatre(RoomOpened("healing", "Heal", tempo="slow", live=True)) as healing:
        healing.room.consent(ANNA.id)
        await healing.speaks(ANNA)

        assert healing.media.relayed == []


async def test_a_hidden_take_is_not_heard_live() -> None:
    """What one player says in a hidden round reaches nobody before it is revealed."""
    async with live_theatre(LIVE) as live:
        await live.room.send(RoundStart("mind_meld"), by=ANNA)
        assert live.room.state.round is not None
        assert live.room.state.round.hidden

        await live.speaks(ANNA)

        assert live.media.relayed == []


async def test_nobody_is_heard_live_out_of_turn() -> None:
    async with live_theatre(LIVE) as live:
        await live.room.send(RoundStart("word_association"), by=ANNA)

        await live.speaks(BELA)

        assert live.media.relayed == []


async def test_a_room_is_told_whose_voice_it_hears_before_the_sound_and_when_it_ends() -> None:
    async with live_theatre(LIVE) as live:
        told: list[dict[str, object]] = []
        live.room.tail.subscribe(lambda batch: told.extend(map(live_of, batch.signals)))
        await live.speaks(ANNA)
        await live.stop(ANNA)
        async with asyncio.timeout(5):
            while len([each for each in told if each]) < 2:
                await asyncio.sleep(0.001)

        began, ended = (each for each in told if each)
        assert (began["voice"], began["on"], ended["on"]) == (ANNA.id, True, False)
        assert began["at_ms"] == live.room.context().now_ms + 1


def live_of(signal: tuple[str | None, bytes]) -> dict[str, object]:
    read = msgspec.json.decode(signal[1])
    return dict(read["data"]) if read["kind"] == "live" else {}


async def test_what_is_to_be_masked_is_never_heard_as_it_is_spoken() -> None:
    async with live_theatre(LIVE) as live:
        live.room.wear(ANNA.id, "mouse")
        await live.speaks(ANNA)
        await live.stop(ANNA)
        assert not live.media.relayed
        live.room.wear(ANNA.id, None)
        await live.speaks(ANNA)
        assert len(live.media.relayed) == 1
