from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.blobs.base import Blob
from server.log.base import Damaged, Log, Projected
from server.log.memory import MemoryLog
from server.readers import expiry
from server.readers.base import Rest, Unavailable
from server.readers.expiry import FORMER_NAME, Expiry, text_item
from server.room.commands import Forget, Land, Refused, Remove, Report, Say, Suggest
from server.room.events import ClipLanded, Event, RoomOpened, TextRemoved
from server.room.kinds import DAY_MS, KINDS
from server.rooms.registry import RoomRegistry
from tests.support.actors import local, until
from tests.support.media import ANNA, BELA, Clock, registry
from tests.support.reading import caught_up, read_all, running

pytestmark = pytest.mark.virtual_time

KEEP_MS = KINDS["wonder"].keep_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Place:
    """A registry, its log, and an expiry that sees all there is and then sweeps when a test says so."""

    def __init__(self, registry_: RoomRegistry, log: MemoryLog, clock: Clock) -> None:
        self.registry, self.log, self.clock = registry_, log, clock

    async def land(self, clip: str, room: str = "wonder") -> None:
        landed = Land(ClipLanded(clip, 1, 0, 0, -16.0, ()))
        await self.registry.send(room, landed, by=ANNA, blobs=[Blob(clip, room, b"x")])

    async def clips(self, room: str = "wonder") -> list[str]:
        return list((await self.registry.look(room)).clips)

    async def sweep(self) -> None:
        """Do what a start does; once more, for what a sweep removes comes back as changes."""
        for _ in range(2):
            await read_all(self.log, [Expiry(self.registry, self.log, self.clock)])

    async def noted(self, part: str = "wonder") -> list[str]:
        return [row.item for row in await self.log.projection(Expiry.name, part)]


