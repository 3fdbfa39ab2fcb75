"""The program that is killed while a durable reader works: rooms under load, and the reader of a trial."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from random import Random

from server.log.sqlite import SqliteLog
from server.rooms.base import Room
from tests.support.fork_server import serve, tell
from tests.support.reader_trials import CONTROLS, KILLED, ROOMS, Trial, opened, registry_of

LONGEST_PAUSE_S = 0.004


async def run(mode: str, seed: int, path: Path) -> None:
    """Be a victim: MODE is the trial's name."""
    trial, random = {**KILLED, **CONTROLS}[mode](), Random(seed)
    log = await SqliteLog.open(path)
    registry = registry_of(log, seed)
    reading = asyncio.ensure_future(trial.runner(registry, log).run())
    rooms = [await opened(registry, log, name) for name in ROOMS]
    tell("ready")
    await asyncio.gather(reading, *[load(trial, room, seed, random) for room in rooms])


async def load(trial: Trial, room: Room, seed: int, random: Random) -> None:
    """Let things happen in a room, each by a name of its own."""
    for number in count():
        await trial.step(room, f"{room.id}-{seed}-{number}")
        await asyncio.sleep(random.uniform(0, LONGEST_PAUSE_S))


if __name__ == "__main__":
    serve(run)
