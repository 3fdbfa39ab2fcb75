from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.log.base import Blob, Damaged
from server.log.memory import MemoryLog
from server.readers import reaper
from server.readers.reaper import Reaper, expired
from server.room.commands import Land, Refused, Remove, Say
from server.room.events import ClipLanded, Event, RoomOpened
from server.room.kinds import DAY_MS, KINDS
from server.rooms.registry import RoomRegistry
from tests.support.actors import local, until
from tests.support.media import ANNA, Clock, house

KEEP_MS = KINDS["wonder"].keep_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def home(clock: Clock) -> AsyncIterator[tuple[RoomRegistry, MemoryLog]]:
    house_, log = await house(clock)
    yield house_, log
    await house_.close()
    await log.close()


async def land(house_: RoomRegistry, clip: str, room: str = "wonder") -> None:
    landed = Land(ClipLanded(clip, 1, 0, 0, -16.0, ()))
    await house_.send(room, landed, by=ANNA, blobs=[Blob(clip, room, b"x")])


async def test_a_clip_of_a_wrong_year_is_kept_no_longer_than_others(
    home: tuple[RoomRegistry, MemoryLog], clock: Clock
) -> None:
    house_, log = home
    right_ms = clock.ms
    clock.ms += 3_650 * DAY_MS
    room = await house_.wake("wonder")
    await land(house_, "from the future")
    clock.ms = right_ms
    reaper_ = Reaper(house_, log, clock)
    assert await reaper_.sweep() == 0
    clock.ms += KEEP_MS - 1
    assert await reaper_.sweep() == 0
    clock.ms += 1
    assert await reaper_.sweep() == 1
    assert not room.state.clips


async def test_clips_leave_when_their_time_is_over_and_not_before(
    home: tuple[RoomRegistry, MemoryLog], clock: Clock
) -> None:
    house_, log = home
    reaper_ = Reaper(house_, log, clock)
    room = await house_.wake("wonder")
    await land(house_, "old")
    clock.ms += 10_000
    await land(house_, "new")

    assert expired(room.state, clock.ms, clock.ms) == []
    assert await reaper_.sweep() == 0
    clock.ms += KEEP_MS - 10_000

    assert await reaper_.sweep() == 1
    assert list(room.state.clips) == ["new"]
    assert await log.blob("old") is None
    assert await reaper_.sweep() == 0
    clock.ms += 10_000
    assert await reaper_.sweep() == 1


async def test_rooms_sleep_through_a_sweep_and_are_read_only_when_something_happened_or_is_due(
    home: tuple[RoomRegistry, MemoryLog], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    house_, log = home
    await land(house_, "clip")
    await local(await house_.wake("wonder")).close()
    read: list[str] = []
    reading = log.newest

    async def counted(room: str, limit: int = 100) -> list[object]:
        read.append(room)
        return list(await reading(room, limit))

    monkeypatch.setattr(log, "newest", counted)
    reaper_ = Reaper(house_, log, clock)
    await reaper_.sweep()
    assert read
    assert house_.awake("wonder") is None

    read.clear()
    await reaper_.sweep()
    assert not read

    await house_.send("wonder", Say("hello"), by=ANNA)
    await local(await house_.wake("wonder")).close()
    read.clear()
    await reaper_.sweep()
    assert read

    clock.ms += KEEP_MS
    assert await reaper_.sweep() == 1


async def test_a_damaged_room_keeps_no_other_from_being_swept(
    home: tuple[RoomRegistry, MemoryLog], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    house_, log = home
    await house_.open(RoomOpened("wonder", "Other"), None, id="other")
    await land(house_, "clip", "other")
    for room in house_.ids():
        await local(await house_.wake(room)).close()
    reading = log.newest

    async def damaged(room: str, limit: int = 100) -> list[object]:
        if room == "wonder":
            raise Damaged("event 1 is damaged")
        return list(await reading(room, limit))

    monkeypatch.setattr(log, "newest", damaged)
    clock.ms += KEEP_MS
    assert await Reaper(house_, log, clock).sweep() == 1


async def test_a_refused_removal_hides_no_other(
    home: tuple[RoomRegistry, MemoryLog], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    house_, log = home
    for clip in ("a", "b", "c", "d"):
        await land(house_, clip)
    room = await house_.wake("wonder")
    sending = room.send
    slow: list[asyncio.Event] = [asyncio.Event()]

    async def send(command: Remove) -> list[Event]:
        if command.clip == "b":
            asyncio.get_running_loop().call_later(0.02, slow[0].set)
            raise Refused("storage_full", "The server has no room left to keep this.")
        if command.clip == "d":
            await slow[0].wait()  # its outcome comes when the refusal is long known
        return await sending(command)

    monkeypatch.setattr(room, "send", send)
    clock.ms += KEEP_MS
    reaper_ = Reaper(house_, log, clock)

    assert await reaper_.sweep() == 3
    assert list(room.state.clips) == ["b"]
    monkeypatch.undo()
    assert await reaper_.sweep() == 1, "what was refused is tried again"


async def test_a_storage_that_breaks_in_the_middle_is_told_when_all_removals_have_ended(
    home: tuple[RoomRegistry, MemoryLog],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    house_, log = home
    for clip in ("a", "b", "c"):
        await land(house_, clip)
    room = await house_.wake("wonder")
    sending = room.send

    async def send(command: Remove) -> list[Event]:
        if command.clip != "c":
            raise OSError(f"the storage broke at {command.clip}")
        await asyncio.sleep(0)
        return await sending(command)

    monkeypatch.setattr(room, "send", send)
    clock.ms += KEEP_MS
    assert await Reaper(house_, log, clock).sweep() == 0
    assert list(room.state.clips) == ["a", "b"]
    assert "the storage broke at a" in caplog.text
    assert "the storage broke at b" in caplog.text


async def test_a_sweep_that_fails_is_not_the_last(
    home: tuple[RoomRegistry, MemoryLog], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    house_, log = home
    tries: list[int] = []

    async def rooms(limit: int = 100, *, public: bool | None = None) -> list[object]:
        tries.append(limit)
        raise OSError("the storage cannot be read")

    monkeypatch.setattr(reaper, "EVERY_MS", 1)
    monkeypatch.setattr(log, "rooms", rooms)
    task = asyncio.ensure_future(Reaper(house_, log, clock).run())
    await until(lambda: len(tries) > 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
