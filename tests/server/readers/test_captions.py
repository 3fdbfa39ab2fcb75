"""Clips get their words: which comes first, what fails, what is removed meanwhile, and restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from server.blobs.base import Blob
from server.blobs.memory import MemoryBlobs
from server.blobs.unreduced import Unreduced
from server.log.memory import MemoryLog
from server.readers import captions
from server.readers.captions import ASIDE, LOOKED_AT_EVERY_MS, PAUSES_MS, TRIES, WAITING, Captions
from server.readers.runner import Readers
from server.room.commands import Close, Forget, Land, RoundStart
from server.room.events import ClipCaptioned, ClipLanded, RoomOpened
from server.rooms.registry import RoomRegistry
from tests.support.actors import until
from tests.support.media import ANNA, Clock, registry
from tests.support.reading import QUICK, caught_up
from tests.support.scripted_ear import ScriptedEar, worded

pytestmark = pytest.mark.virtual_time


class Place:
    """A registry, its log, an ear, and a reader that runs when a test says so."""

    def __init__(self, registry_: RoomRegistry, log: MemoryLog, clock: Clock) -> None:
        self.registry, self.log, self.clock, self.ear = registry_, log, clock, ScriptedEar()
        self.told: list[str] = []
        self.unreduced = Unreduced()
        self.readers: list[tuple[Captions, Readers]] = []

    async def start(self, *, workers: int = 1) -> Captions:
        blobs = MemoryBlobs(self.log)
        reader = Captions(
            self.registry,
            self.log,
            blobs,
            self.ear,
            self.clock,
            workers=workers,
            unreduced=self.unreduced,
            told=lambda outcome, _: self.told.append(outcome),
        )
        readers = Readers(self.log, [reader], clock=self.clock, patience=QUICK)
        readers.start()
        self.readers.append((reader, readers))
        await caught_up(self.log, readers.runners[0])
        return reader

    async def stop(self) -> None:
        for reader, readers in self.readers:
            await readers.close()
            await reader.close()
            await reader.close()
        self.readers = []

    async def land(self, clip: str, sound: str = "", room: str = "wonder") -> None:
        self.clock.ms += 10
        landed = Land(ClipLanded(clip, 900, 0, 0, -16.0, ()))
        blob = Blob(clip, room, (sound or clip).encode())
        await self.registry.send(room, landed, by=ANNA, blobs=[blob])

    async def captions(self, room: str = "wonder") -> list[ClipCaptioned]:
        events = await self.log.read(room, 0, 1_000)
        return [event.data for event in events if isinstance(event.data, ClipCaptioned)]

    async def has(self, *clips: str) -> None:
        """Wait until these have their words, in this order and no others."""
        async with asyncio.timeout(60):
            while (found := [each.clip for each in await self.captions()]) != list(clips):
                assert len(found) <= len(clips), found
                await asyncio.sleep(0.01)

    async def rows(self) -> dict[str, list[str]]:
        parts = await self.log.parts("captions")
        return {part: [row.item for row in await self.log.projection("captions", part)] for part in parts}

    async def nothing_waits(self) -> None:
        reader, readers = self.readers[-1]
        async with asyncio.timeout(60):
            await caught_up(self.log, readers.runners[0])
            while reader.waiting or set(await self.rows()) - {ASIDE}:
                await asyncio.sleep(0.01)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    clock = Clock()
    registry_, log = await registry(clock)
    made = Place(registry_, log, clock)
    yield made
    await made.stop()
    await registry_.close()
    await log.close()


async def test_a_clip_gets_its_words_with_their_times_and_whose_they_are(place: Place) -> None:
    await place.start()
    await place.land("clip-0001", "a wet umbrella")
    await place.has("clip-0001")

    (caption,) = await place.captions()
    assert (caption.text, caption.language, caption.by) == ("a wet umbrella", "en", "scripted")
    assert caption.words == worded("a wet umbrella")
    await place.nothing_waits()
    assert place.told == ["words"]


async def test_words_are_read_from_the_sound_before_noise_reduction_which_then_goes(place: Place) -> None:
    place.ear.failures[b"with noise"] = 1
    await place.start()
    place.unreduced.keep("clip-0001", b"with noise")
    place.unreduced.keep("clip-0002", b"gone")
    await place.land("clip-0001", "without")
    await place.land("clip-0002", "other")
    await place.registry.send("wonder", Forget("clip-0002"), by=ANNA)
    async with asyncio.timeout(60):
        while "with noise" not in [caption.text for caption in await place.captions()]:
            place.clock.ms += 1_000
            await asyncio.sleep(0.01)

    await place.nothing_waits()
    assert len(place.unreduced) == 0


async def test_one_in_which_no_words_are_heard_is_captioned_without_any(place: Place) -> None:
    await place.start()
    place.ear.script[b"laughter"] = ""
    await place.land("clip-0001", "laughter")
    await place.has("clip-0001")

    assert (await place.captions())[0].words == ()
    assert (await place.registry.look("wonder")).clips.whole["clip-0001"].caption == ""
    await place.nothing_waits()
    assert place.told == ["no_words"]


async def test_the_newest_comes_first_but_for_what_a_round_waits_for(place: Place) -> None:
    await place.start()
    place.ear.gate.clear()
    await place.land("clip-busy")
    await until(lambda: bool(place.ear.asked))
    await place.registry.send("wonder", RoundStart("five_things"), by=ANNA)
    await place.land("clip-round")
    for number in range(3):
        await place.land(f"clip-000{number}")
    reader = place.readers[0][0]
    await until(lambda: reader.waiting == 5)
    place.ear.gate.set()

    state = await place.registry.look("wonder")
    assert state.clips.whole["clip-round"].round is not None
    await place.has("clip-busy", "clip-round", "clip-0002", "clip-0001", "clip-0000")


async def test_what_does_not_fit_into_the_queue_is_taken_up_later(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captions, "QUEUE_CLIPS", 4)
    reader = await place.start()
    place.ear.gate.clear()
    for number in range(12):
        await place.land(f"clip-{number:04}")
    await until(lambda: place.readers[0][1].runners[0].events >= 13)
    assert reader.waiting <= 5
    place.ear.gate.set()

    await place.nothing_waits()
    assert sorted(each.clip for each in await place.captions()) == [
        f"clip-{number:04}" for number in range(12)
    ]


async def test_after_three_failures_a_clip_is_set_aside_and_others_go_on(place: Place) -> None:
    await place.start()
    place.ear.failures[b"bad"] = 100
    place.ear.failures[b"once"] = 1
    await place.land("clip-bad0", "bad")
    await place.land("clip-good", "good")
    await place.land("clip-once", "once")
    async with asyncio.timeout(120):
        while (await place.rows()) != {ASIDE: ["clip-bad0"]}:
            place.clock.ms += PAUSES_MS[0]
            await asyncio.sleep(0.1)

    assert {each.clip for each in await place.captions()} == {"clip-good", "clip-once"}
    assert place.ear.asked.count(b"bad") == TRIES
    assert place.told.count("set_aside") == 1
    await place.stop()
    await place.start()
    assert place.ear.asked.count(b"bad") == TRIES  # and stays there after a restart
    await place.registry.send("wonder", Forget("clip-bad0"), by=ANNA)
    async with asyncio.timeout(60):
        while await place.rows():
            await asyncio.sleep(0.01)


async def test_a_try_is_made_again_when_it_is_due_though_nothing_wakes_the_reader(place: Place) -> None:
    loop = asyncio.get_running_loop()
    began_s, tried_ms = loop.time(), list[int]()

    def passed_ms() -> int:
        return round((loop.time() - began_s) * 1_000)

    place.ear.failures[b"bad"] = 100
    blobs = MemoryBlobs(place.log)
    reader = Captions(place.registry, place.log, blobs, place.ear, lambda: place.clock.ms + passed_ms())
    await place.land("clip-bad0", "bad")
    for change in await place.log.changes(0, 100):
        await reader.read(change)
    await reader.idle()  # and is not asked again
    async with asyncio.timeout(60):
        while len(tried_ms) < TRIES:
            tried_ms += [passed_ms()] * (len(place.ear.asked) - len(tried_ms))
            await asyncio.sleep(0.01)
    pauses_ms = [later - before for before, later in pairwise(tried_ms)]
    assert pauses_ms == pytest.approx(PAUSES_MS, abs=100)
    await until(lambda: reader.waiting == 0)
    await reader.close()
    assert len(place.ear.asked) == TRIES


async def test_tries_are_counted_across_restarts(place: Place) -> None:
    place.ear.failures[b"bad"] = 100
    await place.land("clip-bad0", "bad")
    for part in (*WAITING[1:], ASIDE):
        await place.start()
        async with asyncio.timeout(60):
            while (await place.rows()) != {part: ["clip-bad0"]}:
                await asyncio.sleep(0.01)
        await place.stop()
    assert place.ear.asked.count(b"bad") == TRIES


async def test_a_clip_that_was_removed_meanwhile_is_dropped(place: Place) -> None:
    await place.start()
    place.ear.gate.clear()
    await place.land("clip-0001")
    await until(lambda: bool(place.ear.asked))
    await place.land("clip-0002")
    for clip in ("clip-0001", "clip-0002"):
        await place.registry.send("wonder", Forget(clip), by=ANNA)
    await until(lambda: place.readers[0][0].waiting == 1)
    place.ear.gate.set()

    await place.nothing_waits()
    assert await place.captions() == []
    assert place.ear.asked == [b"clip-0001"]


async def test_a_clip_that_is_removed_in_its_last_try_leaves_no_row(place: Place) -> None:
    await place.start()
    place.ear.failures[b"bad"] = 100
    await place.land("clip-bad0", "bad")
    async with asyncio.timeout(60):
        while (await place.rows()) != {WAITING[2]: ["clip-bad0"]}:
            place.clock.ms += PAUSES_MS[0]
            await asyncio.sleep(0.1)
    place.ear.gate.clear()
    place.clock.ms += PAUSES_MS[1]
    await until(lambda: place.ear.asked.count(b"bad") == TRIES)
    await place.registry.send("wonder", Forget("clip-bad0"), by=ANNA)
    await caught_up(place.log, place.readers[0][1].runners[0])
    place.ear.gate.set()

    await place.nothing_waits()
    await asyncio.sleep(3 * LOOKED_AT_EVERY_MS / 1000)  # what came of it is stored then
    assert await place.rows() == {}


async def test_a_language_that_the_engine_lacks_is_no_failure(place: Place) -> None:
    place.ear.languages = ("en",)
    await place.registry.open(RoomOpened("wonder", "Wunder", language="de"), None, id="wunder")
    await place.start()
    await place.land("clip-0001", room="wunder")

    await place.nothing_waits()
    assert place.told == ["no_language"]
    assert await place.captions("wunder") == []


async def test_a_closed_room_wants_no_words(place: Place) -> None:
    await place.start()
    place.ear.gate.clear()
    await place.land("clip-0001")
    await until(lambda: bool(place.ear.asked))
    await place.registry.send("wonder", Close(), by=None)
    place.ear.gate.set()

    await place.nothing_waits()
    assert await place.captions() == []


async def test_a_restart_repeats_nothing_and_misses_nothing(place: Place) -> None:
    for number in range(4):
        await place.land(f"clip-000{number}")
    place.ear.gate.clear()
    await place.start()
    await until(lambda: len(place.ear.asked) == 1)
    await place.stop()  # while it listens
    place.ear.gate.set()
    await place.start(workers=2)
    await place.nothing_waits()
    await place.land("clip-0004")
    await place.nothing_waits()

    assert sorted(each.clip for each in await place.captions()) == [
        f"clip-000{number}" for number in range(5)
    ]
    heard = len(place.ear.asked)
    await place.stop()
    await place.log.restart("captions")  # its rows are lost: they are made anew, and nobody listens again
    await place.start()
    await place.nothing_waits()
    assert len(place.ear.asked) == heard
    assert place.ear.most_at_once == 2


async def test_the_seconds_of_speech_that_were_counted_are_passed_on(place: Place) -> None:
    await place.start()
    await place.land("clip-0001")
    await place.has("clip-0001")
    assert place.ear.speech_ms == [None]
