"""The process that reads clips, spoken to without an event loop: tests of a module share one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from server import jobs
from server.engines import transcribing
from server.engines.transcribing import Job, Listen, Load, Read, Ready, Reply
from tests.support.shape import ROOT

MEMORY_MB = 2_000
WITHIN_S = 50.0


class Recogniser:
    """A process with a model."""

    def __init__(self, folder: Path) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(WITHIN_S)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", transcribing.__name__],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        self.loaded = self.ask(Load(str(folder), MEMORY_MB))

    def ask(self, job: Job) -> Reply:
        """Return the answer to a job."""
        jobs.answer(self._ours, job)
        body = jobs.receive(self._ours)
        assert body is not None, "it ended"
        reply: Reply = msgspec.msgpack.decode(body, type=Reply)
        return reply

    def read(self, clip: bytes, language: str = "en", speech_ms: int | None = None) -> Read:
        """Return what is said in a clip."""
        assert isinstance(self.loaded, Ready), self.loaded
        reply = self.ask(Listen(clip, language, speech_ms))
        assert isinstance(reply, Read), reply
        return reply

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._ours.close()
        self._process.wait(WITHIN_S)
