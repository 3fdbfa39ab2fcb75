"""Takes with a room, on a media plane and a finish that a test directs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec.structs import replace

from server.blobs.memory import MemoryBlobs
from server.blobs.unreduced import Unreduced
from server.log.memory import MemoryLog
from server.room.events import Event, RoomOpened, Voice
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from server.rtc.media import Role
from server.takes.observer import TakesObserver
from server.takes.takes import Takes
from tests.support.actors import local
from tests.support.media import ANNA, Clock, FakeFinisher, FakeMedia, registry


class Observed(TakesObserver):
    """All that takes told."""

    def __init__(self) -> None:
        self.audiences: list[str] = []
        self.joins: list[Role] = []
        self.relays: list[object] = []  # on or off, and the ids of clips that were relayed
        self.outcomes: list[str] = []

    def peer_connected(self, role: Role, took_s: float) -> None:
        self.joins.append(role)

    def audience_changed(self, room_id: str) -> None:
        self.audiences.append(room_id)

    def live_relay_changed(self, room_id: str, *, on: bool) -> None:
        self.relays.append(on)

    def live_relayed(self, room_id: str, clip: str) -> None:
        self.relays.append(clip)

    def take_ended(self, outcome: str, took_s: float) -> None:
        self.outcomes.append(outcome)


class Theatre:
    """The takes of a server, with everything they need."""

    def __init__(
        self,
        registry: RoomRegistry,
        clock: Clock,
        room: Room,
        takes: Takes,
        media: FakeMedia,
        finisher: FakeFinisher,
        observed: Observed,
        storage: tuple[MemoryLog, MemoryBlobs],
    ) -> None:
        self.observed, (self.log, self.blobs) = observed, storage
        self.registry, self.clock = registry, clock
        self.room, self.takes, self.media, self.finisher = room, takes, media, finisher
        self.signals = self.listen(room)
        self.unreduced = Unreduced()

    def listen(self, room: Room) -> list[tuple[str | None, dict[str, Any]]]:
        """Return a list that all signals of a room go to."""
        heard: list[tuple[str | None, dict[str, Any]]] = []
        room.tail.subscribe(
            lambda batch: heard.extend((to, msgspec.json.decode(body)) for to, body in batch.signals)
        )
        return heard

    async def speaker(self, *, commanded: bool = True) -> str:
        peer, _ = await self.takes.whip("wonder", ANNA, "offer", address="a", commanded=commanded)
        self.media.observers.connected(peer)
        return peer

    async def stop(self) -> Event:
        """End Anna's take, and return its clip."""
        event = await self.takes.stop(self.room, ANNA, None)
        assert event is not None
        return event

    async def told(self, kind: str) -> list[dict[str, Any]]:
        await asyncio.sleep(0)
        return [signal["data"] for _, signal in self.signals if signal["kind"] == kind]

    async def settled(self) -> None:
        async with asyncio.timeout(5):
            await self.takes.drain()


@asynccontextmanager
async def running_theatre() -> AsyncIterator[Theatre]:
    """Run takes with one room, `wonder`."""
    clock, media, finisher = Clock(), FakeMedia(), FakeFinisher()
    registry_, log = await registry(clock)
    observed = Observed()
    blobs = MemoryBlobs(log)
    unreduced = Unreduced()
    takes = Takes(
        registry_, media, finisher,  # type: ignore[arg-type]
        blobs=blobs, clock=clock, observers=[observed], unreduced=unreduced,
    )  # fmt: skip
    made = Theatre(
        registry_, clock, await registry_.wake("wonder"), takes, media, finisher, observed, (log, blobs)
    )
    made.unreduced = unreduced
    yield made
    await takes.close()
    await media.close()
    await registry_.close()
    await log.close()


async def healing(theatre: Theatre) -> Room:
    """Open a room where takes are heard before they land."""
    opened = RoomOpened("healing", "Heal", tempo="slow")
    return await theatre.registry.open(opened, None, id="healing")


def mute(room: Room, voice: Voice, until_ms: int) -> None:
    """Let a voice be mute, as an event of the log would."""
    writer = local(room)._writer
    assert writer is not None
    writer.state = replace(room.state, muted={**room.state.muted, voice.id: until_ms})
