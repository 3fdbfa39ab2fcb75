"""Trials of durable readers: load, and a comparison of the effects with those that there should be.

One trial for each guarantee, and for each reader of the server. Controls do the same wrongly.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from msgspec import Struct

from server.blobs.base import Blob
from server.blobs.memory import MemoryBlobs
from server.blobs.sqlite import SqliteBlobs
from server.log.base import Change, Effect, Log, Projected
from server.log.memory import MemoryLog
from server.log.sqlite import SqliteLog
from server.readers.base import Reader, Rest, key
from server.readers.captions import WAITING, Captions
from server.readers.expiry import Expiry, text_item
from server.readers.moderation import Moderation
from server.readers.runner import Patience, Runner
from server.readers.search import Search
from server.room.commands import Land, Oversee, Remove, Report, Restore, Say
from server.room.events import (
    ClipCaptioned,
    ClipLanded,
    ClipRemoved,
    RoomOpened,
    TextRemoved,
    TextReported,
    TextRestored,
    TextSaid,
    Voice,
)
from server.room.kinds import KINDS
from server.rooms import docket
from server.rooms.base import Room
from server.rooms.registry import RoomRegistry
from tests.support.reading import caught_up
from tests.support.scripted_ear import ScriptedEar

ROOMS = ("one", "two", "three")
VISITOR = Voice("voice-anna", "Zany Kettle", "#ffaa00")
# In a trial an hour passes in a millisecond, so that clips of a week expire while they are looked at.
FASTER = 3_600_000
KEEP_MS = KINDS["wonder"].keep_ms
BASE_MS = 1_790_000_000_000
STORED_AFTER = 5
PATIENCE = Patience(tries=3, first_ms=5, longest_ms=20)


def fast_ms() -> int:
    """Return a time that runs faster, the same in every process."""
    return BASE_MS + int((time.time_ns() / 1e6 - BASE_MS) * FASTER)


def registry_of(log: Log, seed: int) -> RoomRegistry:
    """Return a registry on a log, in the time of trials."""
    return RoomRegistry(log, clock=fast_ms, random=Random(seed), secret=b"s" * 32, idle_ms=10**15)


def soon_ms() -> int:
    """Return a time in which a second passes in 50 ms: what is put off is put off for about so long."""
    return time.time_ns() // 50_000


class Account(Struct, frozen=True):
    """How many effects there were, and how many were missed and repeated."""

    effects: int
    missed: int
    repeated: int


def compared(wanted: Counter[str], found: Counter[str]) -> Account:
    """Return how many effects are missing, and how many are too many."""
    missed, repeated = wanted - found, found - wanted
    return Account(found.total(), missed.total(), repeated.total())


class Trial(ABC):
    """A reader with the load that makes it work."""

    def runner(self, registry: RoomRegistry, log: Log) -> Runner:
        """Return the reader with its runner."""
        return Runner(log, self.reader(registry, log), clock=fast_ms, patience=PATIENCE)

    @abstractmethod
    def reader(self, registry: RoomRegistry, log: Log) -> Reader: ...

    @abstractmethod
    async def step(self, room: Room, name: str) -> None:
        """Let something happen in a room that the reader has to do something with."""

    async def due_ms(self, log: Log) -> int:
        """Return when all that happened asks for something."""
        return 0

    @abstractmethod
    async def account(self, log: Log) -> Account:
        """Return what the effects are when the reader has seen everything."""


async def said_in(log: Log, room: str) -> list[tuple[int, TextSaid]]:
    """Return what the visitor wrote in a room, by seq."""
    events = await log.read(room, 0, 1_000_000)
    return [(event.seq, event.data) for event in events if event.by and isinstance(event.data, TextSaid)]


class Talk(Trial):
    """A trial whose load is talk."""

    async def step(self, room: Room, name: str) -> None:
        await room.send(Say(name), by=VISITOR)


class Tally(Talk):
    """Counts what is written: wrong by one as soon as a change is missed or repeated."""

    class _Reader(Reader):
        name, page = "tally", 1

        def __init__(self, log: Log) -> None:
            self._log = log

        async def read(self, change: Change) -> Sequence[Effect] | None:
            if not isinstance(change.event.data, TextSaid):
                return None
            row = await self._log.projected(self.name, change.room, "said")
            return [Projected(change.room, "said", "all", 1 + (row.number if row else 0))]

    def reader(self, registry: RoomRegistry, log: Log) -> Reader:
        return self._Reader(log)

    async def account(self, log: Log) -> Account:
        wanted = Counter({room: len(await said_in(log, room)) for room in ROOMS})
        found = Counter({row.room: row.number for row in await log.projection("tally", "all")})
        return compared(wanted, found)


class Mirror(Talk):
    """Notes each text under its seq, page by page."""

    class _Reader(Reader):
        name = "mirror"

        async def read(self, change: Change) -> Sequence[Effect] | None:
            if not isinstance(change.event.data, TextSaid):
                return None
            return [Projected(change.room, change.event.data.text, "all", change.event.seq)]

    def reader(self, registry: RoomRegistry, log: Log) -> Reader:
        return self._Reader()

    async def account(self, log: Log) -> Account:
        wanted = Counter[str]()
        for room in ROOMS:
            wanted.update(said.text for _, said in await said_in(log, room))
        rows = await log.projection("mirror", "all", limit=10**6)
        return compared(wanted, Counter(row.item for row in rows))


class Echo(Talk):
    """Answers each text of the visitor with a text of its own, by a command to the room."""

    def __init__(self, *, keyed: bool = True) -> None:
        self.keyed = keyed

    class _Reader(Reader):
        name = "echo"

        def __init__(self, registry: RoomRegistry, *, keyed: bool) -> None:
            self._registry, self._keyed = registry, keyed

        async def read(self, change: Change) -> Sequence[Effect] | None:
            if not isinstance(change.event.data, TextSaid) or change.event.by is None:
                return None
            said = Say(f"echo {change.event.seq}")
            await self._registry.send(
                change.room, said, by=None, key=key(self, change) if self._keyed else None
            )
            return ()

    def reader(self, registry: RoomRegistry, log: Log) -> Reader:
        return self._Reader(registry, keyed=self.keyed)

    async def account(self, log: Log) -> Account:
        wanted, found = Counter[str](), Counter[str]()
        for room in ROOMS:
            wanted.update(f"{room} echo {seq}" for seq, _ in await said_in(log, room))
            for event in await log.read(room, 0, 1_000_000):
                if isinstance(event.data, TextSaid) and event.by is None:
                    found[f"{room} {event.data.text}"] += 1
        return compared(wanted, found)


class Expiring(Trial):
    """Clips and texts of which each has to leave once, and nothing is to be noted of those that left."""

    def reader(self, registry: RoomRegistry, log: Log) -> Reader:
        return Expiry(registry, log, fast_ms)

    async def step(self, room: Room, name: str) -> None:
        await room.send(Land(ClipLanded(name, 1, 0, 0, -16.0, ())), by=VISITOR)
        await room.send(Say(name), by=VISITOR)

    async def due_ms(self, log: Log) -> int:
        newest = [event.at_ms for room in ROOMS for event in await log.newest(room, 1)]
        return max(newest, default=0) + KEEP_MS + 1

    async def account(self, log: Log) -> Account:
        events = [event.data for room in ROOMS for event in await log.read(room, 0, 1_000_000)]
        found = Counter(fact.clip for fact in events if isinstance(fact, ClipRemoved))
        left: list[str] = []
        registry = registry_of(log, 0)
        for room in ROOMS:
            left += (await registry.look(room)).clips
            facts = [event.data for event in await log.read(room, 0, 1_000_000)]
            found.update(f"{room} {fact.target}" for fact in facts if isinstance(fact, TextRemoved))
            left += [text_item(room, seq) for seq, _ in await said_in(log, room)]
        await registry.close()
        noted = {row.item for row in await log.projection(Expiry.name, "wonder", limit=10**6)}
        twice = sum(number - 1 for number in found.values())
        return Account(found.total(), len(left), twice + len(noted - set(left)))


class Moderating(Trial):
    """Texts that are reported, of which every third is decided about: the others wait, each once."""

    def reader(self, registry: RoomRegistry, log: Log) -> Reader:
        return Moderation(log)

    async def step(self, room: Room, name: str) -> None:
        (said,) = await room.send(Say(name), by=VISITOR)
        await room.send(Report("", "rude", seq=said.seq), by=VISITOR)
        if said.seq % 3 == 0:
            await room.send(Oversee(Restore(seq=said.seq)))

    async def account(self, log: Log) -> Account:
        wanted, found, all_reported = Counter[str](), Counter[str](), 0
        for room in ROOMS:
            events = [event.data for event in await log.read(room, 0, 1_000_000)]
            reported = {fact.target for fact in events if isinstance(fact, TextReported)}
            decided = {fact.target for fact in events if isinstance(fact, TextRestored)}
            wanted.update(f"{room} {target}" for target in reported - decided)
            all_reported += len(reported)
        rows = await log.projection(docket.READER, docket.REPORTS, limit=10**6)
        found.update(f"{row.room} {row.item}" for row in rows)
        account = compared(wanted, found)
        return Account(all_reported, account.missed, account.repeated)


class Captioning(Trial):
    """Clips of which each has to get its words once, and nothing is to wait afterwards."""

    class _Reader(Captions):
        """Rests only when nothing waits, so that who waits for it knows all words to be there."""

        async def idle(self) -> Rest:
            try:
                rest = await super().idle()
                effects = [*rest.effects]
                while self.waiting:
                    # A loop that only spins keeps the threads of the log from their work.
                    await asyncio.sleep(0.002)
                    effects += (await super().idle()).effects
                return Rest(effects)
            except asyncio.CancelledError:
                await self.close()
                raise

    def reader(self, registry: RoomRegistry, log: Log) -> Reader:
        assert isinstance(log, MemoryLog | SqliteLog)
        blobs = MemoryBlobs(log) if isinstance(log, MemoryLog) else SqliteBlobs(log)
        return self._Reader(registry, log, blobs, ScriptedEar(), fast_ms)

    async def step(self, room: Room, name: str) -> None:
        landed = Land(ClipLanded(name, 1, 0, 0, -16.0, ()))
        await room.send(landed, by=VISITOR, blobs=[Blob(name, room.id, name.encode())])

    async def account(self, log: Log) -> Account:
        events = [event.data for room in ROOMS for event in await log.read(room, 0, 1_000_000)]
        wanted = Counter(fact.clip for fact in events if isinstance(fact, ClipLanded))
        account = compared(wanted, Counter(fact.clip for fact in events if isinstance(fact, ClipCaptioned)))
        waiting = [row for part in WAITING for row in await log.projection("captions", part, limit=10**6)]
        return Account(account.effects, account.missed, account.repeated + len(waiting))


# --- controls: what the order of effect and cursor is for


class EarlyRunner(Runner):
    """Stores the cursor before the effect."""

    async def _see(self, change: Change) -> None:
        await self._log.advance(self.name, change.position, expect=self._stored)
        self._stored = change.position
        await super()._see(change)


class LateRunner(Runner):
    """Stores the effect in a commit of its own before the cursor."""

    async def _store(self) -> None:
        if self._effects:
            await self._log.advance(self.name, self._stored, expect=self._stored, effects=self._effects)
            self._effects = []
        await super()._store()


class OftenRunner(Runner):
    """Stores the cursor after a few changes, where others wait for a thousand."""

    async def _store(self) -> None:
        self._owed = self._owed or self._unstored >= STORED_AFTER
        await super()._store()


class Searching(Trial):
    """Lines whose words have to be found, of which every third is removed: then none of its words may be.

    Words are put off, in memory, and the file has to have them before the cursor says so.
    """

    def __init__(self) -> None:
        self._search: Search | None = None

    def reader(self, registry: RoomRegistry, log: Log) -> Reader:
        path = Path(log._feed._connection.filename) if isinstance(log, SqliteLog) else None
        self._search = Search(log, path and path.with_suffix(".search"), soon_ms)
        return self._search

    def runner(self, registry: RoomRegistry, log: Log) -> Runner:
        return OftenRunner(log, self.reader(registry, log), clock=fast_ms, patience=PATIENCE)

    async def step(self, room: Room, name: str) -> None:
        (said,) = await room.send(Say(name), by=VISITOR)
        if said.seq % 3 == 0:
            await room.send(Remove("", "moderated", seq=said.seq))

    async def account(self, log: Log) -> Account:
        assert self._search is not None
        wanted, found = Counter[str](), Counter[str]()
        for room in ROOMS:
            wanted.update(f"{room} {seq}" for seq, _ in await said_in(log, room))
            found.update(f"{room} {item}" for item in await self._search.find(room, room, 10**6))
        await self._search.close()
        return compared(wanted, found)


class HastyRunner(Runner):
    """Stores the cursor, and then lets the reader finish what it put off."""

    async def _store(self) -> None:
        flush, self._reader.flush = self._reader.flush, nothing_done  # type: ignore[method-assign]
        self._owed = self._unstored > 0
        await super()._store()
        self._reader.flush = flush  # type: ignore[method-assign]
        if self._unstored == 0:
            await asyncio.sleep(0.02)
            await flush()


async def nothing_done() -> Sequence[Effect]:
    """Do nothing of what was asked for."""
    return ()


class Control(Trial):
    """A trial with another runner."""

    def __init__(self, trial: Trial, runner: type[Runner]) -> None:
        self._trial, self._runner = trial, runner

    def runner(self, registry: RoomRegistry, log: Log) -> Runner:
        return self._runner(log, self.reader(registry, log), clock=fast_ms, patience=PATIENCE)

    def reader(self, registry: RoomRegistry, log: Log) -> Reader:
        return self._trial.reader(registry, log)

    async def step(self, room: Room, name: str) -> None:
        await self._trial.step(room, name)

    async def due_ms(self, log: Log) -> int:
        return await self._trial.due_ms(log)

    async def account(self, log: Log) -> Account:
        return await self._trial.account(log)


TRIALS: dict[str, Callable[[], Trial]] = {
    "tally": Tally,
    "mirror": Mirror,
    "echo": Echo,
    "expiry": Expiring,
    "moderation": Moderating,
    "captions": Captioning,
}
# Of these each has a file beside the log, which a kill leaves as it is.
KILLED: dict[str, Callable[[], Trial]] = {**TRIALS, "search": Searching}
CONTROLS: dict[str, Callable[[], Trial]] = {
    "early_tally": lambda: Control(Tally(), EarlyRunner),
    "late_tally": lambda: Control(Tally(), LateRunner),
    "early_echo": lambda: Control(Echo(), EarlyRunner),
    "early_expiry": lambda: Control(Expiring(), EarlyRunner),
    "early_search": lambda: Control(Searching(), HastyRunner),
    "unkeyed_echo": lambda: Echo(keyed=False),
}


async def opened(registry: RoomRegistry, log: Log, name: str) -> Room:
    """Return a room, made when it is not there."""
    if not await log.head(name):
        return await registry.open(RoomOpened("wonder", name), None, id=name)
    return await registry.wake(name)


async def final_account(trial: Trial, log: Log) -> Account:
    """Let a trial's reader see everything and do what is due, and return its account."""
    async with asyncio.timeout(60):
        while fast_ms() < await trial.due_ms(log):
            await asyncio.sleep(0.01)
        for _ in range(2):  # once more, for what the reader itself brings about comes as changes, too
            registry = registry_of(log, 0)
            runner = trial.runner(registry, log)
            task = asyncio.ensure_future(runner.run())
            await caught_up(log, runner)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await registry.close()
    return await trial.account(log)
