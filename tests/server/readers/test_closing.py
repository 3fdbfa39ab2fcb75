"""Who follows the rooms is told of each that is closed, once, and of no other."""

from __future__ import annotations

from server.readers.closing import Closing
from server.room.commands import Close, Say
from server.room.events import RoomOpened
from tests.support.media import ANNA, Clock, registry


async def test_each_closed_room_is_told_of_once() -> None:
    ended: list[str] = []
    closing = Closing(ended.append)
    registry_, log = await registry(Clock())
    rooms = [await registry_.open(RoomOpened("topic", name), None, id=name) for name in ("one", "other")]
    for room in rooms:
        closing.attach(room)

    for room in rooms:
        await room.send(Say("hi"), by=ANNA)
    await rooms[0].send(Close())
    await rooms[0].send(Close())

    assert ended == ["one"]
    assert rooms[0].tail.readers == 0  # following keeps no room awake
    await registry_.close()
    await log.close()
