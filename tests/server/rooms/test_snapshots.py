"""A room wakes from its newest snapshot and the events after it, as the one that fell asleep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from server.blobs.base import Blob
from server.log.base import Damaged, Log, Snapshot, StorageFull
from server.log.memory import MemoryLog
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.room.commands import Caption, Command, Forget, Land, Refused, Remove, RoundStart, Say, Suggest
from server.room.events import ClipCaptioned, ClipLanded, Draft, Event, RoomOpened, TextSaid, Voice
from server.room.snapshot import CODEC, Codec
from server.room.state import EMPTY, RoomState, apply
from server.rooms import snapshots as snapshots_module
from server.rooms.base import NoSuchRoom, Room
from server.rooms.registry import RoomRegistry
from server.rooms.snapshots import ASLEEP_EVENTS, EVERY_EVENTS, WAKE_PAGE_EVENTS, WOKEN_TAIL_EVENTS
from tests.server.room.test_snapshot import whole
from tests.support.actors import ANNA, BELA, local, now_ms, until
from tests.support.media import Clock

pytestmark = pytest.mark.virtual_time

OPENED = RoomOpened("wonder", "A", public=True)


class CountingLog(MemoryLog):
    """A memory log that counts the events that were read, and may fail to keep snapshots."""

    def __init__(self) -> None:
        super().__init__()
        self.read_events = 0
        self.snapshots: list[Snapshot] = []
        self.failure: Exception | None = None

    async def read(self, room: str, after: int = 0, limit: int = 500) -> list[Event]:
        events = await super().read(room, after, limit)
        self.read_events += len(events)
        return events

    async def newest(self, room: str, limit: int = 100) -> list[Event]:
        events = await super().newest(room, limit)
        self.read_events += len(events)
        return events

    def keep_snapshot(self, room: str, snapshot: Snapshot) -> Awaitable[bool]:
        if self.failure:
            return _fail(self.failure)
        self.snapshots.append(snapshot)
        return super().keep_snapshot(room, snapshot)


async def _fail(error: Exception) -> bool:
    raise error


def registry_on(log: Log) -> RoomRegistry:
    return RoomRegistry(log, clock=Clock(), random=Random(1), secret=b"s" * 32, idle_ms=10**9)


@pytest.fixture
def log() -> CountingLog:
    return CountingLog()


@pytest.fixture
async def registry(log: CountingLog) -> AsyncIterator[RoomRegistry]:
    registry = registry_on(log)
    await registry.open(OPENED, ANNA, id="r")
    yield registry
    await registry.close()


async def say(room: Room, number: int) -> None:
    for i in range(number):
        await room.send(Say(f"text {i}"), by=ANNA)


async def land(room: Room, number: int, by: Voice = ANNA) -> list[str]:
    clips = [f"clip-{room.state.head + i}-" for i in range(number)]
    landings = (Land(ClipLanded(clip, 900, 0, 0, -16.0, (50,) * 64)) for clip in clips)
    await asyncio.gather(*(room.send(landing, by=by) for landing in landings))
    return clips


async def from_zero(log: Log, room: str = "r") -> RoomState:
    state = EMPTY
    for event in await log.read(room, 0, 10**6):
        state = apply(state, event)
    return state


async def woken(log: CountingLog) -> tuple[RoomState, int]:
    """Return the state of a room that another registry wakes, and how many events it read for that."""
    log.read_events = 0
    return await registry_on(log).look("r"), log.read_events


async def test_a_room_that_was_never_asleep_has_one_every_so_many_events(
    registry: RoomRegistry, log: CountingLog
) -> None:
    room = await registry.wake("r")
    await say(room, 3 * EVERY_EVENTS)
    await until(lambda: len(log.snapshots) == 3)
    assert [snapshot.seq for snapshot in log.snapshots] == [EVERY_EVENTS * (i + 1) for i in range(3)]
    state, read = await woken(log)
    assert whole(state) == whole(room.state) == whole(await from_zero(log))
    assert read == WOKEN_TAIL_EVENTS


async def test_a_room_of_any_age_wakes_by_reading_what_came_after_its_snapshot(
    registry: RoomRegistry, log: CountingLog
) -> None:
    room = await registry.wake("r")
    await land(room, 3_000)
    await say(room, EVERY_EVENTS - 10)
    before = log.snapshots[-1].seq
    state, read = await woken(log)
    assert whole(state) == whole(room.state)
    assert WOKEN_TAIL_EVENTS <= read == room.state.head - before <= EVERY_EVENTS


async def test_a_room_that_falls_asleep_leaves_one_if_that_spares_folding(
    registry: RoomRegistry, log: CountingLog
) -> None:
    await say(await registry.wake("r"), ASLEEP_EVENTS - 2)
    await local(await registry.wake("r")).close()
    assert not log.snapshots
    await say(await registry.wake("r"), 1)
    await local(await registry.wake("r")).close()
    assert [snapshot.seq for snapshot in log.snapshots] == [ASLEEP_EVENTS]
    await say(await registry.wake("r"), 5)
    await local(await registry.wake("r")).close()
    assert len(log.snapshots) == 1


async def test_a_room_that_was_folded_at_length_is_not_folded_again(log: CountingLog) -> None:
    texts = [Draft(event, 1) for event in (OPENED, *[RoomOpened("wonder", f"{i}") for i in range(2_000)])]
    await log.append("r", texts)
    await woken(log)
    _, read = await woken(log)
    assert read == WOKEN_TAIL_EVENTS


async def test_a_room_that_goes_while_it_is_woken_is_no_room(
    log: CountingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append("r", [Draft(OPENED, 1) for _ in range(1_000)])
    reading = log.read

    async def read(room: str, after: int = 0, limit: int = 500) -> list[Event]:
        events = await reading(room, after, limit)
        await log.erase(room)
        return events

    monkeypatch.setattr(log, "read", read)
    with pytest.raises(NoSuchRoom):
        await registry_on(log).wake("r")


async def test_a_room_that_nobody_uses_leaves_one_as_it_falls_asleep(log: CountingLog) -> None:
    registry = RoomRegistry(log, clock=now_ms, random=Random(1), secret=b"s" * 32, idle_ms=20)
    await land(await registry.open(OPENED, ANNA, id="r"), 300)
    await until(lambda: len(registry) == 0)
    assert [snapshot.seq for snapshot in log.snapshots] == [301]
    await registry.close()


async def test_a_house_that_closes_waits_until_all_is_written(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    registry = registry_on(log)
    room = await registry.open(OPENED, ANNA, id="r")
    await land(room, 300)
    await registry.close()
    kept = await log.snapshot("r")
    assert kept
    assert kept.seq == 301
    await log.close()


def of_the_future(kept: Snapshot) -> Snapshot:
    return Snapshot(kept.seq + 1, kept.version, kept.body, kept.parts)


def of_another_version(kept: Snapshot) -> Snapshot:
    return Snapshot(kept.seq, b"another", kept.body, kept.parts)


def without_a_part(kept: Snapshot) -> Snapshot:
    return Snapshot(kept.seq, kept.version, kept.body, dict(list(kept.parts.items())[1:]))


def cut(kept: Snapshot) -> Snapshot:
    return Snapshot(kept.seq, kept.version, kept.body[:-1], kept.parts)


@pytest.mark.parametrize("spoil", [of_the_future, of_another_version, without_a_part, cut])
async def test_one_that_cannot_be_gone_on_with_is_ignored_with_one_line(
    registry: RoomRegistry,
    log: CountingLog,
    spoil: Callable[[Snapshot], Snapshot],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = await registry.wake("r")
    await land(room, 1_500)
    before = room.state
    await local(room).close()
    kept = await log.snapshot("r")
    assert kept

    async def spoiled(_: str) -> Snapshot:
        return spoil(kept)

    monkeypatch.setattr(log, "snapshot", spoiled)
    with caplog.at_level(logging.WARNING):
        state, _ = await woken(log)
    assert whole(state) == whole(before)
    assert [record.message.split()[0] for record in caplog.records] == ["snapshot.ignored"]
    monkeypatch.undo()
    assert log.snapshots[-1].kept == frozenset(), "it is replaced whole"
    assert whole((await woken(log))[0]) == whole(before)


async def test_a_damaged_one_is_ignored_with_one_line(
    registry: RoomRegistry,
    log: CountingLog,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = await registry.wake("r")
    await land(room, 600)

    async def damaged(_: str) -> Snapshot:
        raise Damaged("a snapshot is damaged")

    monkeypatch.setattr(log, "snapshot", damaged)
    with caplog.at_level(logging.WARNING):
        state, _ = await woken(log)
    assert whole(state) == whole(room.state)
    assert [record.message for record in caplog.records] == ["snapshot.ignored room=r: a snapshot is damaged"]


async def test_a_removal_renews_it_in_the_same_commit(registry: RoomRegistry, log: CountingLog) -> None:
    room = await registry.wake("r")
    clips = await land(room, 1_000)
    written = len(log.snapshots)
    for clip in (clips[3], clips[-1]):
        await room.send(Remove(clip, "admin"))
        kept = await log.snapshot("r")
        assert kept
        assert kept.seq == room.state.head
        assert clip.encode() not in b"".join([kept.body, *kept.parts.values()])
        state, read = await woken(log)
        assert whole(state) == whole(room.state)
        assert read == WOKEN_TAIL_EVENTS
    assert len(log.snapshots) == written, "none was written beside the appends"


async def test_many_removals_of_one_moment_renew_it_once(
    registry: RoomRegistry, log: CountingLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await registry.wake("r")
    clips = await land(room, 1_000)
    made: list[int] = []
    encode = CODEC.encode

    def counted(state: RoomState, stored: object) -> object:
        made.append(state.head)
        return encode(state, stored)  # type: ignore[arg-type]

    monkeypatch.setattr(Codec, "encode", property(lambda _: counted))
    await asyncio.gather(*(room.send(Remove(clip, "admin")) for clip in clips[:100]))
    assert len(made) <= 2
    assert (await log.snapshot("r") or Snapshot(0, b"", b"")).seq == room.state.head


async def test_a_young_room_pays_nothing_for_its_removals(registry: RoomRegistry, log: CountingLog) -> None:
    room = await registry.wake("r")
    (clip,) = await land(room, 1)
    await room.send(Remove(clip, "admin"))
    await say(room, 5)
    assert not log.snapshots
    assert await log.snapshot("r") is None


@pytest.mark.parametrize("failure", [StorageFull("full"), OSError("broken")])
async def test_one_that_could_not_be_stored_costs_nothing_but_folding(
    registry: RoomRegistry, log: CountingLog, failure: Exception
) -> None:
    room = await registry.wake("r")
    await land(room, 1_500)
    log.failure = failure
    await say(room, 600)
    assert whole((await woken(log))[0]) == whole(room.state)
    log.failure = None
    await land(room, 600)
    await until(lambda: log.snapshots[-1].seq > 2_400)
    assert log.snapshots[-1].kept == frozenset()
    assert whole((await woken(log))[0]) == whole(room.state)


async def test_what_another_house_takes_back_is_in_no_snapshot_of_this_one(log: CountingLog) -> None:
    here, there = registry_on(log), registry_on(log)
    room = await here.open(OPENED, ANNA, id="r")
    await room.send(Say("annaquux"), by=ANNA)
    await room.send(Suggest("annaquux"), by=ANNA)
    await land(room, 600)
    other = await there.wake("r")
    await other.send(Forget(everything=True), by=ANNA)
    kept = await log.snapshot("r")
    assert kept is None or b"annaquux" not in kept.body
    forgotten = await log.head("r")
    await say(room, 5)
    assert log.snapshots[-1].seq >= forgotten, "it was dropped and is written anew"
    assert log.snapshots[-1].kept == frozenset()
    kept = await log.snapshot("r")
    assert kept
    assert b"annaquux" not in b"".join([kept.body, *kept.parts.values()])
    assert not (await woken(log))[0].suggestions


class Troupe:
    """Plays in a room at random, with registries whose rooms fall asleep, that end and are killed."""

    def __init__(self, log: Log, seed: int) -> None:
        self.log, self.random = log, Random(seed)
        self.registry = registry_on(log)
        self.made: list[str] = []
        self.words = 0

    async def play(self, steps: int) -> None:
        await self.registry.open(OPENED, ANNA, id="r")
        for _ in range(steps):
            room = await self.registry.wake("r")
            commands = [self.command() for _ in range(self.random.randint(1, 6))]
            results = await asyncio.gather(
                *(room.send(command, by=by, blobs=blobs) for command, by, blobs in commands),
                return_exceptions=True,
            )
            assert not [result for result in results if not isinstance(result, list | Refused)]
            await self.rest(room)

    async def rest(self, room: Room) -> None:
        """Let the room sleep, end its registry, or leave the registry without an end, now and then."""
        what, before = self.random.random(), room.state
        if what < 0.1:
            await local(room).close()
        elif what < 0.2:
            await self.registry.close()
            self.registry = registry_on(self.log)
        elif what < 0.3:
            self.registry = registry_on(self.log)
        kept = await self.log.snapshot("r")
        state = (await registry_on(self.log).look("r")) if kept else None
        assert state is None or whole(state) == whole(before)

    def command(self) -> tuple[Command, Voice | None, list[Blob]]:
        by, self.words = self.random.choice((ANNA, BELA)), self.words + 1
        clip = self.random.choice(self.made) if self.made else "none"
        word = f"quux {by.id} {self.words}"
        match self.random.randrange(9):
            case 0 | 1 | 2:
                self.made.append(f"clip-{self.words}-")
                landed = ClipLanded(self.made[-1], 900, 0, 0, -16.0, (50,) * 64)
                return Land(landed), by, [Blob(self.made[-1], "r", f"sound-{self.words}-".encode())]
            case 3:
                return Caption(ClipCaptioned(clip, f"caption-{clip} quux", "en")), None, []
            case 4:
                return Remove(clip, "admin"), None, []
            case 5:
                return Suggest(word), by, []
            case 6:
                return RoundStart("word_association"), by, []
            case 7 if self.random.random() < 0.2:
                return Forget(everything=True), by, []
            case _:
                return Say(word), by, []


def small(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("server.room.clips.WHOLE_CLIPS", 4)
    patch.setattr("server.room.clips.FILED_TOGETHER", 2)
    patch.setattr("server.room.filed.SEGMENT_ROWS", 5)
    patch.setattr(snapshots_module, "EVERY_EVENTS", 16)
    patch.setattr(snapshots_module, "ASLEEP_EVENTS", 4)
    patch.setattr(snapshots_module, "WOKEN_TAIL_EVENTS", 8)
    patch.setattr(snapshots_module, "WAKE_PAGE_EVENTS", 3)


@pytest.mark.parametrize("seed", range(12))
async def test_whoever_wakes_a_room_finds_it_as_it_was(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    await Troupe(MemoryLog(), seed).play(60)


@pytest.mark.virtual_time(False)  # time would pass thousands of times while a thread writes
@pytest.mark.parametrize("seed", range(4))
async def test_nothing_of_what_went_is_in_the_file_or_its_wal(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    log = await SqliteLog.open(tmp_path / "wonder.db", Settings(synchronous="OFF"))
    troupe = Troupe(log, seed)
    await troupe.play(40)
    room = await troupe.registry.wake("r")
    gone = [clip for clip in troupe.made if clip not in room.state.clips]
    assert len(gone) > 5
    assert await log.snapshot("r")
    await room.send(Forget(everything=True), by=BELA)
    await log.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for clip in gone:
        assert f"caption-{clip} quux".encode() not in stored
        assert clip.replace("clip", "sound").encode() not in stored
    assert f"quux {BELA.id}".encode() not in stored
    assert b"quux" in stored


def test_pages_and_tails_are_bounded() -> None:
    assert WAKE_PAGE_EVENTS <= 500
    assert ASLEEP_EVENTS <= WOKEN_TAIL_EVENTS <= EVERY_EVENTS


async def test_a_room_of_a_hundred_thousand_events_wakes_by_its_newest(log: CountingLog) -> None:
    said = [Draft(TextSaid(f"text {i}"), i, ANNA) for i in range(4)]
    drafts = [Draft(OPENED, 1)]
    for number in range(20_000):
        drafts += [Draft(ClipLanded(f"clip-{number}-", 900, 0, 0, -16.0, (50,)), number, BELA), *said]
    await log.append("r", drafts)
    first = await registry_on(log).look("r")
    assert log.read_events == len(drafts) == 100_001

    room = await registry_on(log).wake("r")
    assert whole(room.state) == whole(first)
    assert log.read_events == len(drafts) + WOKEN_TAIL_EVENTS
    assert len(log.snapshots[0].parts) > 30

    before = (await log.snapshot("r") or log.snapshots[0]).parts
    await room.send(Remove("clip-777-", "admin"))
    kept = await log.snapshot("r")
    assert kept
    assert [name for name, part in kept.parts.items() if before[name] is not part] == ["segment 512"]
    assert whole((await woken(log))[0]) == whole(room.state)
    assert log.read_events == WOKEN_TAIL_EVENTS
