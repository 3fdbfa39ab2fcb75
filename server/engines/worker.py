"""One process of an engine: started when it is first asked, ended when it takes too much time or memory.

Whatever happens in it, whoever asked gets an answer or `EngineFailed` in the time there is, and the next
one asks a fresh process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

from server import subprocesses
from server.subprocesses import BadMessage, MessageChannel

LOOK_EVERY_S = 0.1  # at how much memory it takes
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 1 << 20
# One thread: several clips at once are several processes.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Weights may be looked for in somebody's home, and cards are chosen by a variable.
KEPT = ("HOME", "CUDA_VISIBLE_DEVICES")


class EngineFailed(Exception):
    """An engine did not do what it was asked; the sentence says what happened to it."""


class Walls(Struct, frozen=True):
    """How much memory a process may take, and how long it may take to start and to answer."""

    memory_mb: int
    start_s: float
    answer_s: float


Reply = TypeVar("Reply")


class Worker(Generic[Reply]):
    """A process that runs `module`; `hello` is the first that it is told, and it answers to that."""

    def __init__(self, module: str, hello: Struct, kind: object, walls: Walls) -> None:
        self.walls = walls
        self._module, self._hello, self._kind = module, hello, kind
        self._process: asyncio.subprocess.Process | None = None
        self._channel: MessageChannel[Reply] | None = None
        self._ended: list[asyncio.subprocess.Process] = []

    @property
    def pid(self) -> int | None:
        """The process's number, None while there is none."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> Reply | None:
        """Start the process unless it runs, and return what it says to `hello`. Raises `EngineFailed`."""
        if self._process is not None and self._process.returncode is None:
            return None
        self.end()
        environment = ENVIRONMENT | {name: os.environ[name] for name in KEPT if name in os.environ}
        try:
            self._process, ours = await subprocesses.start(self._module, **environment)
            self._channel = MessageChannel(*await asyncio.open_unix_connection(sock=ours), self._kind)
        except OSError as error:
            raise EngineFailed(f"It could not be started ({error.strerror}).") from error
        return await self._answer(self._hello, self.walls.start_s)

    async def ask(self, job: Struct) -> Reply:
        """Return the answer to a job. Raises `EngineFailed`; the process is gone then."""
        await self.start()
        return await self._answer(job, self.walls.answer_s)

    def end(self) -> None:
        """End the process at once: it holds nothing that is not kept elsewhere."""
        if self._channel is not None:
            self._channel.hang_up()
            self._channel = None
        if self._process is not None:
            _kill(self._process)
            self._ended = [each for each in self._ended if each.returncode is None] + [self._process]
            self._process = None

    async def close(self) -> None:
        """End the process and see it gone; may be called again."""
        self.end()
        for process in self._ended:
            await process.wait()

    async def _answer(self, job: Struct, within_s: float) -> Reply:
        assert self._channel is not None
        assert self._process is not None
        watch = asyncio.ensure_future(self._watch(self._process))
        done = False
        try:
            async with asyncio.timeout(within_s):
                self._channel.tell(job)
                reply = await self._channel.read()
            done = True
            return reply
        except TimeoutError as error:
            raise EngineFailed(f"It did not answer in {within_s:g} s.") from error
        except (OSError, EOFError, BadMessage) as error:
            if watch.done() and not watch.cancelled():
                raise EngineFailed(f"It took more than {self.walls.memory_mb} MB of memory.") from error
            raise EngineFailed("It ended before it answered.") from error
        finally:
            if not done:
                self.end()  # its answer would be taken for the next one's
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Return when the process took too much memory, and is ended for it."""
        while True:
            if resident_mb(process.pid) > self.walls.memory_mb:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        _kill(process)


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a process. Its own `kill` asks whether it has ended, and whoever waits for that misses it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def resident_mb(pid: int) -> int:
    """Return how much memory a process has; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES // MEGABYTE
    except (OSError, IndexError, ValueError):
        return 0
