"""Processes for crash tests: one that has all modules loaded forks a victim for each line it reads.

So a victim is at work within milliseconds. A line is `MODE SEED PATH`; victims `tell` through the pipe.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random

LONGEST_MS = 120


def tell(line: str) -> None:
    """Write a line into the pipe at once."""
    os.write(1, f"{line}\n".encode())


def serve(run: Callable[[str, int, Path], Coroutine[None, None, None]]) -> None:
    """Fork a victim for each line, and tell when it is dead and how it ended."""
    for line in sys.stdin:
        mode, seed, path = line.split(maxsplit=2)
        child = os.fork()
        if child == 0:
            tell(f"born {os.getpid()}")  # itself, or its first words could come before these
            asyncio.run(run(mode, int(seed), Path(path.strip())))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        tell(f"dead {os.waitstatus_to_exitcode(status)}")


class ForkServer:
    """Starts victims of a module that calls `serve`, and kills them."""

    def __init__(self, module: str) -> None:
        command = [sys.executable, "-m", module]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._alive = 0

    def kill_one(self, mode: str, seed: int, path: Path) -> list[str]:
        """Let a victim work until a random moment; returns what it told."""
        random = Random(seed)
        self._end_survivor()
        assert self.process.stdin
        self.process.stdin.write(f"{mode} {seed} {path}\n")
        self.process.stdin.flush()
        born = self._alive = int(self._line().removeprefix("born "))
        told = [] if random.random() < 0.1 else self._until("ready")  # now and then while it starts
        time.sleep(random.uniform(0, LONGEST_MS) / 1_000)
        os.kill(born, signal.SIGKILL)
        self._alive = 0
        told += self._until("dead")
        assert told[-1] == f"dead {-signal.SIGKILL}", told[-3:]
        return told

    def close(self) -> None:
        """End the server; a victim that was not killed, because its test failed before, dies with it."""
        assert self.process.stdin
        assert self.process.stdout
        self._end_survivor()
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def _end_survivor(self) -> None:
        if self._alive:
            os.kill(self._alive, signal.SIGKILL)
            self._alive = 0
            self._until("dead")

    def _until(self, word: str) -> list[str]:
        told = [self._line()]
        while not told[-1].startswith((word, "dead")):
            told.append(self._line())
        return told

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()
