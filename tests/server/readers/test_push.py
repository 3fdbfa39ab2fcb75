"""Who is not there is woken when somebody speaks after a silence: once, seldom, and not for ever in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from server.blobs.base import Blob
from server.log.base import DamagedProgress
from server.log.memory import MemoryLog
from server.push.encryption import PLAIN_BYTES
from server.push.service import Outcome, PushService
from server.push.subscriptions import DUE, Subscription, Subscriptions, due_row, spoken_row
from server.push.vapid import Vapid
from server.readers import push
from server.readers.base import Unavailable
from server.readers.push import LATE_MS, PAUSE_MS, SILENT_MS, UNANSWERED, Push, message
from server.readers.runner import Runner
from server.room.commands import Close, Land, Oversee
from server.room.events import ClipLanded, Language, Voice
from server.rooms.presence import SPEAKER
from server.rooms.registry import RoomRegistry
from tests.support.actors import until
from tests.support.media import ANNA, BELA, Clock, registry
from tests.support.push_service import Device, PushServer, push_server
from tests.support.reading import caught_up, running

TOLD = {"room": "wonder", "title": "Wonder", "body": "Somebody is speaking. Come and listen?", "lang": "en"}


class Place:
    """A room, who is woken for it, and what their push service got."""

    def __init__(self, registry_: RoomRegistry, log: MemoryLog, clock: Clock, pushes: PushServer) -> None:
        self.registry, self.log, self.clock, self.pushes = registry_, log, clock, pushes
        self.subscriptions = Subscriptions(log, clock)
        self._clips = 0

    async def subscribe(self, voice: Voice = BELA, language: Language = "en") -> Device:
        device = self.pushes.device()
        new = Subscription(voice.id, device.endpoint, **device.json()["keys"], language=language)
        await self.subscriptions.add("wonder", new)
        return device

    async def speak(self, by: Voice = ANNA, after_ms: int = SILENT_MS) -> None:
        self.clock.ms += after_ms
        self._clips += 1
        clip = f"clip-{self._clips:04}"
        landed = Land(ClipLanded(clip, 1, 0, 0, -16.0, ()))
        await self.registry.send("wonder", landed, by=by, blobs=[Blob(clip, "wonder", b"x")])

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reads]:
        """Run the reader, as a server does from its start to its end."""
        self.subscriptions = Subscriptions(self.log, self.clock)
        service = PushService(Vapid(b"s" * 32), self.clock, private=True)
        reader = Push(self.subscriptions, self.registry, service)
        try:
            async with running(self.log, reader) as (runner,):
                yield Reads(self, reader, runner)
        finally:
            await reader.close()
            await reader.close()


class Reads:
    """A reader that runs."""

    def __init__(self, place: Place, reader: Push, runner: Runner) -> None:
        self._place, self._reader, self._runner = place, reader, runner

    async def rest(self) -> list[dict[str, str]]:
        """Wait until all is read and nobody is to be woken; return what was received in all."""
        await caught_up(self._place.log, self._runner)
        async with asyncio.timeout(20):
            while self._place.subscriptions.due:
                await asyncio.sleep(0.002)
        return [told for _, told in self._place.pushes.sent]


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(push, "FIRST_PAUSE_S", 0.005)
    clock = Clock()
    registry_, log = await registry(clock)
    async with push_server(lambda: clock.ms / 1000) as pushes:
        yield Place(registry_, log, clock, pushes)
    await registry_.close()
    await log.close()


async def test_a_voice_after_a_silence_wakes_who_is_not_there_once(place: Place) -> None:
    async with place.reading() as reads:
        await place.subscribe()
        await place.speak(after_ms=SILENT_MS - 1)
        assert await reads.rest() == [], "it was not silent for long enough"
        await place.speak()
        assert await reads.rest() == [TOLD]
        for _ in range(4):
            await place.speak()
        assert await reads.rest() == [TOLD], "at most one an hour"
        await place.speak(after_ms=PAUSE_MS)
        assert await reads.rest() == [TOLD] * 2
    async with place.reading() as reads:
        assert await reads.rest() == [TOLD] * 2, "a restart repeats nothing"
        await place.speak(after_ms=PAUSE_MS)
        assert await reads.rest() == [TOLD] * 3


async def test_who_is_there_speaks_or_is_a_machine_wakes_nobody(place: Place) -> None:
    room = await place.registry.wake("wonder")
    async with place.reading() as reads:
        await place.subscribe()
        room.set_presence(BELA.id, None, SPEAKER)
        await place.speak()
        assert await reads.rest() == []
        room.set_presence(BELA.id, SPEAKER, None)
        await place.speak(BELA)
        assert await reads.rest() == [], "nobody is woken by themselves"
        machine = Voice("robot", "Robot", "#fff", machine=True)
        await place.speak(machine)
        assert await reads.rest() == []
        await place.speak(after_ms=0)
        assert await reads.rest() == [TOLD], "what a machine says is no voice that ends the silence"


async def test_who_never_comes_is_left_in_peace_and_the_gone_are_forgotten(place: Place) -> None:
    async with place.reading() as reads:
        device = await place.subscribe(language="de")
        gone = await place.subscribe(Voice("cara", "Cara", "#fff"))
        place.pushes.devices.pop(gone.endpoint.rpartition("/")[2])
        for _ in range(UNANSWERED + 2):
            await place.speak(after_ms=PAUSE_MS)
            await reads.rest()
        assert [told["lang"] for told in await reads.rest()] == ["de"] * UNANSWERED
        assert [one.endpoint for one in place.subscriptions.of("wonder")] == [device.endpoint]
        keys = device.json()["keys"]
        await place.subscriptions.add("wonder", Subscription(BELA.id, device.endpoint, **keys))
        await place.speak(after_ms=PAUSE_MS)
        assert len(await reads.rest()) == UNANSWERED + 1, "who came again is woken again"


async def test_a_service_that_is_busy_is_asked_again_and_one_that_refuses_is_not(place: Place) -> None:
    async with place.reading() as reads:
        await place.subscribe()
        place.pushes.faults = [(429, {}), (500, {}), (503, {"Retry-After": "0"})]
        await place.speak()
        assert await reads.rest() == [TOLD]
        assert len(place.pushes.asked) == 4
        place.pushes.faults = [(403, {})]
        await place.speak(after_ms=PAUSE_MS)
        assert await reads.rest() == [TOLD]
        (one,) = place.subscriptions.of("wonder")
        assert one.unanswered == 2


async def test_a_kill_misses_nobody_and_what_is_late_is_let_go(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patient:
        patient.setattr(push, "FIRST_PAUSE_S", 3_600.0)
        async with place.reading():
            await place.subscribe()
            place.pushes.faults = [(503, {})]
            await place.speak()
            await place.pushes.was_asked(1)
        assert len(await place.log.projection(Push.name, DUE)) == 1
    async with place.reading() as reads:
        assert await reads.rest() == [TOLD]
    assert await place.log.projection(Push.name, DUE) == []

    await place.speak(after_ms=PAUSE_MS)
    place.clock.ms += LATE_MS + 1
    async with place.reading() as reads:
        assert await reads.rest() == [TOLD], "nobody comes for a voice of long ago"


async def test_a_service_that_is_slow_keeps_nobody_else_waiting(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, may_send = PushService.send, asyncio.Event()

    async def slowly(service: PushService, to: Subscription, told: bytes, room: str) -> Outcome:
        if to.voice == BELA.id:
            await may_send.wait()
        return await send(service, to, told, room)

    monkeypatch.setattr(PushService, "send", slowly)
    async with place.reading() as reads:
        await place.subscribe()
        cara = await place.subscribe(Voice("cara", "Cara", "#fff"))
        for count in (1, 2):
            await place.speak(after_ms=PAUSE_MS)
            await place.pushes.received(count)
            await until(lambda: ("wonder", "cara") not in place.subscriptions.due)
        assert [device for device, _ in place.pushes.sent] == [cara] * 2
        may_send.set()
        assert len(await reads.rest()) == 3


async def test_a_service_that_never_answers_is_left_in_peace_as_well(place: Place) -> None:
    async with place.reading() as reads:
        await place.subscribe()
        place.pushes.faults = [(503, {})] * 10_000
        await place.speak()
        await place.pushes.was_asked(1)
        place.clock.ms += LATE_MS + 1
        assert await reads.rest() == []
        (one,) = place.subscriptions.of("wonder")
        assert one.unanswered == 1
        place.pushes.faults = []
        await place.speak(after_ms=PAUSE_MS)
        assert await reads.rest() == [TOLD]


async def test_what_a_voice_did_is_told_again_until_it_is_stored(place: Place) -> None:
    await place.subscribe()
    await place.speak()
    found = Subscriptions(place.log, place.clock)
    reader = Push(found, place.registry, PushService(Vapid(b"s" * 32), place.clock, private=True))
    (change,) = [each for each in await place.log.changes() if each.event.kind == ClipLanded.kind]
    first, again = await reader.read(change), await reader.read(change)
    assert (
        first == again == [spoken_row("wonder", place.clock.ms), due_row("wonder", BELA.id, place.clock.ms)]
    )
    await place.speak(after_ms=1)
    soon = (await place.log.changes())[-1]
    assert await reader.read(soon) is None, "when a room was spoken in is stored once a minute"
    await reader.close()


async def test_a_row_of_who_was_woken_that_is_stored_late_wakes_nobody(place: Place) -> None:
    async with place.reading() as reads:
        await place.subscribe()
        await place.speak()
        assert await reads.rest() == [TOLD]
    position = await place.log.cursor(Push.name)
    late = [due_row("wonder", BELA.id, place.clock.ms)]
    await place.log.advance(Push.name, position, expect=position, effects=late)
    async with place.reading() as reads:
        assert await reads.rest() == [TOLD]
    assert await place.log.projection(Push.name, DUE) == []


async def test_a_storage_that_is_away_is_no_fault_of_a_voice(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.speak()
    found = Subscriptions(place.log, place.clock)
    reader = Push(found, place.registry, PushService(Vapid(b"s" * 32), place.clock, private=True))
    change, fault = (await place.log.changes())[-1], OSError("away")

    async def load() -> None:
        raise fault

    monkeypatch.setattr(found, "load", load)
    with pytest.raises(Unavailable):
        await reader.read(change)
    fault = DamagedProgress("damaged")
    with pytest.raises(DamagedProgress):
        await reader.read(change)
    await reader.close()


async def test_what_was_taken_and_could_not_be_noted_comes_again_as_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place.reading() as reads:
        await place.subscribe()
        real, failures = place.subscriptions.woken, [OSError("the disk is away")]

        async def woken(*told: Any) -> None:
            if failures:
                raise failures.pop()
            await real(*told)

        monkeypatch.setattr(place.subscriptions, "woken", woken)
        await place.speak()
        assert await reads.rest() == [TOLD] * 2
    first, second = [asked.headers["Topic"] for asked in place.pushes.asked]
    assert first == second, "its push service keeps one of them, and a device shows one"


async def test_a_room_that_is_closed_or_gone_wakes_nobody(place: Place) -> None:
    async with place.reading() as reads:
        await place.subscribe()
        await place.registry.send("wonder", Oversee(Close(), ""), by=None)
        await reads.rest()
        assert len(place.subscriptions) == 0
    async with place.reading():
        await place.subscriptions.load()
        assert len(place.subscriptions) == 0
        assert await place.log.parts(Push.name) == []


def test_a_message_has_place_for_every_name_of_a_room() -> None:
    assert len(message("x" * 64, "\U0001f3a4" * 200, "de")) <= PLAIN_BYTES
    assert len(message("x" * 64, '"\\' * 200, "de")) <= PLAIN_BYTES
