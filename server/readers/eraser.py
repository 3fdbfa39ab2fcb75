"""The eraser: what was removed from a room is gone from its log, its memory and the disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from msgspec import Struct

from server.log.base import Log
from server.room.actor import Room
from server.room.events import (
    ClipCaptioned,
    ClipLanded,
    ClipRemoved,
    ClipReported,
    Event,
    TextRemoved,
    TextSaid,
)
from server.room.house import House
from server.room.tail import Batch

log = logging.getLogger(__name__)

PAGE_EVENTS = 1_000
ROOMS_LIMIT = 100_000
# At the start rooms are looked through one after the other; in between everybody else has their turn.
PAUSE_S = 0.01
# A storage that is busy is asked again; the promise is 60 s.
AGAIN_AFTER_S = 5.0
TRIES = 6


class Erasure(Struct):
    """The events to blank and the blobs to drop."""

    seqs: list[int]
    blobs: list[str]

    def __bool__(self) -> bool:
        return bool(self.seqs or self.blobs)


class Ledger:
    """Folds a log into what was removed of it and is still there; erased events are not."""

    def __init__(self) -> None:
        self._clips: dict[str, list[int]] = {}
        self._texts: set[int] = set()
        self.due = Erasure([], [])

    def read(self, events: Iterable[Event]) -> None:
        """Take in the next events of the room."""
        for event in events:
            match event.data:
                case ClipLanded(clip=clip):
                    self._clips[clip] = [event.seq]
                case ClipCaptioned(clip=clip) | ClipReported(clip=clip) if clip in self._clips:
                    self._clips[clip].append(event.seq)
                case ClipRemoved(clip=clip) if clip in self._clips:
                    self.due.seqs += self._clips.pop(clip)
                    self.due.blobs.append(clip)
                case TextSaid():
                    self._texts.add(event.seq)
                case TextRemoved(target=target) if target in self._texts:
                    self._texts.discard(target)
                    self.due.seqs.append(target)
                case _:
                    pass


async def erase(house: House, log_: Log, room_id: str) -> Erasure:
    """Erase all that was removed from a room and is still there; return it."""
    ledger, after = Ledger(), 0
    while events := await log_.read(room_id, after, PAGE_EVENTS):
        ledger.read(events)
        after = events[-1].seq
    if ledger.due:
        await house.erase(room_id, sorted(ledger.due.seqs), ledger.due.blobs)
    return ledger.due


async def leftovers(house: House, log_: Log) -> None:
    """Erase, room by room, what a crash kept from erasure; to be run once, at the start."""
    for listing in await log_.rooms(ROOMS_LIMIT):
        try:
            await erase(house, log_, listing.room)
        except Exception:  # the root of one room's erasure: the others are erased too
            log.exception("eraser.failed room=%.6s", listing.room)
        await asyncio.sleep(PAUSE_S)


class Eraser:
    """Erases in the rooms that are awake, as soon as something is removed."""

    def __init__(self, house: House, log_: Log) -> None:
        self._house = house
        self._log = log_
        self._asked: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def attach(self, room: Room) -> None:
        """Watch a room that woke."""
        room.tail.subscribe(lambda batch: self._read(room.id, batch), passive=True)

    def _read(self, room_id: str, batch: Batch) -> None:
        if any(isinstance(encoded.event.data, ClipRemoved | TextRemoved) for encoded in batch.events):
            self._asked.add(room_id)
            if room_id not in self._tasks:
                self._tasks[room_id] = asyncio.ensure_future(self._run(room_id))
                self._tasks[room_id].add_done_callback(lambda _: self._tasks.pop(room_id, None))

    async def _run(self, room_id: str) -> None:
        """Erase until nothing more was asked; the root of its task."""
        for _ in range(TRIES):
            self._asked.discard(room_id)
            try:
                await erase(self._house, self._log, room_id)
            except TimeoutError:
                self._asked.add(room_id)
                await asyncio.sleep(AGAIN_AFTER_S)
            except Exception:
                log.exception("eraser.failed room=%.6s", room_id)
                return
            if room_id not in self._asked:
                return

    async def close(self) -> None:
        """Finish what was asked; may be called again."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
