"""What is said in clips, by Whisper in processes of its own (server.engines.transcribing)."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Protocol

from msgspec import Struct

from server.engines import transcribing
from server.engines.models import Model
from server.engines.transcribing import Listen, Load, Read, Ready, Reply
from server.engines.worker import EngineFailed, Walls, Worker
from server.jobs import Broken

log = logging.getLogger(__name__)

IDLE_S = 300.0  # after which a process, and the memory of its model, is given back
START_S = 60.0  # to load a model from a slow disk
# Large models on one slow core take about as long as the clip; four times that is a hang.
ANSWER_S = 120.0
# Beside its model a process needs so much for libraries and sound. Measured in all: 270 MB with tiny.en,
# 360 with base.
MEMORY_MB = 1_000
MEMORY_TIMES_MODEL = 3
# A model that could not be loaded is tried again after this time, not for each clip.
AGAIN_S = 60.0


class Heard(Struct, frozen=True):
    """What is said in a clip: words with the times (ms) at which they begin and end in it, or nothing."""

    text: str
    language: str
    words: tuple[tuple[str, int, int], ...] = ()


class LanguageMissing(Exception):
    """The model does not know a language."""


class Transcriber(Protocol):
    """Writes down what is said in clips; `name` says who does."""

    name: str

    async def transcribe(self, clip: bytes, language: str, *, speech_ms: int | None) -> Heard:
        """Return what is said in a finished clip (Ogg Opus).

        `speech_ms` was counted before the clip got a mask; None lets the engine count. Raises `EngineFailed`
        and `LanguageMissing`.
        """

    async def close(self) -> None:
        """Let go of everything; may be called again."""


class WhisperTranscriber:
    """A model in at most `workers` processes, which live while there is something to hear."""

    def __init__(
        self,
        model: Model,
        *,
        workers: int = 1,
        idle_s: float = IDLE_S,
        walls: Walls | None = None,
        module: str = transcribing.__name__,
    ) -> None:
        self.name = model.name
        self.languages = model.languages
        walls = walls or Walls(memory_mb(model), START_S, ANSWER_S)
        hello = Load(str(model.folder), walls.memory_mb)
        # The one used last is taken first, so that others become idle.
        self._free = [Worker[Reply](module, hello, Reply, walls) for _ in range(workers)]
        self._workers = tuple(self._free)
        self._turns = asyncio.Semaphore(workers)
        self._idle_s = idle_s
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._again_s = 0.0
        self._closed = False

    async def transcribe(self, clip: bytes, language: str, *, speech_ms: int | None = None) -> Heard:
        """Return what is said in a clip. Raises `EngineFailed` and `LanguageMissing`."""
        if language not in self.languages:
            raise LanguageMissing(f"The model {self.name} does not know the language {language}.")
        async with self._turns:
            if self._closed:
                raise EngineFailed("It is closed.")
            worker = self._free.pop()
            if timer := self._timers.pop(id(worker), None):
                timer.cancel()
            try:
                await self._load(worker)
                reply = await worker.ask(Listen(clip, language, speech_ms))
            finally:
                self._free.append(worker)
                if worker.pid and not self._closed:
                    loop = asyncio.get_running_loop()
                    self._timers[id(worker)] = loop.call_later(self._idle_s, worker.end)
        if isinstance(reply, Read):
            return Heard(reply.text, language, reply.words)
        worker.end()  # what broke it may have left it without memory
        if isinstance(reply, Broken):
            log.error("transcriber.broken %s", reply.trace)
        raise EngineFailed("It could not read this clip.")

    async def warm_up(self) -> None:
        """Load the model in one process, so that the first clip need not wait. Raises `EngineFailed`."""
        async with self._turns:
            await self._load(self._free[-1])

    async def _load(self, worker: Worker[Reply]) -> None:
        if time.monotonic() < self._again_s:
            raise EngineFailed(f"The model {self.name} could not be loaded a moment ago.")
        try:
            reply = await worker.start()
        except EngineFailed as failed:
            self._again_s = time.monotonic() + AGAIN_S
            log.error("transcriber.model_not_loaded %s: %s", self.name, failed)
            raise
        if isinstance(reply, Ready):
            log.info("transcriber.loaded %s on %s", self.name, reply.device)
        elif reply is not None:
            worker.end()
            self._again_s = time.monotonic() + AGAIN_S
            log.error("transcriber.model_not_loaded %s: %s", self.name, reply)
            raise EngineFailed(f"The model {self.name} could not be loaded.")

    async def close(self) -> None:
        """End all processes; may be called again. Whoever still waits gets `EngineFailed`."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for worker in self._workers:
            await worker.close()


def memory_mb(model: Model) -> int:
    """Return how much memory a process with a model may take."""
    return MEMORY_MB + MEMORY_TIMES_MODEL * (model.bytes >> 20)
