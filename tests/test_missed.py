"""Who reads a room under which it sleeps and wakes is told each event once, in order, whoever wrote it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from server.log.base import Log
from server.log.memory import MemoryLog
from server.room.commands import Caption, Forget, Land, Refused, Remove, Say
from server.room.events import ClipCaptioned, ClipLanded, Erased, Event, RoomOpened
from server.room.state import EMPTY, RoomState, apply
from server.rooms.registry import RoomRegistry
from tests.server.rooms.test_snapshots import small
from tests.support.actors import ANNA, local
from tests.support.media import Clock


def registry_on(log: Log) -> RoomRegistry:
    return RoomRegistry(log, clock=Clock(), random=Random(1), secret=b"s" * 32, idle_ms=10**9)


async def act(registry: RoomRegistry, random: Random, number: int) -> None:
    """Say, land, caption, remove or forget something."""
    clip = f"clip-{random.randrange(max(number, 1))}-"
    command: Any = random.choice(
        [
            Say(f"text {number}"),
            Land(ClipLanded(f"clip-{number}-", 900, 0, 0, -16.0, (50,) * 64)),
            Land(ClipLanded(f"clip-{number}-", 900, 0, 0, -16.0, (50,) * 64)),
            Caption(ClipCaptioned(clip, f"words {number}", "en")),
            Remove(clip, "admin"),
            Forget(everything=True) if random.random() < 0.1 else Say("more"),
        ]
    )
    with suppress(Refused):
        await registry.send("r", command, by=ANNA)


@pytest.mark.parametrize("seed", range(8))
async def test_a_reader_under_a_sleeping_room_misses_nothing_and_the_state_is_that_of_the_log(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    random, log = Random(seed), MemoryLog()
    here, there = registry_on(log), registry_on(log)
    room = local(await here.open(RoomOpened("wonder", "A", public=True), ANNA, id="r"))
    read: list[Event] = []
    room.tail.subscribe(lambda batch: read.extend(encoded.event for encoded in batch.events))
    for number in range(150):
        registries = [here if random.random() < 0.6 else there for _ in range(random.randint(1, 4))]
        await asyncio.gather(*(act(registry, random, number) for registry in registries))
        if random.random() < 0.4:
            await room.close()
        if random.random() < 0.4 and (other := there.awake("r")) is not None:
            await local(other).close()
    await here.wake("r")
    await here.send("r", Say("last"), by=ANNA)
    assert [event.seq for event in read] == list(range(2, await log.head("r") + 1))
    events = await log.read("r", 0, 10**6)
    for told, kept in zip(read, events[1:], strict=True):
        assert told == kept or isinstance(kept.data, Erased)
    assert shape(room.state) == shape(folded(events))
    newest = room.tail.newest(8) or []
    assert [encoded.event for encoded in newest] == events[-8:]
    await here.close()
    await there.close()


def folded(events: list[Event]) -> RoomState:
    state = EMPTY
    for event in events:
        state = apply(state, event)
    return state


def shape(state: RoomState) -> Any:
    """Return what a state knows, whichever clips are filed."""
    clips = {id_: clip.filed() if hasattr(clip, "filed") else clip for id_, clip in state.clips.items()}
    return clips, state.texts, state.voices, state.head, state.written, state.suggestions
