"""Finished takes whose storage is away: they wait on the disk, and land in their order when it is back.

A sound is stored before its event, so nothing lands while its storage is away. What waits outlives the
process: at its next start it lands, under the same key, so once.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from server.blobs.base import Away
from server.log.base import StorageFull
from server.room.commands import RESTARTING, Refused, broken
from server.room.events import Event
from server.rooms.base import NoSuchRoom
from server.takes.landing import Landing, Lands

# Pauses before the oldest is tried again: doubled, up to the longest.
PAUSE_S, LONGEST_PAUSE_S = 0.25, 10.0
# What fails for another reason than a storage that is away is set aside after so many tries, else it would
# hold up what is behind it. Renamed, it is tried again at the next start. So many stay, the newest.
TRIES = 5
FAILED_KEPT = 100
# ... and no longer than this: voices that nobody can take back are not kept.
FAILED_KEPT_S = 24 * 3600
ENDING, UNFINISHED, FAILED = ".take", ".new", ".failed"
SUM_BYTES = 16

log = logging.getLogger(__name__)


class _Waiting(Struct, eq=False):
    """A take that waits: its file, and whoever waits for its event in this process."""

    path: Path
    size_bytes: int
    answer: asyncio.Future[Event] | None = None
    tries: int = 0


class Spool:
    """Lets takes land at once, or later; at most `most_bytes` wait."""

    def __init__(self, lands: Lands, folder: Path, most_bytes: int) -> None:
        self._lands, self._folder, self._most_bytes = lands, folder, most_bytes
        self._waiting: deque[_Waiting] = deque()
        self._size_bytes = self._number = 0
        self._came = asyncio.Event()
        self._writing = asyncio.Lock()  # one after another, as they came
        self._pump: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Return how many takes wait."""
        return len(self._waiting)

    async def start(self) -> None:
        """Take up what a process before this one left; once. Raises `OSError`."""
        found, self._number = await asyncio.to_thread(_left, self._folder)
        for path, size_bytes in found:
            self._add(_Waiting(path, size_bytes))
        self._pump = asyncio.get_running_loop().create_task(self._land_all(), name="spool")

    async def close(self) -> None:
        """Leave what waits on the disk; may be called again."""
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump

    async def land(self, landing: Landing) -> Event:
        """Return the durable event, however long its storage is away. Raises `Away` when too much waits.

        Behind others it waits too. Cancelled while it waits, the take still lands.
        """
        if not self._waiting:
            try:
                return await self._lands.land(landing)
            except Away as away:
                log.warning("spool.waits clip=%.6s for=%s", landing.sound.id, away)
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        await self._keep(landing, answer)
        return await answer

    async def _keep(self, landing: Landing, answer: asyncio.Future[Event]) -> None:
        body = _encoded(landing)
        async with self._writing:
            if self._size_bytes + len(body) > self._most_bytes:
                raise Away("too many clips wait for their storage")
            self._number += 1
            path = self._folder / f"{self._number:012d}{ENDING}"
            try:
                await asyncio.to_thread(_write, path, body)
            except OSError as error:
                raise Away(f"a clip cannot wait on the disk ({error.strerror})") from error
            self._add(_Waiting(path, len(body), answer))

    def _add(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        self._size_bytes += waiting.size_bytes
        self._came.set()

    async def _land_all(self) -> None:
        """Let what waits land, the oldest first, for ever; the root of its task."""
        failures = 0
        while True:
            await self._came.wait()
            while self._waiting:
                if await self._is_done(self._waiting[0]):
                    failures = 0
                    await self._drop(self._waiting.popleft())
                else:
                    failures += 1
                    await asyncio.sleep(min(PAUSE_S * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE_S))
            self._came.clear()

    async def _is_done(self, waiting: _Waiting) -> bool:
        """Try to let a take land; False when it has to wait on."""
        try:
            event = await self._lands.land(await asyncio.to_thread(_read, waiting.path))
        except (Away, StorageFull):
            return False
        except (Refused, NoSuchRoom) as refused:
            if isinstance(refused, Refused) and refused.code == RESTARTING:
                return False
            return _answered(waiting, refused)
        except Exception as error:
            waiting.tries += 1
            log.exception("spool.failed file=%s tries=%d", waiting.path.name, waiting.tries)
            if waiting.tries < TRIES:
                return False
            await self._set_aside(waiting)
            return _answered(waiting, broken() if waiting.answer else error)
        if waiting.answer is not None and not waiting.answer.done():
            waiting.answer.set_result(event)
        return True

    async def _set_aside(self, waiting: _Waiting) -> None:
        try:
            await asyncio.to_thread(_keep_failed, waiting.path)
        except OSError:
            log.exception("spool.not_set_aside file=%s", waiting.path.name)
        else:
            log.warning("spool.set_aside file=%s", waiting.path.with_suffix(FAILED).name)

    async def _drop(self, waiting: _Waiting) -> None:
        self._size_bytes -= waiting.size_bytes
        try:
            await asyncio.to_thread(waiting.path.unlink, missing_ok=True)
        except OSError:  # at the next start it is asked for again, and was done
            log.warning("spool.left file=%s", waiting.path.name)


def _answered(waiting: _Waiting, why: Exception) -> bool:
    """Tell whoever waits that a take does not land; without them the log is told."""
    if waiting.answer is None:
        log.warning("spool.refused file=%s for=%s", waiting.path.name, type(why).__name__)
    elif not waiting.answer.done():
        waiting.answer.set_exception(why)
    return True


def _encoded(landing: Landing) -> bytes:
    body = msgspec.msgpack.encode(landing)
    return hashlib.blake2b(body, digest_size=SUM_BYTES).digest() + body


def _read(path: Path) -> Landing:
    """Return what a file holds. Raises `OSError`, `ValueError` for one that is not whole."""
    read = path.read_bytes()
    total, body = read[:SUM_BYTES], read[SUM_BYTES:]
    if hashlib.blake2b(body, digest_size=SUM_BYTES).digest() != total:
        raise ValueError("the file is damaged")
    return msgspec.msgpack.decode(body, type=Landing)


def _write(path: Path, body: bytes) -> None:
    """Write a file so that after a crash it is there whole or not at all."""
    unfinished = path.with_suffix(UNFINISHED)
    try:
        with open(unfinished, "wb", opener=_of_ours_alone) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _of_ours_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _keep_failed(path: Path) -> None:
    """Set a file aside, and let go of those that were set aside before too many others or too long ago."""
    path.replace(path.with_suffix(FAILED))
    _drop_failed(path.parent)


def _drop_failed(folder: Path) -> None:
    failed = sorted(folder.glob(f"*{FAILED}"))
    now_s = time.time()
    for number, path in enumerate(failed, start=1):
        if number <= len(failed) - FAILED_KEPT or now_s - path.stat().st_mtime > FAILED_KEPT_S:
            path.unlink()


def _left(folder: Path) -> tuple[list[tuple[Path, int]], int]:
    """Return the files that wait, the oldest first, with their sizes, and the newest number that was given.

    Those that are not whole are dropped.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.glob(f"*{UNFINISHED}"):
        path.unlink()
    _drop_failed(folder)
    ours = sorted(
        path for path in folder.iterdir() if path.suffix in (ENDING, FAILED) and path.stem.isdecimal()
    )
    number = max((int(path.stem) for path in ours), default=0)
    return [(path, path.stat().st_size) for path in ours if path.suffix == ENDING], number
