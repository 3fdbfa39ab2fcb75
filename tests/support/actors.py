"""For tests of living rooms: rules of a toy room, a log that can be held back, and waiting by polling."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from server.log.base import Entry, Log, Outcome
from server.log.memory import MemoryLog
from server.room.commands import Command, Open, Refused, Say, Tick
from server.room.context import Context
from server.room.events import Draft, Erased, Event, Fact, RoomOpened, TextSaid, Voice
from server.rooms.base import Room
from server.rooms.changes import Change
from server.rooms.directory import Directory
from server.rooms.local import LocalRoom
from server.rooms.presence import PRESENT, SPEAKER
from server.rooms.registry import RoomRegistry
from server.rooms.rules import Rules
from tests.support.virtual_time import VirtualLoop

ANNA = Voice("voice-anna", "Zany Kettle", "#ffaa00")
BELA = Voice("voice-bela", "Soft Cactus", "#00aaff")
LIMIT_S = 30.0


class Toy(Struct, frozen=True):
    """The state of a toy room: what was said, and when a tick is due."""

    said: tuple[str, ...] = ()
    due_ms: int | None = None
    voices_language: str = "en"
    public: bool = False
    voices: dict[str, Voice] = {}


def decide(state: Toy, command: Command, by: Voice | None, context: Context) -> list[Draft]:
    """Say what is said, but "once" only once, "no" never, "nothing" as nothing, and "boom" as a mistake."""
    now_ms = context.now_ms
    match command:
        case Open(room=room):
            return [Draft(room, now_ms, by)]
        case Tick():
            return [Draft(TextSaid(f"tick {sorted(context.speaking)} {list(context.speakers)}"), now_ms)]
        case Say(text="once") if "once" in state.said:
            raise Refused("said_already", "That was said already.")
        case Say(text="no"):
            raise Refused("no", "No.")
        case Say(text="nothing"):
            return []
        case Say(text="boom"):
            raise ZeroDivisionError
        case Say(text="idle tick"):
            return [Draft(TextSaid("due 0"), now_ms, by)]
        case Say(text=text):
            return [Draft(TextSaid(part), now_ms, by) for part in text.split("|")]
    raise AssertionError(command)


def apply(state: Toy, event: Event) -> Toy:
    """Keep what is said; "due T" sets when a tick is due, a tick that it is due no more."""
    match event.data:
        case TextSaid(text=text) if text.startswith("due "):
            state = replace(state, due_ms=int(text.removeprefix("due ")))
        case TextSaid(text=text) if text.startswith("tick"):
            state = replace(state, due_ms=None)
        case _:
            pass
    return replace(state, said=(*state.said, getattr(event.data, "text", "")))


def due(state: Toy, context: Context) -> int | None:
    """Return when the tick is due."""
    return state.due_ms


def erasures(state: Toy, facts: Sequence[Fact | Erased]) -> tuple[list[int], list[str]]:
    """Return what texts ask to be erased: "erase 2"."""
    said = [fact.text for fact in facts if isinstance(fact, TextSaid)]
    return [int(text.removeprefix("erase ")) for text in said if text.startswith("erase ")], []


RULES: Any = Rules(Toy(), decide, apply, due, erasures)  # type: ignore[arg-type]


class GatedLog(MemoryLog):
    """A log in memory whose appends can be held back (`gate`); it counts appends and reads."""

    def __init__(self, *, max_bytes: int | None = None) -> None:
        super().__init__(max_bytes=max_bytes)
        self.gate = asyncio.Event()
        self.gate.set()
        self.chains: list[int] = []
        self.reads = 0
        self.error: OSError | None = None

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        self.chains.append(len(entries))
        await self.gate.wait()
        if self.error:
            raise self.error
        return await super().extend(room, entries, expect=expect)

    async def read(self, room: str, after: int = 0, limit: int = 500) -> list[Event]:
        self.reads += 1
        await asyncio.sleep(0)
        return await super().read(room, after, limit)


def now_ms() -> int:
    """Return the time of day; on a loop whose time passes at once, that of the loop."""
    loop = asyncio._get_running_loop()
    return round(loop.time() * 1000) if isinstance(loop, VirtualLoop) else time.time_ns() // 1_000_000


def toy_registry(
    log: Log,
    *,
    idle_ms: int = 60_000,
    clock: Callable[[], int] = now_ms,
    rules: Rules = RULES,
    directory: Directory | None = None,
    watch: Callable[[str, Change], None] | None = None,
) -> RoomRegistry:
    """Return a registry of toy rooms, where everybody sees everything."""
    return RoomRegistry(
        log,
        clock=clock,
        random=Random(1),
        secret=b"s" * 32,
        idle_ms=idle_ms,
        rules=rules,
        directory=directory,
        view=lambda event, _: event,
        watch=watch,
    )


async def toy_room(registry: RoomRegistry, name: str = "room") -> LocalRoom:
    """Open a toy room and return it awake."""
    return local(await registry.open(RoomOpened("wonder", name), ANNA, id=name))


def local(room: Room) -> LocalRoom:
    """Return a room as this process has it, for what no edge may ask of it."""
    assert isinstance(room, LocalRoom)
    return room


def arrive(room: Room, voice: Voice) -> None:
    """Let a voice come in that may speak."""
    room.set_presence(voice.id, None, SPEAKER)


def leave(room: Room, voice: Voice) -> None:
    """Let a voice go that might speak."""
    room.set_presence(voice.id, SPEAKER, None)


def enter(room: Room, voice: Voice) -> None:
    """Let a voice come in."""
    room.set_presence(voice.id, None, PRESENT)


async def until(true: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Poll until something is true."""
    async with asyncio.timeout(limit_s):
        while not true():
            await asyncio.sleep(0.002)


def texts(events: Sequence[Event]) -> list[str]:
    """Return what was said in events."""
    return [event.data.text for event in events if isinstance(event.data, TextSaid)]


def shown(room: Room) -> list[str]:
    """Return what was said in a room, as its readers see it."""
    return texts([encoded.event for encoded in room.tail.since(0) or []])
