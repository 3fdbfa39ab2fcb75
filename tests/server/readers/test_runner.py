"""The runner: in order, from the cursor, patient with one change and never stuck behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest

from server.log.base import LOST, Change, Conflict, DamagedProgress, Effect, Log, Projected
from server.log.memory import MemoryLog
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.readers import runner as runner_module
from server.readers.base import PAGE_CHANGES, Reader, Rest, Unavailable
from server.readers.runner import Patience, Readers, Runner
from server.room.events import ClipRemoved, Draft, Erased, Event, TextSaid
from tests.support.actors import now_ms, until
from tests.support.log_contract import said
from tests.support.reading import QUICK, caught_up, read_all, running


class Noting(Reader):
    """Notes what it reads; a test says at which words it fails, and how often."""

    def __init__(self, name: str = "noting", *, page: int = PAGE_CHANGES) -> None:
        self.name, self.page = name, page
        self.read_: list[str] = []
        self.fails: dict[str, list[BaseException]] = {}
        self.idles = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, change: Change) -> Sequence[Effect] | None:
        await self.gate.wait()
        word = change.event.data.text if isinstance(change.event.data, TextSaid) else ""
        if errors := self.fails.get(word):
            raise errors.pop(0)
        self.read_.append(word)
        if word.startswith("dull"):
            return None
        return [Projected(change.room, word, "p", change.event.seq)]

    async def idle(self) -> Rest:
        self.idles += 1
        return Rest()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


async def say(log: Log, *words: str, room: str = "r") -> None:
    for word in words:
        await log.append(room, [said(word)])


async def kept(log: Log, name: str = "noting") -> list[str]:
    return [row.item for row in await log.projection(name, "p")]


async def test_what_was_stored_is_read_in_order_and_then_what_comes(log: MemoryLog) -> None:
    words = [f"w{i}" for i in range(300)]
    for i, word in enumerate(words[:290]):
        await say(log, word, room=f"r{i % 5}")
    reader = Noting()
    async with running(log, reader) as (runner,):
        await caught_up(log, runner)
        for word in words[290:]:
            await say(log, word)
        await caught_up(log, runner)
    assert reader.read_ == words
    assert runner.events == 300
    assert runner.behind_ms() == 0


async def test_what_is_urgent_is_read_at_once_and_the_rest_with_it_or_later(log: MemoryLog) -> None:
    class Hurried(Noting):
        urgent = ("clip.removed",)

    reader = Hurried()
    runner = Runner(log, reader, clock=now_ms, patience=QUICK, later_s=3_600.0)
    following = asyncio.create_task(runner.run())
    await say(log, "a")
    await caught_up(log, runner)
    await say(log, "b")
    await until(lambda: runner.behind_ms() > 0)
    assert reader.read_ == ["a"]
    await log.append("wonder", [Draft(ClipRemoved("c", "undone"), now_ms())])
    await caught_up(log, runner)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert reader.read_[:2] == ["a", "b"]


async def test_what_was_put_off_is_finished_before_the_cursor_moves(log: MemoryLog) -> None:
    cursors: list[int] = []

    class Flushed(Noting):
        async def flush(self) -> Sequence[Effect]:
            cursors.append(await log.cursor(self.name))
            return ()

        def stored(self) -> None:
            stored.append(len(cursors))

    stored: list[int] = []
    await say(log, "a")
    reader = Flushed()
    async with running(log, reader) as (runner,):
        await caught_up(log, runner)
        await say(log, "b")
        await caught_up(log, runner)
    assert cursors == [0, 1]
    assert stored == [2]  # not before `idle`: what that returned before a failure would be lost
    assert await log.cursor(reader.name) == 2


async def test_a_reader_goes_on_where_its_cursor_is(log: MemoryLog) -> None:
    await say(log, "a", "b")
    await read_all(log, [Noting()])
    await say(log, "c")
    again = Noting()
    await read_all(log, [again])
    assert again.read_ == ["c"]
    assert await kept(log) == ["a", "b", "c"]


async def test_nothing_is_read_while_nothing_comes(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    changes = log.changes

    async def counted(after: int = 0, limit: int = 500) -> list[Change]:
        reads.append(after)
        return await changes(after, limit)

    monkeypatch.setattr(log, "changes", counted)
    reader = Noting()
    await say(log, "a")
    async with running(log, reader):
        await until(lambda: reader.idles == 1)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(reads) == 1
        await say(log, "b")
        await until(lambda: reader.read_ == ["a", "b"])
    assert len(reads) == 2


async def test_a_busy_log_is_read_page_by_page_and_not_for_each_event(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[int] = []
    changes = log.changes

    async def counted(after: int = 0, limit: int = 500) -> list[Change]:
        page = await changes(after, limit)
        if limit > 1:  # else it is this test that looks whether all is read
            pages.append(len(page))
        return page

    monkeypatch.setattr(log, "changes", counted)
    monkeypatch.setattr(runner_module, "READ_EVERY_S", 0.2)
    reader = Noting()
    async with running(log, reader) as (runner,):
        await until(lambda: reader.idles == 1)
        for i in range(500):
            await say(log, f"w{i}")
            await asyncio.sleep(0)
        await caught_up(log, runner)
    assert len(reader.read_) == 500
    assert max(pages) <= PAGE_CHANGES, "what a lag holds is a page"
    assert len(pages) < 100


async def test_a_change_that_fails_is_tried_again_and_then_done(
    log: MemoryLog, caplog: pytest.LogCaptureFixture
) -> None:
    await say(log, "a", "b", "c")
    reader = Noting()
    reader.fails = {"b": [ValueError(), KeyError()]}
    async with running(log, reader) as (runner,):
        await caught_up(log, runner)
    assert reader.read_ == ["a", "b", "c"]
    assert (runner.retries, runner.set_aside, runner.events) == (2, 0, 3)
    assert await kept(log) == ["a", "b", "c"]
    assert caplog.text.count("reader.failed_once reader=noting position=2 room=r seq=2 kind=text.said") == 2


async def test_a_change_that_keeps_failing_is_set_aside_told_and_the_reader_goes_on(
    log: MemoryLog, caplog: pytest.LogCaptureFixture
) -> None:
    await say(log, "a", "secret words")
    reader = Noting()
    reader.fails = {"secret words": [ValueError("no") for _ in range(9)]}
    async with running(log, reader) as (runner,):
        await caught_up(log, runner)
        assert (runner.retries, runner.set_aside) == (2, 1)
        again = Noting()
        await read_all(log, [again])
        await say(log, "c")
        await caught_up(log, runner)
    assert reader.read_ == ["a", "c"]
    assert len(reader.fails["secret words"]) == 9 - 3
    assert again.read_ == [], "what was set aside does not come back"
    assert "reader.set_aside reader=noting position=2 room=r seq=2 kind=text.said" in caplog.text
    assert "secret" not in caplog.text


async def test_the_pauses_between_tries_grow_to_a_limit() -> None:
    patience = Patience(first_ms=250, longest_ms=3_000)
    assert [patience.pause_s(i) for i in (1, 2, 3, 4, 5, 9_999)] == [0.25, 0.5, 1, 2, 3, 3]


async def test_what_is_away_is_waited_for_however_long_and_nothing_is_set_aside(log: MemoryLog) -> None:
    await say(log, "a", "b", "c")
    reader = Noting()
    reader.fails = {"b": [Unavailable("the service") for _ in range(20)]}
    async with running(log, reader, patience=Patience(tries=2, first_ms=1, longest_ms=1)) as (runner,):
        await caught_up(log, runner)
    assert reader.read_ == ["a", "b", "c"]
    assert (runner.retries, runner.set_aside) == (20, 0)


async def test_what_was_done_is_stored_before_a_failing_change_is_waited_for(log: MemoryLog) -> None:
    await say(log, "a", "b")
    reader = Noting()
    reader.fails = {"b": [ValueError()]}
    async with running(log, reader, patience=Patience(first_ms=60_000, longest_ms=60_000)) as (runner,):
        await until(lambda: runner.retries == 1)
        await asyncio.sleep(0)
        assert await log.cursor("noting") == 1
        assert await kept(log) == ["a"]


async def test_a_damaged_change_is_set_aside_at_once_and_never_shown(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(log, "a", "b", "c")
    changes = log.changes

    async def damaged(after: int = 0, limit: int = 500) -> list[Change]:
        lost = Event(2, 1, 0, None, LOST, Erased())
        return [Change(2, "r", lost) if x.position == 2 else x for x in await changes(after, limit)]

    monkeypatch.setattr(log, "changes", damaged)
    reader = Noting()
    async with running(log, reader) as (runner,):
        await caught_up(log, runner)
    assert reader.read_ == ["a", "c"]
    assert (runner.retries, runner.set_aside) == (0, 1)


async def test_one_reader_stops_no_other_and_a_slow_one_slows_no_append(log: MemoryLog) -> None:
    slow, broken, well = Noting("slow"), Noting("broken"), Noting("well")
    slow.gate.clear()
    broken.fails = {"w3": [ValueError() for _ in range(10_000)]}
    async with running(log, slow, broken, well, patience=Patience(tries=9_999, longest_ms=1)) as runners:
        for i in range(50):
            await say(log, f"w{i}")
        await caught_up(log, runners[2])
        await until(lambda: runners[1].retries > 5)
        assert len(well.read_) == 50
        assert (slow.read_, broken.read_) == ([], ["w0", "w1", "w2"])
        assert runners[0].behind_ms() > 0
        slow.gate.set()
        await caught_up(log, runners[0])
        assert len(slow.read_) == 50


async def test_for_dull_changes_alone_no_cursor_is_stored_until_there_are_many(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "UNSTORED_CHANGES", 20)
    reader = Noting()
    async with running(log, reader) as (runner,):
        await say(log, *[f"dull {i}" for i in range(5)])
        await caught_up(log, runner)
        assert await log.cursor("noting") == 0
        await say(log, "a")
        await caught_up(log, runner)
        assert await log.cursor("noting") == 6
        await say(log, *[f"dull {i}" for i in range(20)])
        await caught_up(log, runner)
        assert await log.cursor("noting") >= 26 - 19


async def test_two_of_one_name_share_the_work_and_nothing_is_missed_or_stored_twice(
    log: MemoryLog, caplog: pytest.LogCaptureFixture
) -> None:
    """Two registries on one log: whichever moves the cursor first, the other goes on from there."""

    class Counting(Reader):
        name, page = "counting", 1

        async def read(self, change: Change) -> Sequence[Effect]:
            row = await log.projected(self.name, change.room, "n")
            await asyncio.sleep(0)
            return [Projected(change.room, "n", "p", 1 + (row.number if row else 0))]

    async with running(log, Counting(), Counting()) as runners:
        for i in range(300):
            await say(log, f"w{i}", room=f"r{i % 3}")
            await asyncio.sleep(0)
        for runner in runners:
            await caught_up(log, runner)
    assert [row.number for row in await log.projection("counting", "p")] == [100, 100, 100]
    assert "reader.failed" not in caplog.text, "that another was faster is no failure"


async def test_each_effect_is_stored_once(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[str] = []
    advance = log.advance

    async def noted(reader: str, position: int, *, expect: int, effects: Sequence[Effect] = ()) -> None:
        stored.extend(effect.item for effect in effects)
        await advance(reader, position, expect=expect, effects=effects)

    monkeypatch.setattr(log, "advance", noted)
    reader = Noting(page=2)
    words = [f"w{i}" for i in range(9)]
    reader.fails = {"w5": [ValueError()]}
    await say(log, *words)
    await read_all(log, [reader])
    assert stored == words


async def test_a_storage_that_fails_is_asked_again_from_what_is_stored(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await say(log, "a", "b")
    errors: list[Exception] = [OSError("the storage cannot be read"), OSError("it still cannot")]
    advance = log.advance

    async def failing(*args: Any, **more: Any) -> None:
        if errors:
            raise errors.pop()
        await advance(*args, **more)

    monkeypatch.setattr(log, "advance", failing)
    reader = Noting()
    async with running(log, reader) as (runner,):
        await caught_up(log, runner)
    assert reader.read_ == ["a", "b"] * 3
    assert await kept(log) == ["a", "b"]
    assert caplog.text.count("reader.failed reader=noting") == 2
    assert runner.set_aside == 0


@pytest.mark.parametrize("what", ["cursor", "projection"])
async def test_a_projection_that_is_damaged_is_made_anew(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Derived(Noting):
        derived = True

        def __init__(self, log: Log) -> None:
            super().__init__()
            self.log = log

        async def idle(self) -> Rest:
            await self.log.projection(self.name, "p")
            return Rest()

    file = tmp_path / "log.db"
    log = await SqliteLog.open(file, Settings(synchronous="OFF"))
    await say(log, "a", "b")
    await read_all(log, [Derived(log), Noting("other")])
    await log.close()
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute(f"UPDATE {what} SET sum = sum + 1 WHERE reader = 'noting'")
    log = await SqliteLog.open(file, Settings(synchronous="OFF"))
    await say(log, "c")
    reader, other = Derived(log), Noting("other")
    await read_all(log, [reader, other])
    assert reader.read_[-3:] == ["a", "b", "c"]
    assert await kept(log) == await kept(log, "other") == ["a", "b", "c"]
    assert other.read_ == ["c"]
    assert "reader.begins_anew reader=noting" in caplog.text
    await log.close()


async def test_a_reader_begins_anew_once_for_each_damage(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Derived(Noting):
        derived = True

    errors: dict[str, list[Exception]] = {"cursor": [DamagedProgress()], "advance": [OSError(), Conflict()]}
    restarts: list[str] = []
    advance, cursor, restart = log.advance, log.cursor, log.restart

    async def failing(what: str, call: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> Any:
        if errors[what]:
            raise errors[what].pop()
        return await call(*args, **more)

    async def counted(reader: str) -> None:
        restarts.append(reader)
        await restart(reader)

    monkeypatch.setattr(log, "cursor", partial(failing, "cursor", cursor))
    monkeypatch.setattr(log, "advance", partial(failing, "advance", advance))
    monkeypatch.setattr(log, "restart", counted)
    await say(log, "a")
    await read_all(log, [Derived()])
    assert restarts == ["noting"]
    assert await kept(log) == ["a"]


async def test_a_reader_that_acts_elsewhere_does_not_act_anew_because_its_cursor_is_damaged(
    log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    async def damaged(reader: str) -> int:
        tries.append(reader)
        raise DamagedProgress("the cursor is damaged")

    monkeypatch.setattr(log, "cursor", damaged)
    await say(log, "a")
    reader = Noting()
    async with running(log, reader) as (runner,):
        await until(lambda: len(tries) > 3)
        assert runner.behind_ms() >= 0
    assert reader.read_ == []


async def test_what_a_reader_does_of_itself_is_stored_and_it_is_asked_again_in_time(log: MemoryLog) -> None:
    class Ticking(Noting):
        async def idle(self) -> Rest:
            self.idles += 1
            return Rest([Projected("r", "ticks", "p", self.idles)], 1)

    await say(log, "a")
    reader = Ticking()
    async with running(log, reader):
        await until(lambda: reader.idles >= 4)
    row = await log.projected("noting", "r", "ticks")
    assert row is not None
    assert row.number >= 3


async def test_an_idle_that_fails_is_told_and_keeps_nothing_from_being_read(
    log: MemoryLog, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Noting):
        async def idle(self) -> Rest:
            self.idles += 1
            raise ZeroDivisionError

    reader = Broken()
    async with running(log, reader):
        await say(log, "a")
        await until(lambda: reader.read_ == ["a"])
        await until(lambda: reader.idles > 3)
        await say(log, "b")
        await until(lambda: reader.read_ == ["a", "b"])
    assert "reader.failed reader=noting" in caplog.text


async def test_a_reader_ends_with_its_log_and_closing_twice_is_harmless(log: MemoryLog) -> None:
    readers = Readers(log, [Noting("one"), Noting("two")], clock=now_ms)
    await readers.close()
    readers.start()
    await until(lambda: all(runner._unread_ms is None for runner in readers.runners))
    await log.close()
    async with asyncio.timeout(10):
        await asyncio.gather(*readers._tasks)
    await readers.close()
    await readers.close()


async def test_how_far_behind_is_the_age_of_the_oldest_change_that_was_not_seen() -> None:
    clock = [50_000]
    log, reader = MemoryLog(), Noting()
    reader.gate.clear()
    for at_ms in (20_000, 30_000):
        await log.append("r", [said("w", at_ms)])
    runner = Runner(log, reader, clock=lambda: clock[0])
    task = asyncio.ensure_future(runner.run())
    await until(lambda: runner._unread_ms == 20_000)
    assert runner.behind_ms() == 30_000
    clock[0] = 10_000
    assert runner.behind_ms() == 0
    clock[0] = 60_000
    reader.gate.set()
    await caught_up(log, runner)
    assert runner.behind_ms() == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
