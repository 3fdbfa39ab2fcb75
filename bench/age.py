"""What a room's age and the number of rooms cost: start, wake, landing, removal, lobby, memory.

Rooms of 0 to 100,000 clips of 500 voices in one file with 10,000 others, written by the log itself;
`slope` is what ten times the clips (or all the rooms) cost more: 1.0 is nothing. CPU is that of the
whole process, threads included. Wakes are those of a registry that never met the room, as after a kill.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import apsw
from msgspec import Struct

from bench.chat import READY, ROOT, START_LIMIT_S
from server.log import sums
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from server.room.commands import Land, Remove
from server.room.context import Context
from server.room.decide import decide, erasures
from server.room.events import ClipLanded, Draft, RoomOpened, Voice, numbered
from server.room.ids import unguessable
from server.room.state import RoomState, apply
from server.rooms.registry import RoomRegistry

SIZES = (0, 1_000, 10_000, 100_000)
ROOMS = 10_000
VOICES = tuple(Voice(unguessable()[:20], f"Zany Kettle {i}", "#ffaa00") for i in range(500))
APPENDED_TOGETHER = 5_000
COMMANDS = 400
WAKES = 7
STARTS = 5
LISTED_ROOMS = 100
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Cost(Struct):
    """What something took, in ms."""

    wall_ms: float
    cpu_ms: float


def measure(sizes: Sequence[int] = SIZES, rooms: int = ROOMS) -> dict[str, float]:
    """Return the figures."""
    with TemporaryDirectory(prefix="wonder-age-") as folder:
        aged, empty = Path(folder, "aged"), Path(folder, "empty")
        aged.mkdir()
        empty.mkdir()
        figures = asyncio.run(_rooms(aged / "wonder.db", sizes, rooms))
        figures |= _starts(aged, empty)
    for what in ("wake_cpu_ms", "landing_us", "removal_us", "memory_kb"):
        figures[f"age_{what}_slope"] = figures[f"age_{what}_{sizes[-1]}"] / figures[f"age_{what}_{sizes[-2]}"]
    return figures


async def _rooms(path: Path, sizes: Sequence[int], rooms: int) -> dict[str, float]:
    log = await SqliteLog.open(path, Settings(synchronous="OFF"))
    figures: dict[str, float] = {}
    clips = {size: await _fill(log, f"room{size}", size) for size in sizes}
    figures["age_lobby_cpu_ms_few_rooms"] = (await _lobby(log)).cpu_ms
    await _fill_with_rooms(log, rooms)
    figures["age_lobby_cpu_ms"] = (await _lobby(log)).cpu_ms
    for size in sizes:
        figures |= {f"age_{what}_{size}": value for what, value in (await _room(log, size, clips)).items()}
    await log.close()
    _shelve(path, clips[sizes[-1]], f"room{sizes[-1]}")
    return figures


async def _fill(log: SqliteLog, room: str, clips: int) -> list[str]:
    """Make a room of clips, and its snapshot; returns their ids."""
    await log.append(room, [Draft(RoomOpened("wonder", "Old", public=True), 1)])
    ids = [unguessable() for _ in range(clips)]
    for first in range(0, clips, APPENDED_TOGETHER):
        some = enumerate(ids[first : first + APPENDED_TOGETHER], first)
        await log.append(room, [Draft(_landed(id_), 1_000 + i, VOICES[i % len(VOICES)]) for i, id_ in some])
    registry = _registry(log)
    await registry.wake(room)
    await registry.close()
    return ids


async def _fill_with_rooms(log: SqliteLog, rooms: int) -> None:
    drafts = [Draft(RoomOpened("wonder", "Small", public=bool(i % 2)), 2_000 + i) for i in range(rooms)]
    await asyncio.gather(*(log.append(f"small{i}", [draft]) for i, draft in enumerate(drafts)))


def _shelve(path: Path, clips: Sequence[str], room: str) -> None:
    """Let a file know all clips, of one sound: so many of their own would be a gigabyte."""
    connection = apsw.Connection(str(path))
    name = (sums.name(room),)
    number = connection.execute("SELECT number FROM room WHERE name = ?", name).get
    with connection:
        connection.execute("INSERT INTO blob(guard, body) VALUES (zeroblob(4096), x'00')")
        row = connection.last_insert_rowid()
        rows = ((id_, number, row, sums.of_blob(id_, number, b"\0")) for id_ in clips)
        connection.executemany("INSERT INTO blob_index(id, room, blob, sum) VALUES (?, ?, ?, ?)", rows)
    connection.close()


def _landed(clip: str) -> ClipLanded:
    return ClipLanded(clip, 900, 10, 0, -16.0, (50,) * 64)


def _registry(log: SqliteLog) -> RoomRegistry:
    return RoomRegistry(log, clock=lambda: 10**6, random=Random(1), secret=b"s" * 32, idle_ms=10**9)


async def _lobby(log: SqliteLog) -> Cost:
    """Return what the list of rooms costs: the catalogue, and each room as it is shown."""
    registry = _registry(log)

    async def listed() -> None:
        for listing in await registry.listings(LISTED_ROOMS):
            await registry.look(listing.room)

    return await _cost(listed, STARTS)


async def _room(log: SqliteLog, size: int, clips: dict[int, list[str]]) -> dict[str, float]:
    room, ids = f"room{size}", clips[size]
    wake = await _cost(lambda: _registry(log).wake(room), WAKES)
    figures = {"wake_ms": wake.wall_ms, "wake_cpu_ms": wake.cpu_ms}
    figures["memory_kb"] = await _memory_kb(log, room)
    state = (await _registry(log).wake(room)).state
    figures["landing_us"], state = _landings(state)
    if ids:
        figures["removal_us"] = _removals(state, ids)
        awake = await _registry(log).wake(room)  # and is left as a kill leaves it
        await awake.send(Remove(ids.pop(len(ids) // 2), "admin"))
        removed = await _cost(lambda: _registry(log).wake(room), WAKES)
        figures["wake_after_removal_ms"] = removed.wall_ms
        figures["wake_after_removal_cpu_ms"] = removed.cpu_ms
    return figures


async def _cost(do: Callable[[], Awaitable[Any]], times: int) -> Cost:
    costs = []
    for _ in range(times):
        gc.collect()
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        await do()
        costs.append((time.perf_counter() - wall_s, time.process_time() - cpu_s))
    wall, cpu = zip(*costs, strict=True)
    return Cost(median(wall) * 1_000, median(cpu) * 1_000)


async def _memory_kb(log: SqliteLog, room: str) -> float:
    gc.collect()
    tracemalloc.start()
    registry = _registry(log)
    await registry.wake(room)
    gc.collect()
    size_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size_bytes / 1_000


def _landings(state: RoomState) -> tuple[float, RoomState]:
    """Return what deciding and folding a landing costs, in us of CPU."""
    context = Context(10**6, Random(1))
    began_s = time.process_time()
    for number in range(COMMANDS):
        state = _done(state, Land(_landed(f"landing{number}")), VOICES[0], context)
    return (time.process_time() - began_s) / COMMANDS * 1e6, state


def _removals(state: RoomState, ids: Sequence[str]) -> float:
    """Return what deciding and folding a removal costs, in us of CPU."""
    context, chosen = Context(10**6, Random(1)), Random(2).sample(ids, COMMANDS)
    began_s = time.process_time()
    for id_ in chosen:
        state = _done(state, Remove(id_, "admin"), None, context)
    return (time.process_time() - began_s) / COMMANDS * 1e6


def _done(state: RoomState, command: Land | Remove, by: Voice | None, context: Context) -> RoomState:
    drafts = decide(state, command, by, context)
    erasures(state, [draft.data for draft in drafts])
    for draft in drafts:
        state = apply(state, numbered(draft, state.head + 1, state.head))
    return state


def _starts(aged: Path, empty: Path) -> dict[str, float]:
    """Return what a start costs with the rooms and without, in turn so that both meet the same hour."""
    for folder in (aged, empty):
        _start(folder)  # migrations, first rooms, caches
    pairs = [(_start(aged), _start(empty)) for _ in range(STARTS)]
    return {
        "age_start_ms": median(ours.wall_ms for ours, _ in pairs),
        "age_start_cpu_ms": median(ours.cpu_ms for ours, _ in pairs),
        "age_start_ms_empty": median(plain.wall_ms for _, plain in pairs),
        "age_start_cpu_ms_empty": median(plain.cpu_ms for _, plain in pairs),
        "age_start_times_empty": median(ours.wall_ms / plain.wall_ms for ours, plain in pairs),
        "age_start_cpu_times_empty": median(ours.cpu_ms / plain.cpu_ms for ours, plain in pairs),
    }


def _start(data: Path) -> Cost:
    """Start a server on a folder, until it serves, and kill it."""
    said = data.with_name("said")
    command = [sys.executable, "-m", "server", "serve", "--port", "0", "--udp-port", "0", "--data", str(data)]
    with said.open("wb") as out:
        began_s = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    try:
        while not READY.search(said.read_text()):
            if child.poll() is not None or time.perf_counter() - began_s > START_LIMIT_S:
                raise RuntimeError(f"the server did not start: {said.read_text()[-2000:]}")
            time.sleep(0.002)
        return Cost((time.perf_counter() - began_s) * 1_000, _cpu_ms(child.pid))
    finally:
        child.kill()
        child.wait()


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S * 1_000


def main() -> None:
    """Print the figures, one a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=ROOMS)
    parser.add_argument("--clips", type=int, nargs="+", default=list(SIZES))
    given = parser.parse_args()
    for name, value in measure(given.clips, given.rooms).items():
        print(f"{name:40} {value:.3f}")


if __name__ == "__main__":
    main()
