"""What a radio says, ready to be played: texts by an engine, and sounds, as Opus frames, with own pauses.

What was said is kept in memory, by a digest of its text, so that nobody can read there what it was.
An engine that fails again and again is off, with one line in the log, and nothing else changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from audio import earcons, ogg, opus
from audio.earcons import Earcon
from audio.pcm import Pcm
from audio.take import FRAME_MS, SAMPLE_RATE_HZ
from server.engines import speech
from server.engines.speech import Speech
from server.engines.worker import EngineFailed

log = logging.getLogger(__name__)

# A second of Opus has 4 KB: half an hour of speech.
KEPT_BYTES = 8 * 1024 * 1024
# Files that pages may still ask for: of all rooms, until so long after they were made.
FILES_BYTES, FILES_MS = 8 * 1024 * 1024, 60_000
# Texts of all rooms that wait for the engine; more are not said.
WAITING = 16
FAILURES_MOST = 3
# An engine that fails has to fail on these words too to be off: visitors may write what nobody can say.
PLAIN = {"en": "Everybody is here.", "de": "Alle sind da."}
PAUSE_BEFORE_MS, PAUSE_AFTER_MS = 150, 250


# Runs a function beside the loop: encoding takes 10 to 30 ms.
Aside = Callable[..., Awaitable[Any]]


class Utterance(Struct, frozen=True):
    """Opus frames of 20 ms that make one piece of the radio; `spoken` when there are words in it."""

    frames: tuple[bytes, ...]
    preskip: int
    spoken: bool

    @property
    def duration_ms(self) -> int:
        """Return how long it lasts, its pauses included."""
        return len(self.frames) * FRAME_MS


class Utterances:
    """Makes utterances. Without an engine there are sounds only where somebody asks, and no texts."""

    def __init__(
        self,
        engine: Speech | None = None,
        *,
        clock: Callable[[], int],
        kept_bytes: int = KEPT_BYTES,
        aside: Aside = asyncio.to_thread,
    ) -> None:
        self._aside = aside
        self._engine = engine
        self._clock = clock
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[bytes, Utterance] = OrderedDict()
        self._size_bytes = 0
        self._waiting = 0
        self._failures = 0
        self._files: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._files_bytes = 0

    @property
    def is_on(self) -> bool:
        """Tell whether there is an engine that works."""
        return self._engine is not None

    def length_ms(self, text: str, language: str) -> int:
        """Return how long a text takes with its pauses: as it was measured, else an estimate; 0 when off."""
        text = speech.cleaned(text)
        if self._engine is None or not text:
            return 0
        known = self._kept.get(self._digest(text, language))
        return known.duration_ms if known else self.place_ms(text, language)

    def place_ms(self, text: str, language: str) -> int:
        """Return how much time a text gets that is not said yet, always the same; 0 when off."""
        text = speech.cleaned(text)
        if self._engine is None or not text:
            return 0
        return speech.estimated_ms(text, language) + PAUSE_BEFORE_MS + PAUSE_AFTER_MS

    async def said(self, text: str, language: str) -> Utterance | None:
        """Return a text spoken; None when there is no engine (any more), or it lacks the language."""
        text = speech.cleaned(text)
        if self._engine is None or not text:
            return None
        digest = self._digest(text, language)
        if (known := self._kept.get(digest)) is not None:
            self._kept.move_to_end(digest)
            return known
        if self._waiting >= WAITING:
            return None
        self._waiting += 1
        try:
            pcm = await self._asked(self._engine, text, language)
        finally:
            self._waiting -= 1
        if pcm is None:
            return None
        made: Utterance = await self._aside(_encoded, _with_pauses(pcm), spoken=True)
        self._keep(digest, made)
        return made

    async def sound(self, name: Earcon, beat_ms: int = 0) -> Utterance:
        """Return a sound; with a beat, a count-in of ticks."""
        digest = f"{name} {beat_ms}".encode()
        if (known := self._kept.get(digest)) is None:
            known = await self._aside(_sounded, name, beat_ms)
            self._keep(digest, known)
        return known

    async def _asked(self, engine: Speech, text: str, language: str) -> Pcm | None:
        try:
            pcm = await engine.say(text, language)
        except EngineFailed:
            self._failures += 1
            if self._failures >= FAILURES_MOST:
                await self._look_at(engine, language)
            return None
        self._failures = 0
        return pcm

    async def _look_at(self, engine: Speech, language: str) -> None:
        """Let an engine say plain words; it is off when it fails on them too."""
        try:
            await engine.say(PLAIN.get(language, PLAIN["en"]), language)
        except EngineFailed as failed:
            if self._engine is engine:
                self._engine = None
                log.warning("speech is off: %s", failed)
                await engine.close()
        else:
            self._failures = 0

    def _digest(self, text: str, language: str) -> bytes:
        name = self._engine.name if self._engine else ""
        return hashlib.sha256(f"{name}\0{language}\0{text}".encode()).digest()

    def _keep(self, digest: bytes, made: Utterance) -> None:
        if digest in self._kept:
            return
        self._kept[digest] = made
        self._size_bytes += _size_of(made)
        while self._size_bytes > self._kept_bytes:
            self._size_bytes -= _size_of(self._kept.popitem(last=False)[1])

    # --- for pages that listen by files

    def publish(self, utterance: Utterance) -> str:
        """Return an id, which nobody can guess, under which an utterance can be fetched for a minute."""
        file = secrets.token_urlsafe(16)
        body = as_file(utterance)
        self._files[file] = (self._clock() + FILES_MS, body)
        self._files_bytes += len(body)
        while self._files and (self._files_bytes > FILES_BYTES or self._is_over(next(iter(self._files)))):
            self._files_bytes -= len(self._files.popitem(last=False)[1][1])
        return file

    def _is_over(self, file: str) -> bool:
        return self._files[file][0] <= self._clock()

    def file(self, file: str) -> bytes | None:
        """Return what was published, as Ogg Opus; None when that is over."""
        return self._files[file][1] if file in self._files and not self._is_over(file) else None

    async def close(self) -> None:
        """End the engine; may be called again."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


def joined(parts: Sequence[Utterance]) -> Utterance:
    """Return several as one."""
    frames = tuple(frame for part in parts for frame in part.frames)
    return Utterance(frames, parts[0].preskip if parts else 0, any(part.spoken for part in parts))


def as_file(utterance: Utterance) -> bytes:
    """Return an utterance as Ogg Opus."""
    preskip, frames = utterance.preskip, utterance.frames
    return ogg.write(frames, preskip=preskip, samples=len(frames) * opus.FRAME - preskip)


def _size_of(utterance: Utterance) -> int:
    return sum(map(len, utterance.frames))


def _with_pauses(pcm: Pcm) -> Pcm:
    before, after = (SAMPLE_RATE_HZ * ms // 1000 for ms in (PAUSE_BEFORE_MS, PAUSE_AFTER_MS))
    return np.pad(pcm, (before, after))


def _encoded(pcm: Pcm, *, spoken: bool) -> Utterance:
    frames, preskip = opus.encode(pcm)
    return Utterance(tuple(frames), preskip, spoken)


def _sounded(name: Earcon, beat_ms: int) -> Utterance:
    return _encoded(earcons.count_in(beat_ms) if beat_ms else earcons.earcon(name), spoken=False)
