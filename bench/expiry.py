"""What it costs when many rooms have something that is over at the same time: `python -m bench.expiry`.

Each room has a clip and a text that are over and `CLIPS` clips that are not, in SQLite; a registry that never
met the rooms sweeps them as a start after a long stop does. Told are the rooms that were awake at once, the
memory that took, and how long a change that came in the middle waited for the reader.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import re
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.age import VOICES
from server.clock import Clock
from server.log.base import Entry
from server.log.sqlite import SqliteLog
from server.readers.expiry import Expiry
from server.readers.runner import Readers, Runner
from server.room.events import ClipLanded, Draft, RoomOpened, TextSaid
from server.room.kinds import KINDS
from server.rooms.registry import RoomRegistry

ROOMS, CLIPS = 1_500, 50
LOOK_EVERY_S = 0.01
PATIENCE_S = 300.0


async def fill(log: SqliteLog, rooms: int, now_ms: int) -> None:
    """Open rooms with a clip and a text each that are over now, and clips that are not."""
    then_ms = now_ms - KINDS["wonder"].keep_ms
    for i in range(rooms):
        opened = Draft(RoomOpened("wonder", f"Room {i}", public=True), then_ms - 1)
        clips = [_landed(f"clip{i}-{j}", now_ms if j else then_ms, i + j) for j in range(CLIPS + 1)]
        said = Draft(TextSaid("long ago"), then_ms, VOICES[i % len(VOICES)])
        await log.extend(f"room{i}", [Entry([opened, said, *clips])], expect=0)


def _landed(clip: str, at_ms: int, nth: int) -> Draft:
    return Draft(ClipLanded(clip, 3_000, 100, 0, -16.0, (7,) * 64), at_ms, VOICES[nth % len(VOICES)])


async def seen(runner: Runner, log: SqliteLog, room: str, now_ms: int) -> float:
    """Return the seconds until the reader has seen a change that comes now."""
    loop = asyncio.get_running_loop()
    began_s, before = loop.time(), runner.events
    await log.append(room, [Draft(TextSaid("in the middle"), now_ms)])
    while runner.events == before and loop.time() < began_s + PATIENCE_S:  # noqa: ASYNC110 - it only counts
        await asyncio.sleep(LOOK_EVERY_S)
    return loop.time() - began_s


async def sweep(path: Path, rooms: int) -> dict[str, float]:
    """Return the figures of one sweep."""
    log, clock = await SqliteLog.open(path), Clock()
    await fill(log, rooms, clock())
    registry = RoomRegistry(log, clock=clock, random=Random(1), secret=b"s" * 32)
    await _noted(log, registry, clock, rooms)
    gc.collect()
    before_kb, peak_kb, awake, late_s = _resident_kb(), 0, 0, 0.0
    readers = Readers(log, [Expiry(registry, log, clock)], clock=clock)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    readers.start()
    late = asyncio.create_task(_in_the_middle(readers.runners[0], log, clock))
    while await _left(log, clock) and loop.time() < began_s + PATIENCE_S:
        peak_kb, awake = max(peak_kb, _resident_kb()), max(awake, len(registry))
        await asyncio.sleep(LOOK_EVERY_S)
    took_s, late_s = loop.time() - began_s, await late
    await readers.close()
    await registry.close()
    await log.close()
    return {
        "expiry_rooms": rooms,
        "expiry_awake_at_once": awake,
        "expiry_grown_mb": (peak_kb - before_kb) / 1024,
        "expiry_change_waited_s": late_s,
        "expiry_took_s": took_s,
    }


async def _noted(log: SqliteLog, registry: RoomRegistry, clock: Clock, rooms: int) -> None:
    """Let the reader have seen all that there is, and have removed nothing yet."""
    reader = Expiry(registry, log, clock)
    at = 0
    while changes := await log.changes(at):
        effects = [effect for change in changes for effect in await reader.read(change) or ()]
        effects += await reader.flush()
        await log.advance(reader.name, changes[-1].position, expect=at, effects=effects)
        at = changes[-1].position
    rows = await log.projection(reader.name, "wonder", limit=2 * rooms + 1)
    assert rows[2 * rooms - 1].number < rows[2 * rooms].number, "of each room a clip and a text are over"


async def _in_the_middle(runner: Runner, log: SqliteLog, clock: Clock) -> float:
    await asyncio.sleep(1.0)
    return await seen(runner, log, "room0", clock())


async def _left(log: SqliteLog, clock: Clock) -> bool:
    (oldest,) = await log.projection(Expiry.name, "wonder", limit=1)
    return oldest.number < clock() - KINDS["wonder"].keep_ms // 2


def _resident_kb() -> int:
    return int(re.findall(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[0])


def measure(rooms: int = ROOMS) -> dict[str, float]:
    """Return the figures."""
    with TemporaryDirectory(prefix="wonder-expiry-") as folder:
        return asyncio.run(sweep(Path(folder) / "wonder.db", rooms))


def main() -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=ROOMS)
    for name, value in measure(parser.parse_args().rooms).items():
        print(f"{name:40} {value:.3f}")


if __name__ == "__main__":
    main()
