"""Takes in a room of two voices, on a media plane, a finish and a log that are late, break, or are full."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Literal

import msgspec

from audio.take import Unfit
from server.blobs.memory import MemoryBlobs
from server.log.base import Entry, Outcome, StorageFull
from server.room.commands import Close, Refused, RoundStop, Throw
from server.room.events import ClipLanded, RoomOpened, Voice
from server.room.rounds import PREVIEW_MS
from server.rooms.registry import RoomRegistry
from server.rooms.tail import Batch
from server.rtc.media import Ending
from server.takes.life import State, TakeLife
from server.takes.takes import UPLOAD, Takes
from tests.support.actors import GatedLog
from tests.support.media import ANNA, BELA, Clock, FakeFinisher, FakeMedia
from tests.support.theatre import Observed

Action = Literal[
    "begin", "stop", "cut", "limit", "gone", "gone early", "vanish", "plain", "loud", "quiet", "announce",
    "upload", "keep", "drop", "wait", "throw", "out", "close room", "hold finish", "let finish go",
    "hold log", "let log go", "silence", "crash", "speech", "fill disk", "free disk", "break log", "mend log",
    "drain",
]  # fmt: skip
ACTIONS: tuple[Action, ...] = Action.__args__  # type: ignore[attr-defined]
VOICES = (ANNA, BELA)
ENDINGS: dict[str, Ending] = {"cut": "stopped", "limit": "limit", "vanish": "gone"}
TURNS = 12  # of the loop, in which all that needs no gate comes to rest


class LateMedia(FakeMedia):
    """Hands a stopped take over when the test says so, as late packets are waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = b"speech"
        self.ending: set[str] = set()

    def end_take(self, peer: str) -> bool:
        if peer not in self.open or peer in self.ending:
            return False
        self.ending.add(peer)
        return True

    def cut(self, peer: str, ending: Ending) -> None:
        if peer in self.open:
            self.ending.discard(peer)
            self.end(peer, ending, sound=self.sound)

    async def close_peer(self, peer: str) -> None:
        if peer in self.peers:
            self.cut(peer, "gone")
            await super().close_peer(peer)


class FullLog(GatedLog):
    """A log whose disk is full when the test says so."""

    is_full = False

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        if self.is_full:
            return [StorageFull() for _ in entries]
        return await super().extend(room, entries, expect=expect)


