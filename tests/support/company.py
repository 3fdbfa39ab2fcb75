"""A room in memory with a host, on a clock that passes at once, and an engine that a test directs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

from games.characters import CHARACTERS
from games.round import Round
from server.engines.text import Request, TextEngine
from server.log.memory import MemoryLog
from server.readers.host import Host
from server.readers.host_voice import Say
from server.room.commands import Answer, Change, Refused
from server.room.commands import Say as Write
from server.room.events import Event, Fact, RoomOpened, Voice
from server.rooms.base import Room
from server.rooms.presence import SPEAKER
from server.rooms.registry import RoomRegistry
from tests.support.media import ANNA, START_MS

CHARACTER = "megaphone"


class Scribe:
    """Writes "line 1" and so on, or what a test says; remembers what it was asked."""

    name = "scribe"

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.writes: Callable[[Request], str | None] | None = None
        self.takes_s = 0.0
        self.fails: Exception | None = None
        self.at_once = self.most_at_once = 0
        self.closed = 0

    async def write(self, request: Request) -> str | None:
        """Write a line, after a while."""
        self.asked.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.at_once -= 1
        if self.fails:
            raise self.fails
        return self.writes(request) if self.writes else f"line{len(self.asked)}"

    async def close(self) -> None:
        """Count how often it was closed."""
        self.closed += 1


class Company:
    """The registry, its host, and one room that wants a character."""

    def __init__(self, registry: RoomRegistry, host: Host, room: Room, engine: Scribe) -> None:
        self.registry, self.host, self.room, self.engine = registry, host, room, engine
        self.events: list[Event] = []
        room.tail.subscribe(lambda batch: self.events.extend(each.event for each in batch.events))

    @property
    def voice(self) -> Voice:
        """Return the voice of the host."""
        name = CHARACTERS[CHARACTER].names[self.room.state.language]
        machine = self.registry.machine(CHARACTER, self.room)
        return Voice(machine.id, name, machine.colour, machine=True)

    def come(self, voice: Voice = ANNA) -> None:
        """Let somebody in who may speak."""
        self.room.consent(voice.id)
        self.room.set_presence(voice.id, None, SPEAKER)

    def go(self, voice: Voice = ANNA) -> None:
        """Let somebody leave."""
        self.room.set_presence(voice.id, SPEAKER, None)

    async def say(self, text: str, by: Voice = ANNA) -> None:
        """Write a line."""
        await self.room.send(Write(text), by=by)

    async def until(self, is_so: Callable[[], object], *, within_s: float = 120) -> None:
        """Wait, on the clock that passes at once, until something is so."""
        async with asyncio.timeout(within_s):
            while not is_so():
                await asyncio.sleep(0.1)

    async def plays(self, is_so: Callable[[], object], by: Voice = ANNA) -> None:
        """Let somebody answer whenever it is their turn, until something is so."""
        async with asyncio.timeout(600):
            while not is_so():
                await self.answers(f"word{len(self.events)}", by)
                await asyncio.sleep(0.5)

    @property
    def ended(self) -> list[Round]:
        """Return the last round, if the host began it and it was played to its end."""
        last = self.room.state.last_round
        return [last] if last and last.starter == self.voice.id and last.closed == "done" else []

    def own(self, fact: type[Fact]) -> list[Event]:
        """Return what the host did, of a kind."""
        return [each for each in self.events if each.by and each.by.machine and isinstance(each.data, fact)]

    async def answers(self, text: str, by: Voice = ANNA) -> None:
        """Write an answer if it is somebody's turn."""
        round_ = self.room.state.round
        if round_ is None or round_.turn is None or not round_.turn.is_for(by.id):
            return
        try:
            await self.room.send(Answer(round_.id, text), by=by)
        except Refused:
            return


def _name_of(_: str, voice: str) -> str:
    return f"name of {voice}"


@asynccontextmanager
async def opened(
    kind: str = "wonder",
    *,
    engine: TextEngine | None = None,
    say: Say | None = None,
    idle_ms: int = 60_000,
    wants: bool = True,
) -> AsyncIterator[Company]:
    """Open a room with a host."""
    loop, scribe = asyncio.get_running_loop(), Scribe()
    log, start_s = MemoryLog(), loop.time()
    registry = RoomRegistry(
        log,
        clock=lambda: START_MS + round((loop.time() - start_s) * 1000),
        random=Random(1),
        secret=b"s" * 32,
        idle_ms=idle_ms,
        captions=True,
    )
    host = Host(
        engine or scribe, Random(2), registry.machine, name_of=lambda _, voice: f"name of {voice}", say=say
    )
    registry.register(host)
    room = await registry.open(RoomOpened(kind, "Test", public=True), None, id=kind)
    if not wants:
        await room.send(Change(character=""))
    try:
        yield Company(registry, host, room, scribe)
    finally:
        await host.close()
        await registry.close()
        await log.close()
