"""A room with a radio that plays short clips at once, and what it says of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any, cast

import msgspec
import pytest

from audio import ogg, opus
from server.blobs.base import Blob
from server.blobs.memory import MemoryBlobs
from server.engines.speech import Speech
from server.engines.utterances import Utterances
from server.log.memory import MemoryLog
from server.readers import radio
from server.readers.announcer import Speakers
from server.readers.radio import Radio
from server.room import playlist
from server.room.commands import Land
from server.room.events import ClipLanded, Draft
from server.room.state import apply
from server.rooms.base import Room
from tests.support.media import ANNA, Clock, FakeMedia, registry

FRAMES = 3
SOUND = ogg.write([opus.silence()] * FRAMES, preskip=0, samples=FRAMES * 960)


def sound(clip: str) -> Blob:
    return Blob(clip, "wonder", SOUND)


class Studio:
    """A room with a radio that plays short clips."""

    def __init__(self, room: Room, log: MemoryLog, media: FakeMedia, speech: Speakers | None = None) -> None:
        self.room, self.log, self.media = room, log, media
        self.listening = 0
        self.cues: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.cuts: list[str] = []
        self.spoken: list[dict[str, Any]] = []
        self.radio = Radio(
            log, MemoryBlobs(log), media, Random(1), audience=lambda _room: self.listening, speech=speech
        )
        self.radio.attach(room)
        room.tail.subscribe(self._hear)

    def _hear(self, batch: Any) -> None:
        for _, body in batch.signals:
            signal = msgspec.json.decode(body)
            if signal["kind"] == "cue" and signal["data"]["kind"] != "clip":
                self.spoken.append(signal["data"])
            elif signal["kind"] == "cue":
                assert signal["data"]["duration_ms"] >= FRAMES * 20
                self.cues.append(signal["data"]["clip"])
                self.told.append(signal["data"])
            if signal["kind"] == "cut":
                self.cuts.append(signal["data"].get("clip") or signal["data"]["url"])

    async def land(self, *clips: str, body: bytes = SOUND) -> None:
        for clip in clips:
            landed = ClipLanded(clip, FRAMES * 20, 0, 0, -16.0, ())
            await self.room.send(Land(landed), by=ANNA, blobs=[Blob(clip, self.room.id, body)])

    async def happen(self, *drafts: Draft) -> None:
        """Let facts be in the log and in the room, whatever its rules would say of them."""
        writer = cast(Any, self.room)._writer
        events = await self.log.append(self.room.id, list(drafts), expect=self.room.tail.head)
        for event in events:
            writer.state = apply(writer.state, event)
        cast(Any, self.room.tail).publish(events)

    async def pass_time(self, ms: int) -> None:
        """Let time pass, for the clock of the room too."""
        await asyncio.sleep(ms / 1000)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                await asyncio.sleep(0.005)


class LoopClock(Clock):
    """Goes as the loop does."""

    def __call__(self) -> int:
        return self.ms + round(asyncio.get_running_loop().time() * 1000)


async def at_once(work: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """Do what else a thread does, for which virtual time does not wait."""
    return work(*args, **more)


@asynccontextmanager
async def open_studio(
    monkeypatch: pytest.MonkeyPatch,
    *,
    engine: Speech | None = None,
    wants: Callable[[str], bool] = lambda _: True,
) -> AsyncIterator[Studio]:
    monkeypatch.setattr(radio, "GAP_MS", 10)
    monkeypatch.setattr(radio, "DRIFT_AFTER_MS", 20)
    monkeypatch.setattr(radio, "GREETING_AFTER_MS", 20)
    monkeypatch.setattr(radio, "CUE_LEAD_MS", 1)
    monkeypatch.setattr(playlist, "QUEUE_PIECES", 8)
    monkeypatch.setattr(playlist, "PIECE_CLIPS", 5)
    media = FakeMedia()
    clock = LoopClock() if engine else Clock()
    utterances = Utterances(engine, clock=clock, aside=at_once)
    registry_, log = await registry(clock, spoken_ms=lambda _: utterances.length_ms if engine else None)
    speech = Speakers(utterances, wants, lambda _, __: "Bold Newt")
    studio = Studio(await registry_.wake("wonder"), log, media, speech)
    yield studio
    await studio.radio.close()
    await registry_.close()
    await log.close()
