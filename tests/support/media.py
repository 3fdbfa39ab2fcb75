"""A media plane without a network, a finish without sound, and a registry in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

from audio.take import LONGEST_TAKE_MS, Clip, Limits, Mask, Packet, Take, Unfit
from server.log.memory import MemoryLog
from server.room.events import RoomOpened, Voice
from server.rooms.registry import RoomRegistry
from server.rtc.media import BadOffer, Counts, Ending, MediaObserver, MediaObservers, Role, TakeEnded

ANNA = Voice("voice-anna", "Zany Kettle", "#ffaa00")
BELA = Voice("voice-bela", "Soft Cactus", "#00aaff")
CLEO = Voice("voice-cleo", "Loud Teapot", "#aa00ff")
START_MS = 1_700_000_000_000


class Clock:
    """Epoch milliseconds that a test moves."""

    def __init__(self) -> None:
        self.ms = START_MS

    def __call__(self) -> int:
        return self.ms


class FakeMedia:
    """Answers every offer but "bad"; the test tells what the peers do."""

    def __init__(self) -> None:
        self.observers = MediaObservers()
        self.peers: dict[str, tuple[str, Role]] = {}
        self.open: set[str] = set()
        self.limits_ms: list[int] = []
        self.session_limits_ms: list[int] = []
        self.played: list[tuple[str, int]] = []
        self.stopped: list[str] = []
        self.relayed: list[tuple[str, str, int]] = []
        self.silenced: list[tuple[str, str]] = []
        self.silent = False  # takes end without enough to hand over

    def observe(self, observer: MediaObserver) -> None:
        self.observers.add(observer)

    async def answer(
        self,
        room: str,
        role: Role,
        offer: str,
        *,
        address: str,
        commanded: bool = False,
        limit_ms: int = LONGEST_TAKE_MS,
    ) -> tuple[str, str]:
        if offer == "bad":
            raise BadOffer("This is not an offer.")
        self.session_limits_ms.append(limit_ms)
        peer = f"peer-{len(self.session_limits_ms)}"
        self.peers[peer] = (room, role)
        return peer, "answer"

    def begin_take(self, peer: str, limit_ms: int) -> bool:
        if peer in self.open or peer not in self.peers:
            return False
        self.open.add(peer)
        self.limits_ms.append(limit_ms)
        return True

    def end_take(self, peer: str) -> bool:
        return self.end(peer, "stopped")

    def end(self, peer: str, ending: Ending, *, sound: bytes = b"speech") -> bool:
        """End a take as the media plane would."""
        if self.silent:
            return True
        self.open.discard(peer)
        self.observers.take_ended(TakeEnded(peer, Take((Packet(0, sound),)), START_MS, ending))
        return True

    def play(self, room: str, frames: Sequence[bytes]) -> tuple[int, int]:
        self.played.append((room, len(frames)))
        return START_MS, len(frames) * 20

    def stop(self, room: str) -> None:
        self.stopped.append(room)

    def begin_live_relay(self, peer: str, room: str, delay_ms: int) -> bool:
        self.relayed.append((peer, room, delay_ms))
        return True

    def end_live_relay(self, peer: str, room: str) -> None:
        self.silenced.append((peer, room))

    def listeners(self, room: str) -> int:
        return sum(where == (room, "listener") for where in self.peers.values())

    def counts(self) -> Counts:
        return Counts()

    def endpoint(self) -> tuple[str, int]:
        return "127.0.0.1", 9

    async def close_peer(self, peer: str) -> None:
        if self.peers.pop(peer, None):
            if peer in self.open:
                self.end(peer, "gone")
            self.observers.gone(peer)

    async def close(self) -> None:
        for peer in list(self.peers):
            await self.close_peer(peer)


class FakeFinisher:
    """Finishes what sounds like speech at once; a test may hold it back."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.ogg = b"OggS"
        self.longest_ms: list[int] = []

    async def take(self, take: Take, limits: Limits, mask: Mask | None = None, **_: bool) -> Clip:
        return await self.upload(take.packets[0].payload, "audio/ogg", limits, mask)

    async def upload(
        self, body: bytes, media_type: str, limits: Limits, mask: Mask | None = None, **_: bool
    ) -> Clip:
        self.longest_ms.append(limits.longest_ms)
        await self.gate.wait()
        if body == b"silence":
            raise Unfit("silent", "We heard nothing. Is your microphone muted?")
        if body == b"crash":
            raise RuntimeError("out of order")
        return Clip(self.ogg, 900, 300, 0, -16.0, -2.0, (50,) * 64, mask.name if mask else None)


async def registry(clock: Clock, **more: Any) -> tuple[RoomRegistry, MemoryLog]:
    """Return a registry with one room, `wonder`, and its log."""
    log = MemoryLog()
    made = RoomRegistry(log, clock=clock, random=Random(1), secret=b"s" * 32, **more)
    await made.open(RoomOpened("wonder", "Wonder", public=True), None, id="wonder")
    return made, log
