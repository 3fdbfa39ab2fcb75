"""The program that is killed: rooms under load that tell through a pipe what was acknowledged."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from server.blobs.base import Blob
from server.log.sqlite import SqliteLog
from server.room import clips, filed
from server.room.commands import Land, Refused, Remove, Say
from server.room.events import ClipLanded, RoomOpened, Voice
from server.rooms import snapshots
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from tests.support.fork_server import serve, tell

ROOMS = 3
VOICES = 4
CLIP_EVERY = 5


class Victim:
    """Sends commands as fast as it can; in mode "eager" it says so before they are stored."""

    def __init__(self, mode: str, seed: int) -> None:
        self.eager = mode == "eager"
        self.random = Random(seed)

    async def run(self, path: Path) -> None:
        log = await SqliteLog.open(path)
        registry = RoomRegistry(
            log, clock=lambda: time.time_ns() // 1_000_000, random=self.random, secret=b"s" * 32
        )
        rooms = [await self.room(registry, log, f"room{i}") for i in range(ROOMS)]
        tell("ready")
        await asyncio.gather(*[self.speak(room, log, f"voice{i}") for room in rooms for i in range(VOICES)])

    async def room(self, registry: RoomRegistry, log: SqliteLog, name: str) -> Room:
        if not await log.head(name):
            return await registry.open(RoomOpened("wonder", name), None, id=name)
        return await registry.wake(name)

    async def speak(self, room: Room, log: SqliteLog, name: str) -> None:
        """Go on where the last victim was killed; its last command is sent once more, under its key."""
        number = await last_number(log, room.id, name)
        if number is None:
            number = 0
        while True:
            await self.send(room, Voice(name, name, "#fff"), number)
            number += 1

    async def send(self, room: Room, voice: Voice, number: int) -> None:
        key, thing = f"k{number}", f"{room.id}-{voice.id}-{number}"
        if self.eager:
            tell(f"ack {thing} 0")
        if number % CLIP_EVERY:
            events = await room.send(Say(thing), by=voice, key=key)
        else:
            landed = Land(ClipLanded(thing, 900, 300, 0, -16.0, (50,) * 64))
            blob = Blob(thing, room.id, bytes([number % 256]) * 20_000)
            events = await room.send(landed, by=voice, key=key, blobs=[blob])
        if not self.eager:
            tell(f"ack {thing} {events[0].seq}")


class Forgetful(Victim):
    """Says, lands and removes as fast as it can, and writes a snapshot every few events."""

    def __init__(self, mode: str, seed: int) -> None:
        super().__init__(mode, seed)
        clips.WHOLE_CLIPS, clips.FILED_TOGETHER, filed.SEGMENT_ROWS = 8, 4, 16
        snapshots.EVERY_EVENTS = 20

    async def speak(self, room: Room, log: SqliteLog, name: str) -> None:
        """Go on with other words and clips than the last victim's."""
        voice = Voice(name, name, "#fff")
        await room.send(Say(f"{name} is here"), by=voice)
        while True:
            await self.do(room, voice)

    async def do(self, room: Room, voice: Voice) -> None:
        landed, what = list(room.state.clips), self.random.random()
        if what < 0.3 and len(landed) > 30:
            with suppress(Refused):  # another was faster
                await room.send(Remove(self.random.choice(landed), "admin"))
        elif what < 0.8:
            clip = f"clip-{self.random.getrandbits(60)}-"
            blob = Blob(clip, room.id, clip.encode() * 50)
            await room.send(Land(ClipLanded(clip, 900, 300, 0, -16.0, (50,) * 64)), by=voice, blobs=[blob])
        else:
            await room.send(Say(f"{self.random.random()}"), by=voice)


async def last_number(log: SqliteLog, room: str, voice: str) -> int | None:
    """Return the number of a voice's newest command that is stored."""
    for event in reversed(await log.newest(room, 200)):
        if event.by and event.by.id == voice:
            return int(thing_of(event.data).rsplit("-", 1)[1])
    return None


def thing_of(fact: object) -> str:
    """Return the unique words or clip of a fact, '' for other facts."""
    return str(getattr(fact, "text", getattr(fact, "clip", "")))


async def run(mode: str, seed: int, path: Path) -> None:
    """Be a victim."""
    victim = Forgetful if mode == "forgetful" else Victim
    await victim(mode, seed).run(path)


if __name__ == "__main__":
    serve(run)
