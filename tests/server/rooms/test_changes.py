"""Changes do to a room here what they did to a presence there, and the room tells each of its own."""

from __future__ import annotations

import pytest

from server.rooms.changes import (
    CameBy,
    Change,
    Coloured,
    Consented,
    MachineMarked,
    Moved,
    TakeBegun,
    TakeEnded,
    Worn,
    carry_out,
    take_in,
)
from server.rooms.local import LocalRoom
from server.rooms.presence import PRESENT, SPEAKER, Presence
from tests.support.actors import ANNA, GatedLog, now_ms, toy_registry, toy_room

pytestmark = pytest.mark.virtual_time

CHANGES: list[Change] = [
    Moved("v", None, PRESENT),
    Moved("v", PRESENT, SPEAKER),
    Consented("v"),
    Worn("v", "robot"),
    CameBy("v", "net"),
    MachineMarked("v"),
    Coloured("v", "#123456"),
    TakeBegun("v", "t", 10**15),
    TakeEnded("v", "t"),
    TakeBegun("v", "u", 10**15),
    Moved("w", None, PRESENT),
    Moved("w", PRESENT, None),
]


async def test_a_room_tells_what_is_carried_out_and_is_as_a_presence_that_took_it_in() -> None:
    told = list[tuple[str, Change]]()
    registry = toy_registry(GatedLog(), watch=lambda room, change: told.append((room, change)))
    room = await toy_room(registry)
    presence = Presence()
    for change in CHANGES:
        carry_out(change, room)
        take_in(change, presence, now_ms())
    assert told == [("room", change) for change in CHANGES]
    own = room._presence
    for name in Presence.__slots__:
        if name not in {"left", "colours", "heard"}:
            assert getattr(own, name) == getattr(presence, name), name
    assert own.colours["v"][0] == presence.colours["v"][0] == "#123456"
    assert room.coloured(ANNA)
    assert told[-1][1] == Coloured(ANNA.id, room.coloured(ANNA).colour)
    room.mark_machine("v")
    assert told.count(("room", MachineMarked("v"))) == 1, "once a machine, always one"
    room.end_speaking("v", "u")
    await registry.close()


async def test_a_deposed_room_tells_nothing_more() -> None:
    told = list[Change]()
    registry = toy_registry(GatedLog(), watch=lambda _, change: told.append(change))
    room = await toy_room(registry)
    assert isinstance(room, LocalRoom)
    await room.give_way()
    assert room.is_deposed
    for change in CHANGES:
        carry_out(change, room)
    assert told == []
    await registry.close()