@pytest.fixture
async def place(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(expiry, "PAUSE_MS", 0)
    registry_, log = await registry(clock)
    yield Place(registry_, log, clock)
    await registry_.close()
    await log.close()


async def test_clips_leave_when_their_time_is_over_and_not_before(place: Place) -> None:
    await place.land("old")
    place.clock.ms += 10_000
    await place.land("new")
    await place.sweep()
    assert await place.clips() == await place.noted() == ["old", "new"]
    place.clock.ms += KEEP_MS - 10_001
    await place.sweep()
    assert await place.clips() == ["old", "new"]
    place.clock.ms += 1
    await place.sweep()
    assert await place.clips() == await place.noted() == ["new"]
    assert await place.log.blob("old") is None
    place.clock.ms += 10_000
    await place.sweep()
    assert await place.clips() == await place.noted() == []


async def test_each_kind_of_room_keeps_its_clips_for_its_own_time(place: Place) -> None:
    await place.registry.open(RoomOpened("healing", "Heal"), None, id="heal")
    await place.registry.open(RoomOpened("gone_since", "Old"), None, id="old")
    for room in ("heal", "old"):
        (await place.registry.wake(room)).consent(ANNA.id)
        await place.land(f"in {room}", room)
    await place.land("in wonder")
    await place.sweep()
    assert await place.log.parts(Expiry.name) == ["gone_since", "healing", "wonder"]
    place.clock.ms += KINDS["healing"].keep_ms
    await place.sweep()
    assert [await place.clips(room) for room in ("heal", "old", "wonder")] == [[], ["in old"], ["in wonder"]]
    place.clock.ms += KEEP_MS - KINDS["healing"].keep_ms
    await place.sweep()
    assert [await place.clips(room) for room in ("old", "wonder")] == [[], []]


async def test_texts_leave_with_the_clips_of_their_time_and_no_word_of_them_stays(place: Place) -> None:
    await place.registry.send("wonder", Say("a line that is over"), by=ANNA)
    await place.registry.send("wonder", Suggest("a topic that is over"), by=ANNA)
    await place.registry.send("wonder", Report("", "rude", "a report of it", seq=2), by=BELA)
    place.clock.ms += 10_000
    await place.registry.send("wonder", Say("a new line"), by=ANNA)
    await place.sweep()
    assert await place.noted() == [text_item("wonder", seq) for seq in (2, 3, 4, 5)]
    place.clock.ms += KEEP_MS - 10_000
    await place.sweep()
    state = await place.registry.look("wonder")
    assert (list(state.texts), state.suggestions) == ([5], {})
    events = await place.log.read("wonder", 0, 100)
    assert "over" not in str(events)
    assert "a report of it" not in str(events)
    assert [event.data.target for event in events if isinstance(event.data, TextRemoved)] == [2, 3, 4]
    assert await place.noted() == [text_item("wonder", 5)]


async def test_texts_of_one_moment_and_number_leave_all_rooms_in_one_sweep(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "PAGE_ROWS", 2)
    rooms = [f"room{number}" for number in range(5)]
    for room in rooms:
        await place.registry.open(RoomOpened("wonder", room), None, id=room)
        await place.registry.send(room, Say("hello"), by=ANNA)
    place.clock.ms += KEEP_MS
    await place.sweep()
    assert [list((await place.registry.look(room)).texts) for room in rooms] == [[]] * 5


async def test_a_text_that_was_taken_back_is_forgotten(place: Place) -> None:
    await place.registry.send("wonder", Say("never mind"), by=ANNA)
    await place.registry.send("wonder", Forget(everything=True), by=ANNA)
    await place.sweep()
    assert await place.noted() == []


async def test_what_was_noted_under_the_former_name_is_dropped_and_noted_anew(place: Place) -> None:
    await place.registry.send("wonder", Say("before the update"), by=ANNA)
    head = (await place.log.changes())[-1].position
    old = [Projected("wonder", "clip", "wonder", 5)]
    await place.log.advance(FORMER_NAME, head, expect=0, effects=old)
    await place.sweep()
    assert await place.log.parts(FORMER_NAME) == []
    assert await place.log.cursor(FORMER_NAME) == 0
    assert await place.noted() == [text_item("wonder", 2)]


async def test_a_kind_that_keeps_shorter_from_now_on_does_so_for_clips_that_were_noted_before(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.land("a")
    await place.sweep()
    place.clock.ms += DAY_MS
    await place.sweep()
    assert await place.clips() == ["a"]
    monkeypatch.setitem(KINDS, "wonder", KINDS["healing"])
    await place.sweep()
    assert await place.clips() == []


async def test_a_clip_of_a_wrong_year_is_kept_no_longer_than_others(place: Place) -> None:
    right_ms = place.clock.ms
    place.clock.ms += 3_650 * DAY_MS
    await place.land("noted then")
    await place.sweep()
    await place.land("not noted then")
    place.clock.ms = right_ms
    await place.sweep()
    place.clock.ms += KEEP_MS - 1
    await place.sweep()
    assert await place.clips() == ["noted then", "not noted then"]
    place.clock.ms += 1
    await place.sweep()
    assert await place.clips() == []


async def test_any_number_of_clips_of_a_wrong_year_is_redated(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "PAGE_ROWS", 4)
    right_ms = place.clock.ms
    place.clock.ms += 3_650 * DAY_MS
    for i in range(11):
        await place.land(f"c{i}")
    await place.sweep()
    place.clock.ms = right_ms
    await place.sweep()
    rows = await place.log.projection(Expiry.name, "wonder")
    assert [row.number for row in rows] == [right_ms] * 11


async def test_what_is_removed_otherwise_is_forgotten(place: Place) -> None:
    await place.land("a")
    await place.land("b")
    await place.sweep()
    await place.registry.send("wonder", Remove("a", "admin"), by=None)
    await place.sweep()
    assert await place.noted() == ["b"]


def counted(log: Log, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the rooms whose events are read from now on."""
    read: list[str] = []
    reading = log.newest

    async def newest(room: str, limit: int = 100) -> list[Event]:
        read.append(room)
        return list(await reading(room, limit))

    monkeypatch.setattr(log, "newest", newest)
    return read


async def test_a_start_reads_and_wakes_only_rooms_in_which_something_is_due(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("later", "due"):
        await place.registry.open(RoomOpened("wonder", name), None, id=name)
    await place.land("a", "due")
    place.clock.ms += KEEP_MS // 2
    await place.land("b", "later")
    await place.sweep()
    for room in place.registry.ids():
        await local(await place.registry.wake(room)).close()
    read = counted(place.log, monkeypatch)
    await place.sweep()
    assert read == []
    place.clock.ms += KEEP_MS // 2
    await place.sweep()
    assert set(read) == {"due"}
    assert await place.clips("due") == []


async def test_nothing_is_looked_at_between_two_sweeps(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Expiry(place.registry, place.log, place.clock)
    asked: list[str] = []
    parts = place.log.parts

    async def counting(name: str) -> list[str]:
        asked.append(name)
        return await parts(name)

    monkeypatch.setattr(place.log, "parts", counting)
    async with running(place.log, reader) as (runner,):
        for i in range(5):
            await place.land(f"c{i}")
            await caught_up(place.log, runner)
        assert asked == [Expiry.name]
        place.clock.ms += expiry.EVERY_MS
        await place.registry.send("wonder", Say("the feed has grown"), by=ANNA)
        await until(lambda: len(asked) == 2)


async def test_what_comes_within_a_second_is_stored_together(place: Place) -> None:
    reader = Expiry(place.registry, place.log, place.clock)

    async def read(text: str) -> Rest:
        await place.registry.send("wonder", Say(text), by=ANNA)
        (change,) = (await place.log.changes())[-1:]
        assert await reader.read(change) is None
        return await reader.idle()

    assert len((await read("noted at once")).effects) == 1
    while (rest := await reader.idle()).within_ms == 0:
        pass  # the sweep of the start
    assert rest.within_ms == expiry.EVERY_MS
    for text in ("a", "b", "c"):
        place.clock.ms += 1
        rest = await read(text)
    assert rest == Rest(within_ms=expiry.NOTED_EVERY_MS - 3)
    place.clock.ms += expiry.NOTED_EVERY_MS - 3
    assert len((await reader.idle()).effects) == 3
    assert await reader.flush() == []


async def test_what_waits_is_stored_before_a_sweep_and_with_the_cursor(place: Place) -> None:
    reader = Expiry(place.registry, place.log, place.clock)
    await place.land("first")
    (change,) = (await place.log.changes())[-1:]
    await reader.flush()
    await reader.read(change)
    rest = await reader.idle()  # a sweep is due, and a second is not over
    assert (len(rest.effects), rest.within_ms) == (1, 0)
    await reader.read(change)
    assert len(await reader.flush()) == 1


async def test_more_than_a_page_of_clips_leaves_in_one_sweep(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "PAGE_ROWS", 4)
    for i in range(22):
        await place.land(f"c{i}")
    place.clock.ms += KEEP_MS
    await place.sweep()
    assert await place.clips() == await place.noted() == []


async def test_of_what_is_not_due_no_more_than_a_page_is_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "PAGE_ROWS", 4)
    for i in range(22):
        await place.land(f"c{i}")
        place.clock.ms += 1
    await place.sweep()
    place.clock.ms += KEEP_MS - 22 + 5
    read: list[str] = []
    projection = place.log.projection

    async def counted(*args: Any, **more: Any) -> list[Projected]:
        rows = await projection(*args, **more)
        read.extend(row.item for row in rows)
        return rows

    monkeypatch.setattr(place.log, "projection", counted)
    await read_all(place.log, [Expiry(place.registry, place.log, place.clock)])
    assert len(await place.clips()) == 22 - 6
    assert read == [f"c{i}" for i in range(8)]


async def test_a_damaged_room_keeps_no_other_from_being_swept(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(expiry, "PAGE_ROWS", 2)
    await place.registry.open(RoomOpened("wonder", "Other"), None, id="other")
    for i in range(5):
        await place.land(f"damaged {i}")
    await place.land("clip", "other")
    for room in place.registry.ids():
        await local(await place.registry.wake(room)).close()
    reading = place.log.newest

    async def damaged(room: str, limit: int = 100) -> list[Event]:
        if room == "wonder":
            raise Damaged("event 1 is damaged")
        return list(await reading(room, limit))

    monkeypatch.setattr(place.log, "newest", damaged)
    place.clock.ms += KEEP_MS
    await place.sweep()
    assert await place.clips("other") == []
    assert len(await place.noted()) == 5, "who mends the room has them removed"
    assert "expiry.room_failed room=wonder" in caplog.text


async def test_a_storage_that_cannot_be_read_is_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.land("a")
    reader = Expiry(place.registry, place.log, place.clock)
    (change,) = (await place.log.changes())[-1:]
    with monkeypatch.context() as broken:

        async def fails(*_: Any) -> list[Event]:
            raise OSError("the storage cannot be read")

        broken.setattr(place.log, "read", fails)
        with pytest.raises(Unavailable):
            await reader.read(change)
    await reader.read(change)
    assert await reader.flush()


async def test_a_refused_removal_hides_no_other(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for clip in ("a", "b", "c", "d"):
        await place.land(clip)
    room = await place.registry.wake("wonder")
    room.hold()
    sending = room.send
    slow: list[asyncio.Event] = [asyncio.Event()]

    async def send(command: Remove, *, quiet: bool) -> list[Event]:
        if command.clip == "b":
            asyncio.get_running_loop().call_later(0.02, slow[0].set)
            raise Refused("storage_full", "The server has no room left to keep this.")
        if command.clip == "d":
            await slow[0].wait()  # its outcome comes when the refusal is long known
        return await sending(command, quiet=quiet)

    monkeypatch.setattr(room, "send", send)
    place.clock.ms += KEEP_MS
    await place.sweep()
    assert list(room.state.clips) == await place.noted() == ["b"]
    monkeypatch.undo()
    await place.sweep()
    assert await place.noted() == [], "what was refused is tried again"


async def test_a_storage_that_breaks_in_the_middle_is_told_when_all_removals_have_ended(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for clip in ("a", "b", "c"):
        await place.land(clip)
    room = await place.registry.wake("wonder")
    room.hold()
    sending = room.send

    async def send(command: Remove, *, quiet: bool) -> list[Event]:
        if command.clip != "c":
            raise OSError(f"the storage broke at {command.clip}")
        await asyncio.sleep(0)
        return await sending(command, quiet=quiet)

    monkeypatch.setattr(room, "send", send)
    place.clock.ms += KEEP_MS
    await place.sweep()
    assert list(room.state.clips) == ["a", "b"]
    assert "the storage broke at a" in caplog.text
    assert "the storage broke at b" in caplog.text


@pytest.mark.parametrize("how", ["clip", "room"])
async def test_what_is_not_there_is_forgotten(place: Place, how: str) -> None:
    """Whatever made the projection wrong, it is not tried for ever."""
    await place.sweep()
    at = await place.log.cursor(Expiry.name)
    await place.log.advance(Expiry.name, at, expect=at, effects=[Projected("wonder", "none", "wonder", 5)])
    if how == "room":
        await place.log.erase("wonder")
    await place.sweep()
    assert await place.noted() == []


async def test_a_sweep_that_fails_is_not_the_last(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    async def parts(reader: str) -> list[str]:
        tries.append(reader)
        raise OSError("the storage cannot be read")

    monkeypatch.setattr(place.log, "parts", parts)
    async with running(place.log, Expiry(place.registry, place.log, place.clock)):
        await until(lambda: len(tries) > 2)


async def test_rooms_that_were_woken_to_sweep_them_fall_asleep_at_once(place: Place) -> None:
    rooms = [f"room{i}" for i in range(12)]
    for name in rooms:
        await place.registry.open(RoomOpened("wonder", name), None, id=name)
        await place.land(f"in {name}", name)
        await place.registry.send(name, Say("a line, which is looked up in the log"), by=ANNA)
        await local(await place.registry.wake(name)).close()
    place.clock.ms += KEEP_MS
    await place.sweep()
    assert [await place.clips(name) for name in rooms] == [[]] * 12
    await until(lambda: not set(rooms) & set(place.registry.ids()))


async def test_a_room_that_somebody_uses_stays_awake_after_it_was_swept(place: Place) -> None:
    await place.land("a")
    room = await place.registry.wake("wonder")
    place.clock.ms += KEEP_MS
    await place.registry.send("wonder", Say("I am here"), by=ANNA)
    await place.sweep()
    assert list(room.state.clips) == []
    assert "wonder" in place.registry.ids()


async def test_the_feed_is_read_between_the_pages_of_a_sweep(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "PAGE_ROWS", 4)
    for i in range(12):
        await place.land(f"c{i}")
    await place.sweep()
    place.clock.ms += KEEP_MS
    reader = Expiry(place.registry, place.log, place.clock)
    left = []
    for _ in range(3):
        rest = await reader.idle()
        assert rest.within_ms == 0, "the feed comes first, and then the next page"
        left.append(len(await place.clips()))
    assert left == [8, 4, 0]
    while rest.within_ms == 0:
        rest = await reader.idle()
    assert rest.within_ms == expiry.EVERY_MS
