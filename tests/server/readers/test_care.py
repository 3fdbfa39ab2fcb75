"""Who may need help is told where it is: they alone, once, and only where the room cares."""

from __future__ import annotations

import json

from server.blobs.base import Blob
from server.readers.care import Care
from server.room.commands import Caption, Land, Restore, Say
from server.room.events import ClipCaptioned, ClipLanded, RoomOpened
from server.rooms.base import Room
from server.rooms.tail import Batch
from tests.support.media import ANNA, Clock, registry
from tests.support.rooms import BELA

DESPAIR = "I want to die"


async def said_in(kind: str) -> list[tuple[str | None, str]]:
    """Return to whom `care` was signalled in a room of a kind, and about which clip."""
    signals: list[tuple[str | None, str]] = []

    def read(batch: Batch) -> None:
        for to, body in batch.signals:
            told = json.loads(body)
            assert told["kind"] == "care"
            signals.append((to, told["data"]["clip"]))

    registry_, log = await registry(Clock())
    room: Room = await registry_.open(RoomOpened(kind, "A room"), None, id=kind)
    care = Care()
    care.attach(room)
    room.tail.subscribe(read, passive=True)
    for clip, text in (("clip-0001", DESPAIR), ("clip-0002", f"{DESPAIR}, call 0171 2345678")):
        landed = Land(ClipLanded(clip, 1, 0, 0, -16.0, ()))
        await room.send(landed, by=ANNA, blobs=[Blob(clip, kind, b"x")])
        await room.send(Caption(ClipCaptioned(clip, text, "en")))
    await room.send(Restore("clip-0002"))  # its words are told once more
    await room.send(Say("I'm dying of laughter"), by=ANNA)
    await room.send(Say(DESPAIR), by=BELA)
    await room.send(Say("bye"), by=ANNA)
    care.detach(room)
    care.detach(room)
    await registry_.close()
    await log.close()
    return signals


async def test_they_alone_are_told_and_once() -> None:
    assert await said_in("healing") == [(ANNA.id, "clip-0001"), (ANNA.id, "clip-0002"), (BELA.id, "")]


async def test_rooms_of_other_kinds_leave_it_alone() -> None:
    assert await said_in("humour") == []
