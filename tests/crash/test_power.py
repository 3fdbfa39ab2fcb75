"""A power cut at any moment: what was acknowledged is there after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from server.blobs.base import Blob
from server.log import schema, writing
from server.log.reading import Reader
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.room.events import Event
from tests.support.disk import Disk
from tests.support.log_contract import said, texts

CUTS = 150
CUTS_IN_SOAK = 2_000
ROOMS = ("a", "b", "c")


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.close()


class Cutter:
    """Cuts the power now and then, and remembers what had been acknowledged by then."""

    def __init__(self, disk: Disk, folder: Path, cuts: int) -> None:
        self.disk, self.folder, self.random = disk, folder, Random(cuts)
        self.wanted = cuts
        self.acknowledged: dict[str, list[Event]] = {room: [] for room in ROOMS}
        self.cuts: list[tuple[Path, dict[str, list[Event]]]] = []

    def seen(self) -> None:
        if self.random.random() < 0.05 and len(self.cuts) < self.wanted:
            had = {room: list(events) for room, events in self.acknowledged.items()}
            path = self.folder / f"cut{len(self.cuts)}"
            self.disk.cut(path, self.random)
            self.cuts.append((path, had))

    async def load(self, log: SqliteLog) -> None:
        """Write until the power was cut often enough."""
        self.disk.seen = self.seen
        turn = 0
        while len(self.cuts) < self.wanted and turn < 20 * self.wanted:
            await asyncio.gather(*[self._append(log, room, turn) for room in ROOMS])
            turn += 1
        self.disk.seen = lambda: None

    async def _append(self, log: SqliteLog, room: str, turn: int) -> None:
        drafts = [said(f"{room}{turn}.{i}" + "x" * 90 * (turn % 5)) for i in range(1 + turn % 3)]
        blobs = [Blob(f"{room}{turn}", room, bytes([turn % 256]) * 9_000)] if turn % 4 == 0 else []
        self.acknowledged[room] += await log.append(room, drafts, blobs=blobs)


def lost(path: Path, had: dict[str, list[Event]]) -> int:
    """Open what is left after a cut, check that it is sound, and count what was acknowledged and is gone."""
    connection = schema.open_writer(path / "wonder.db", Settings(synchronous="OFF"))
    assert connection.pragma("integrity_check") == "ok"
    reader = Reader(connection)
    missing = 0
    for room in ROOMS:
        stored = reader.read(room, 0, 1_000_000)
        kept = stored[: len(had[room])]
        assert kept == had[room][: len(kept)]
        missing += len(had[room]) - len(kept)
        for text in texts(stored):
            turn = int(text.removeprefix(room).split(".")[0])
            assert turn % 4 or reader.blob(f"{room}{turn}"), "an event without its blob"
    connection.close()
    return missing


async def run(disk: Disk, folder: Path, synchronous: str, cuts: int = CUTS) -> list[int]:
    log = await SqliteLog.open(folder / "wonder.db", Settings(vfs=disk.name, synchronous=synchronous))
    cutter = Cutter(disk, folder, cuts)
    await cutter.load(log)
    await log.close()
    assert len(cutter.cuts) == cuts
    return [lost(path, had) for path, had in cutter.cuts]


async def test_no_power_cut_loses_what_was_acknowledged(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "CHECKPOINT_PAGES", 60)
    assert not any(await run(disk, tmp_path, "FULL"))


async def test_the_control_that_does_not_sync_loses_some(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "CHECKPOINT_PAGES", 60)
    assert any(await run(disk, tmp_path, "NORMAL"))


@pytest.mark.soak
@pytest.mark.timeout(3_600)
async def test_no_power_cut_of_two_thousand_loses_what_was_acknowledged(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "CHECKPOINT_PAGES", 60)
    for round_ in range(CUTS_IN_SOAK // CUTS):
        folder = tmp_path / f"{round_}"
        folder.mkdir()
        assert not any(await run(disk, folder, "FULL", CUTS + round_))
