"""The log in a SQLite file keeps the contract of all logs, and what only a file can break."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import apsw
import pytest
from hypothesis import settings

from server.blobs.base import Blob
from server.log.base import Log, LogWithBlobs, StorageFull, Unusable
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.room.events import Event
from tests.support.disk import Disk
from tests.support.feed_contract import FeedContract
from tests.support.log_contract import BlobsInCommitContract, Open, said, texts
from tests.support.log_machine import LogMachine
from tests.support.moving_contract import MovingContract


class TestSqliteLog(MovingContract, FeedContract, BlobsInCommitContract):
    @pytest.fixture
    def open(self, tmp_path: Path) -> Open:
        async def open_() -> Log:
            return await SqliteLog.open(tmp_path / "data" / "wonder.db")

        return open_

    @pytest.fixture
    def open_small(self, tmp_path: Path) -> Open:
        async def open_() -> Log:
            return await SqliteLog.open(tmp_path / "small.db", Settings(max_bytes=200_000))

        return open_


class SqliteMachine(LogMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())

    async def open(self) -> LogWithBlobs:
        return await SqliteLog.open(self.folder / "wonder.db", Settings(synchronous="OFF"))

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder)


SqliteMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
TestSqliteMachine = SqliteMachine.TestCase


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.close()


async def test_appends_that_wait_for_a_commit_share_the_next(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    await asyncio.gather(*[log.append(f"r{i % 9}", [said(str(i))]) for i in range(300)])
    assert log.commits == 1
    first = asyncio.create_task(log.append("r", [said("a")]))
    await asyncio.sleep(0)
    await asyncio.gather(first, *[log.append("r", [said(str(i))]) for i in range(100)])
    assert log.commits <= 3
    await log.close()


async def test_one_process_alone_has_the_file(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    with pytest.raises(Unusable, match="in use by another server"):
        await SqliteLog.open(tmp_path / "wonder.db")
    await log.append("r", [said("a")])
    await log.close()
    again = await SqliteLog.open(tmp_path / "wonder.db")
    assert await again.head("r") == 1
    await again.close()


async def test_what_rooms_keep_is_for_the_servers_user_alone(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    await log.append("r", [said("hello")], expect=0)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    await log.close()

    assert modes == dict.fromkeys(("wonder.db", "wonder.db-wal", "wonder.db-shm", "wonder.db-lock"), 0o600)


async def test_a_closed_log_leaves_one_file_beside_its_lock(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    await log.append("r", [said("a")])
    await log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wonder.db", "wonder.db-lock"]


@pytest.mark.parametrize("step", ["write", "sync"])
@pytest.mark.parametrize("seed", range(10))
async def test_nothing_is_acknowledged_after_the_disk_failed(
    disk: Disk, tmp_path: Path, step: str, seed: int
) -> None:
    failures: list[OSError] = []
    log = await SqliteLog.open(tmp_path / "wonder.db", Settings(vfs=disk.name), on_failure=failures.append)
    disk.fail = failing(step, after=Random(seed).randrange(1, 60))
    acknowledged: list[Event] = []
    with pytest.raises(OSError, match="the storage broke"):
        await append_many(log, acknowledged)
    disk.fail = lambda _: None
    for _ in range(3):
        with pytest.raises(OSError, match="the storage broke"):
            await log.append("r", [said("later")])
    with pytest.raises(OSError, match="the storage broke"):
        await log.check()
    assert len(failures) == 1
    await log.close()
    again = await SqliteLog.open(tmp_path / "wonder.db")
    assert (await again.read("r"))[: len(acknowledged)] == acknowledged
    await again.close()


async def test_a_full_disk_refuses_and_goes_on_when_there_is_room_again(disk: Disk, tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db", Settings(vfs=disk.name))
    kept = await log.append("r", [said("a")])
    for round_ in range(5):
        disk.fail = full
        for key in ("k", None):
            with pytest.raises(StorageFull):
                await log.append("r", [said("b")], key=key)
        disk.fail = lambda _: None
        kept += await log.append("r", [said(f"c{round_}")], key=f"k{round_}")
    assert await log.read("r") == kept
    await log.close()


async def test_a_disk_that_is_nearly_full_takes_words_but_no_sound(tmp_path: Path) -> None:
    free = [500_000_000, 100_000_000_000]
    log = await SqliteLog.open(tmp_path / "wonder.db", Settings(disk=lambda: (free[0], free[1])))
    with pytest.raises(StorageFull):
        await log.append("r", [said("a")], blobs=[Blob("b", "r", b"sound")])
    with pytest.raises(StorageFull):
        await log.check()
    assert texts(await log.append("r", [said("words")])) == ["words"]
    await log.close()


@pytest.mark.parametrize(("free", "size"), [(2_000_000_000, 100_000_000_000), (500_000_000, 1_000_000_000)])
async def test_little_space_is_no_trouble_when_share_or_size_is_enough(
    tmp_path: Path, free: int, size: int
) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db", Settings(disk=lambda: (free, size)))
    await log.append("r", [said("a")], blobs=[Blob("b", "r", b"sound")])
    await log.check()
    await log.close()


async def test_an_append_that_cannot_be_encoded_harms_no_other_of_its_commit(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    words = ["a", "\ud800", "c"]
    results = await asyncio.gather(*[log.append("r", [said(w)]) for w in words], return_exceptions=True)
    assert isinstance(results[1], UnicodeError)
    assert texts(await log.read("r")) == ["a", "c"]
    await log.close()


async def append_many(log: SqliteLog, acknowledged: list[Event]) -> None:
    """Append until the log fails, and note what it acknowledged."""
    for i in range(200):
        acknowledged += await log.append("r", [said(f"{i}")], blobs=[Blob(f"b{i}", "r", bytes(20_000))])


def failing(step: str, *, after: int) -> Callable[[str], None]:
    """Return what breaks the disk at one step, after the given number of good ones."""
    left = [after]

    def fail(what: str) -> None:
        left[0] -= what == step
        if left[0] <= 0 and what == step:
            raise apsw.IOError("broken by the test")

    return fail


def full(step: str) -> None:
    """Break every write as a full disk does."""
    if step == "write":
        raise apsw.FullError("full, says the test")
