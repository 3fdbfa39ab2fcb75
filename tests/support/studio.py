"""A room with a radio that plays short clips at once, and what it says of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import msgspec
import pytest

from audio import ogg, opus
from server.blobs.base import Blob
from server.blobs.memory import MemoryBlobs
from server.log.memory import MemoryLog
from server.readers import radio
from server.readers.radio import Radio
from server.room import playlist
from server.room.commands import Land
from server.room.events import ClipLanded
from server.rooms.base import Room
from tests.support.media import ANNA, Clock, FakeMedia, registry

FRAMES = 3
SOUND = ogg.write([opus.silence()] * FRAMES, preskip=0, samples=FRAMES * 960)


def sound(clip: str) -> Blob:
    return Blob(clip, "wonder", SOUND)


class Studio:
    """A room with a radio that plays short clips."""

    def __init__(self, room: Room, log: MemoryLog, media: FakeMedia) -> None:
        self.room, self.log, self.media = room, log, media
        self.listening = 0
        self.cues: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.cuts: list[str] = []
        self.radio = Radio(log, MemoryBlobs(log), media, Random(1), audience=lambda _room: self.listening)
        self.radio.attach(room)
        room.tail.subscribe(self._hear)

    def _hear(self, batch: Any) -> None:
        for _, body in batch.signals:
            signal = msgspec.json.decode(body)
            if signal["kind"] == "cue":
                assert signal["data"]["duration_ms"] >= FRAMES * 20
                self.cues.append(signal["data"]["clip"])
                self.told.append(signal["data"])
            if signal["kind"] == "cut":
                self.cuts.append(signal["data"]["clip"])

    async def land(self, *clips: str, body: bytes = SOUND) -> None:
        for clip in clips:
            landed = ClipLanded(clip, FRAMES * 20, 0, 0, -16.0, ())
            await self.room.send(Land(landed), by=ANNA, blobs=[Blob(clip, self.room.id, body)])

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def open_studio(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Studio]:
    monkeypatch.setattr(radio, "GAP_MS", 10)
    monkeypatch.setattr(radio, "DRIFT_AFTER_MS", 20)
    monkeypatch.setattr(radio, "GREETING_AFTER_MS", 20)
    monkeypatch.setattr(radio, "CUE_LEAD_MS", 1)
    monkeypatch.setattr(playlist, "QUEUE_PIECES", 8)
    monkeypatch.setattr(playlist, "PIECE_CLIPS", 5)
    media = FakeMedia()
    registry_, log = await registry(Clock())
    studio = Studio(await registry_.wake("wonder"), log, media)
    yield studio
    await studio.radio.close()
    await registry_.close()
    await log.close()