class Play:
    """A room, two voices, and all that was asked and answered."""

    def __init__(
        self, registry: RoomRegistry, takes: Takes, media: LateMedia, log: FullLog, observed: Observed
    ) -> None:
        self.registry, self.takes, self.media, self.log, self.observed = registry, takes, media, log, observed
        self.clock, self.finisher = Clock(), FakeFinisher()
        self.lives: list[TakeLife] = []
        self.left: set[State] = set()  # the states of all takes when nothing but `close` can end them
        self.peers: dict[str, Voice] = {}
        self.plain: dict[str, Voice] = {}
        self.was_heard: set[str] = set()
        self.previews: list[str] = []
        self.answers: list[asyncio.Task[Any]] = []
        self.told: Counter[tuple[str, str]] = Counter()

    async def start(self, kind: str, clock: Clock, finisher: FakeFinisher) -> None:
        self.clock, self.finisher = clock, finisher
        opened = RoomOpened(kind, "Room", tempo="snap", live=True)
        self.room = await self.registry.open(opened, None, id="room")
        self.room.tail.subscribe(self._hear)

        begin = self.takes._outcomes.begin

        def noted(take: TakeLife, *, until_ms: int) -> None:
            self.lives.append(take)
            begin(take, until_ms=until_ms)

        self.takes._outcomes.begin = noted  # type: ignore[method-assign]

    def _hear(self, batch: Batch) -> None:
        for signal in (msgspec.json.decode(body) for _, body in batch.signals):
            if signal["kind"] == "take":
                said = signal["data"]
                self.previews += [said["preview"]] if "preview" in said else []
                self.told[said["peer"], said["state"]] += 1

    def _ask(self, work: Coroutine[Any, Any, object]) -> None:
        self.answers.append(asyncio.ensure_future(self._answered(work)))

    async def _answered(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except (Refused, Unfit, OSError, RuntimeError):
            return

    async def do(self, action: Action, voice: Voice) -> None:
        """Do one thing, and let all that waits for nothing else come to rest."""
        own = [peer for peer, whose in self.peers.items() if whose == voice]
        await self._act(action, voice, own)
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def _act(self, action: Action, voice: Voice, own: list[str]) -> None:
        match action:
            case "begin":
                await self._begin(voice)
            case "stop":
                self._ask(self.takes.stop(self.room, voice, 350))
            case "cut" | "limit" | "vanish":
                for peer in own:
                    self.media.cut(peer, ENDINGS[action])
            case "gone" | "gone early" if own:
                await self._leave(own[0], with_take=action == "gone")
            case "plain":
                await self._plain(voice)
            case "loud" | "quiet":
                self._level(own, on=action == "loud")
            case "announce":
                await self._try(self.takes.begin(self.room, voice, ""))
            case "upload":
                self._upload(voice)
            case "keep" | "drop":
                self._decide(action, voice)
            case _:
                self._change(action, voice)

    async def _leave(self, peer: str, *, with_take: bool) -> None:
        """Let a peer go, with its open take or with too little for one."""
        self.media.silent = not with_take
        await self.takes.close_peer(peer)
        self.media.silent = False
        self.media.open.discard(peer)
        del self.peers[peer]

    def _change(self, action: Action, voice: Voice) -> None:
        """Change what is around the takes."""
        match action:
            case "wait":
                self.clock.ms += PREVIEW_MS // 2
            case "throw":
                self._ask(self.room.send(Throw(), by=voice))
            case "out":
                self._ask(self.room.send(RoundStop(), by=voice))
            case "close room":
                self._ask(self.room.send(Close()))
            case "hold finish" | "let finish go":
                (self.finisher.gate.clear if action == "hold finish" else self.finisher.gate.set)()
            case "hold log" | "let log go":
                (self.log.gate.clear if action == "hold log" else self.log.gate.set)()
            case "silence" | "crash" | "speech":
                self.media.sound = action.encode()
            case "fill disk" | "free disk":
                self.log.is_full = action == "fill disk"
            case "break log" | "mend log":
                self.log.error = OSError("broken") if action == "break log" else None
            case "drain":
                self._ask(self.takes.drain(0))

    async def _try(self, work: Coroutine[Any, Any, object]) -> bool:
        try:
            await work
        except Refused:
            return False
        return True

    async def _peer(self, voice: Voice, *, commanded: bool) -> str:
        peer, _ = await self.takes.whip("room", voice, "offer", address="a", commanded=commanded)
        self.media.observers.connected(peer)
        return peer

    async def _begin(self, voice: Voice) -> None:
        own = [peer for peer, whose in self.peers.items() if whose == voice and peer not in self.plain]
        if len(own) < 2:
            try:
                own.insert(0, await self._peer(voice, commanded=True))
            except Refused:
                return
            self.peers[own[0]] = voice
        await self._try(self.takes.begin(self.room, voice, own[0]))

    async def _plain(self, voice: Voice) -> None:
        if voice in self.plain.values():
            return
        try:
            peer = await self._peer(voice, commanded=False)
        except Refused:
            return
        self.peers[peer] = self.plain[peer] = voice
        self.media.open.add(peer)

    def _level(self, own: list[str], *, on: bool) -> None:
        for peer in own:
            self.media.observers.level(peer, on=on)

    def _upload(self, voice: Voice) -> None:
        self._ask(self.takes.upload("room", voice, self.media.sound, "audio/ogg"))

    def _decide(self, action: Action, voice: Voice) -> None:
        for preview in self.previews[-2:]:
            if action == "keep":
                self._ask(self.takes.keep(self.room, voice, preview))
                continue
            try:
                self.takes.drop(self.room, voice, preview)
            except Refused:
                continue

    async def end(self) -> None:
        """Undo all faults, disconnect everybody, and stop."""
        self.log.error, self.log.is_full = None, False
        self.log.gate.set()
        self.finisher.gate.set()
        for peer in list(self.peers):
            await self.takes.close_peer(peer)
        await self.takes.drain()
        self.left = {life.state for life in self.lives}
        await self.takes.close()
        await asyncio.gather(*self.answers)
        self.room.end_speaking(ANNA.id, UPLOAD)  # announced, and never sent: the room ends that by itself
        self.room.end_speaking(BELA.id, UPLOAD)

    async def landed(self) -> list[str]:
        events = await self.log.read("room", 0, 10_000)
        return [event.data.clip for event in events if isinstance(event.data, ClipLanded)]


@asynccontextmanager
async def playing(kind: str) -> AsyncIterator[Play]:
    clock, log, media, finisher, observed = Clock(), FullLog(), LateMedia(), FakeFinisher(), Observed()
    registry = RoomRegistry(log, clock=clock, random=Random(1), secret=b"s" * 32)
    blobs = MemoryBlobs(log)
    takes = Takes(registry, media, finisher, blobs=blobs, clock=clock, observers=[observed])  # type: ignore[arg-type]
    play = Play(registry, takes, media, log, observed)
    await play.start(kind, clock, finisher)
    yield play
    await takes.close()
    await registry.close()
    await log.close()
