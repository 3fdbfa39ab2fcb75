"""A house full of rooms to be moved: those of the golden logs, with clips, keys and readers."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from server.blobs.base import Blob
from server.blobs.memory import MemoryBlobs
from server.log.base import Entry, Projected
from server.log.memory import MemoryLog
from server.log.moving import Movable, copied
from server.moving.ends import End
from server.room.events import ClipLanded, Draft, Event, RoomClosed, decode
from server.room.state import EMPTY, RoomState, apply
from tests.support.golden import FOLDER
from tests.support.log_contract import ANNA, opened, said

SCENES = ("chain", "chat", "decided", "governed", "machines", "taken_back")
PIECE_EVENTS = 3


def golden(name: str) -> list[Event]:
    """Return the events of a golden log as they are stored, some of them erased."""
    return [decode(line) for line in (FOLDER / f"{name}.stored.jsonl").read_bytes().splitlines()[:-1]]


def sound(room: str, clip: str) -> bytes:
    """Return the bytes that a clip has in a test."""
    return hashlib.sha512(f"{room} {clip}".encode()).digest() * 20


async def fill(log: Movable, rooms: int = len(SCENES), *, talk: int = 0) -> None:
    """Let rooms happen side by side in a log that keeps clips; one of them is closed."""
    clips: set[str] = set()
    told = {f"{name}-{nth}": golden(name) for nth, name in zip(range(rooms), SCENES * rooms, strict=False)}
    pieces = max(len(events) for events in told.values()) // PIECE_EVENTS + 1
    for piece in range(pieces):
        for room, events in told.items():
            part = events[piece * PIECE_EVENTS : (piece + 1) * PIECE_EVENTS]
            if part:
                blobs = _blobs(room, part, clips)
                key = f"key {piece}" if piece % 2 else None
                await _append(log, room, Entry([copied(event) for event in part], key, blobs, digest=b"d"))
    for room in told:
        for nth in range(talk):
            await _append(log, room, Entry([said(f"line {nth}", 2_000_000 + nth)]))
    await _append(log, "closed", Entry([opened("closed"), Draft(RoomClosed("keeper"), 2_000, ANNA)]))


def _blobs(room: str, events: Sequence[Event], clips: set[str]) -> list[Blob]:
    """Return clips of events; an id that another room has is left to that."""
    found = [event.data.clip for event in events if isinstance(event.data, ClipLanded)]
    fresh = [clip for clip in found if clip not in clips]
    clips.update(fresh)
    return [Blob(clip, room, sound(room, clip)) for clip in fresh]


async def _append(log: Movable, room: str, entry: Entry) -> None:
    (outcome,) = await log.extend(room, [entry], expect=await log.head(room))
    assert isinstance(outcome, list), outcome


async def read_readers(log: Movable) -> None:
    """Let two readers stand in the middle of the feed, and one at its end, each with something kept."""
    changes = await log.changes(0, 10_000)
    for reader, at in (("early", 5), ("middle", len(changes) // 2), ("late", len(changes) - 1)):
        rows = [Projected(change.room, f"{reader} {nth}", "part", nth) for nth, change in enumerate(changes)]
        await log.advance(reader, changes[at].position, expect=0, effects=rows)


async def whole(log: Movable, blobs: Any) -> dict[str, Any]:
    """Return all that a log holds, with the state that each room folds to, whatever its back end."""
    rooms = sorted([room async for room in log.all_rooms()])
    return {room: await _room(log, blobs, room) for room in rooms} | {"secret": await log.secret()}


async def _room(log: Movable, blobs: Any, room: str) -> dict[str, Any]:
    events = await log.read(room, 0, 10_000)
    state: RoomState = EMPTY
    for event in events:
        state = apply(state, event)
    clips = [event.data.clip for event in events if isinstance(event.data, ClipLanded)]
    return {
        "events": events,
        "state": state,
        "keys": await log.key_uses(room, 1, len(events)),
        "clips": [await blobs.get(clip) for clip in clips],
    }


async def unread(log: Movable, reader: str) -> dict[str, list[int]]:
    """Return what a reader has not read yet: of each room the numbers."""
    found: dict[str, list[int]] = {}
    for change in await log.changes(await log.cursor(reader), 10_000):
        found.setdefault(change.room, []).append(change.event.seq)
    return found


def memory_end(name: str, log: MemoryLog | None = None) -> End:
    """Return an end in memory."""
    log = log or MemoryLog()
    return End(name, name, log, MemoryBlobs(log), log.erase)


@asynccontextmanager
async def two_ends() -> AsyncIterator[tuple[End, End]]:
    """Give a full house in memory and an empty one."""
    source = memory_end("the old house")
    await fill(source.log)
    await read_readers(source.log)
    yield source, memory_end("the new house")


def quiet(_stage: str, _there: int, _total: int) -> None:
    """Show nothing."""
