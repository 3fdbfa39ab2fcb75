"""A room whose events a test writes, and chats that listen to it without any network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from audio import ogg, opus
from audio.ogg_stream import PRESKIP
from server.blobs.base import Blob
from server.blobs.memory import MemoryBlobs
from server.log.memory import MemoryLog
from server.readers.runner import Patience, Readers
from server.room.events import ClipLanded, Draft, Fact, RoomOpened, Voice
from server.rooms.registry import RoomRegistry
from server.telegram.api import Buttons
from server.telegram.bot import CLOSING_S
from server.telegram.listening import Listening
from server.telegram.telling import Telling
from tests.support.actors import until
from tests.support.media import Clock

ROOM, TOKEN = "wonder", "42:token"
ANNA = Voice("voice-anna", "Zany Kettle", "#ffaa00")
BELA = Voice("voice-bela", "Soft Cactus", "#00aaff")
ROBOT = Voice("voice-robot", "The Kiosk", "#00aaff", machine=True)
QUICK = Patience(tries=3, first_ms=1, longest_ms=4)


def sound(number: int, frames: int = 10) -> list[bytes]:
    """Return packets that no other number has."""
    return [opus.silence() + bytes((number, at)) for at in range(frames)]


def landed(clip: str, *, hidden: bool = False, round_: str | None = None) -> ClipLanded:
    return ClipLanded(clip, 200, 0, 0, -16.0, (), hidden=hidden, round=round_, turn=1 if round_ else None)


class Phones:
    """The Bot API as `Listening` asks it: what was sent to whom, and what fails next."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        self.played: list[tuple[int, str, bytes, Buttons]] = []
        self.faults: list[Exception] = []

    async def say(self, chat_id: int, text: str, buttons: Buttons = (), *, tries: int = 3) -> None:
        self._fail()
        self.said.append((chat_id, text))

    async def play(
        self, chat_id: int, ogg: bytes, caption: str, buttons: Buttons = (), *, tries: int = 3
    ) -> None:
        self._fail()
        self.played.append((chat_id, caption, ogg, buttons))

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


class Party:
    """The room `wonder`, asleep: the test appends its events; `mine` is the voice that every chat has."""

    def __init__(self, registry_: RoomRegistry, log: MemoryLog, clock: Clock) -> None:
        self.registry, self.log, self.clock = registry_, log, clock
        self.blobs, self.phones = MemoryBlobs(log), Phones()
        self.mine: str | None = None

    async def happens(self, *facts: Fact, by: Voice | None = ANNA) -> int:
        """Append facts, each clip with a sound of its own; return the seq of the last."""
        for fact in facts:
            if isinstance(fact, ClipLanded):
                packets = sound(len(fact.clip) + ord(fact.clip[-1]))
                body = ogg.write(packets, preskip=PRESKIP, samples=len(packets) * opus.FRAME - PRESKIP)
                await self.blobs.put(Blob(fact.clip, ROOM, body))
        stored = await self.log.append(ROOM, [Draft(fact, self.clock.ms, by) for fact in facts])
        return stored[-1].seq

    def heard(self, chat: int = 1) -> list[str]:
        """Return the captions of what a chat was played."""
        return [caption for id_, caption, _, _ in self.phones.played if id_ == chat]

    async def plays(self, *captions: str, chat: int = 1) -> None:
        """Wait until a chat was played all this, and see that it was nothing else."""
        await until(lambda: len(self.heard(chat)) >= len(captions))
        assert self.heard(chat) == list(captions), self.heard(chat)

    @asynccontextmanager
    async def listening(self, pace_s: float = 1.0) -> AsyncIterator[Listening]:
        """Run the reader until the end of the block."""
        made = Listening(
            self.phones,
            self.registry,
            self.log,
            Telling(self.blobs),
            token=TOKEN,
            own=lambda _chat, _room: self.mine,
            pace_s=pace_s,
        )
        readers = Readers(self.log, [made], clock=self.clock, patience=QUICK, later_s=0.0)
        await made.load()
        readers.start()
        try:
            yield made
        finally:
            await made.close(CLOSING_S)
            await readers.close()
            await made.store()


async def party() -> Party:
    """Return a party that nobody came to yet."""
    clock, log = Clock(), MemoryLog()
    made = Party(RoomRegistry(log, clock=clock, random=Random(1), secret=b"s" * 32), log, clock)
    await made.happens(RoomOpened("wonder", "Wonder", public=True), by=None)
    return made
