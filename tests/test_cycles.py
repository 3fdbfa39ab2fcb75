"""Nothing grows with how often a room fell asleep and woke under an open socket."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from server.blobs.memory import MemoryBlobs
from server.log.memory import MemoryLog
from server.readers.closing import Closing
from server.readers.radio import Radio
from server.room.commands import Say
from server.room.events import RoomOpened
from server.rooms.presence import PRESENT, SPEAKER
from server.rooms.registry import RoomRegistry
from server.web.transcodes import Transcodes
from tests.support.actors import ANNA, BELA, local, until
from tests.support.media import Clock, FakeMedia

CYCLES = 200
WARM_UP = 8


async def _no_transcode(ogg: bytes) -> bytes:
    return ogg


class Process:
    """A registry with every reader that follows rooms, and one room under an open socket."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.rooms = RoomRegistry(self.log, clock=Clock(), random=Random(1), secret=b"s" * 32, idle_ms=10**9)
        self.listening = 0
        self.radio = Radio(
            self.log, MemoryBlobs(self.log), FakeMedia(), Random(1), audience=lambda _: self.listening
        )
        self.closing = Closing(lambda _: None)
        self.transcodes = Transcodes(_no_transcode, 10**6)
        for reader in (self.radio, self.closing, self.transcodes):
            self.rooms.register(reader)

    def sizes(self, room: Any) -> dict[str, int]:
        """Return how much of everything there is that could grow with a cycle."""
        registry: Any = self.rooms
        presence = room._presence
        return {
            "tasks": len(asyncio.all_tasks()),
            "subscriptions": len(room.tail._readers),
            "events": len(room.tail._events),
            "signals": len(room.tail._signals),
            "holds": room._holds,
            "rooms": len(registry._rooms),
            "awake": len(registry._awake),
            "waking": len(registry._waking),
            "handing on": len(registry._handing_on),
            "snapshots": len(registry._snapshots._writes),
            "due": len(registry._alarms._due_ms),
            "radios": len(self.radio._rooms),
            "closing": len(self.closing._rooms),
            "transcodes": len(self.transcodes._rooms),
            **{name: len(getattr(presence, name)) for name in presence.__slots__},
        }


async def cycle(process: Process, room: Any, at: int) -> None:
    """Wake the room as sockets do, use it, and let it fall asleep: now for long, now until it is due."""
    process.listening = at % 2
    woken = await process.rooms.wake(room.id)
    assert local(woken) is room
    room.set_presence(BELA.id, PRESENT, SPEAKER)
    room.begin_speaking(BELA.id, f"take {at}", until_ms=10**15)
    room.hear(BELA.id, on=True)
    await room.send(Say(f"text {at}"), by=ANNA, key=f"key {at}")
    room.end_speaking(BELA.id, f"take {at}")
    room.set_presence(BELA.id, SPEAKER, PRESENT)
    room.set_presence(f"voice {at}", None, PRESENT)
    room.set_presence(f"voice {at}", PRESENT, None)
    process.listening = 0
    process.radio.wake(room.id)
    await until(lambda: not room.needed)
    room.fall_asleep(10**15 if at % 3 else None)
    await asyncio.sleep(0)


async def test_nothing_grows_with_how_often_a_room_slept_under_a_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.readers.radio.DRIFT_AFTER_MS", 1)
    process = Process()
    room = local(await process.rooms.open(RoomOpened("wonder", "A", public=True), ANNA, id="r"))
    read: list[Any] = []
    close = room.tail.subscribe(lambda batch: read.extend(batch.events))
    room.set_presence(BELA.id, None, PRESENT)
    heap: set[int] = set()
    for at in range(WARM_UP):
        await cycle(process, room, at)
    before = process.sizes(room)
    for at in range(WARM_UP, CYCLES + WARM_UP + 1):
        await cycle(process, room, at)
        heap.add(len(process.rooms._alarms._heap))
    assert process.sizes(room) == before | {"due": process.sizes(room)["due"]}
    assert max(heap) <= 4
    assert [encoded.event.seq for encoded in read] == list(range(2, CYCLES + WARM_UP + 3))
    close()
    assert not list(process.rooms.rooms())
    assert not any(process.sizes(room)[name] for name in ("subscriptions", "radios", "closing", "transcodes"))
    await process.radio.close()
    await process.rooms.close()
