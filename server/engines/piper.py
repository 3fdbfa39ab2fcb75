"""Piper as one warm process, begun with the first text: its voices are loaded once, in 0.4 s."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import numpy as np

from audio.pcm import Pcm
from server import subprocesses
from server.engines import speech
from server.engines.piper_program import HEAD
from server.engines.worker import EngineFailed

MODULE = "server.engines.piper_program"
# 20 s at the 22,050 samples a second of its voices, and as much again.
ANSWER_BYTES = 2_000_000
LOADED_WITHIN_S = 20.0
ENDS_WITHIN_S = 1.0


class Piper:
    """Says texts with the voices in a folder: `en_US-joe-medium.onnx` and its `.json` speak English."""

    name = "piper"

    def __init__(self, folder: Path, *, module: str = MODULE, within_s: float = speech.WITHIN_S) -> None:
        self._folder = folder
        self._module = module
        self._within_s = within_s
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._turn = asyncio.Lock()

    def languages(self) -> set[str]:
        """Return the languages that the folder has voices for."""
        return {path.name[:2].lower() for path in self._folder.glob("*.onnx")}

    async def say(self, text: str, language: str) -> Pcm | None:
        """Return a text spoken, after those that were asked for before. Raises `EngineFailed`."""
        spoken = self.languages()
        if not spoken:
            raise EngineFailed(f"there is no voice (*.onnx) in {self._folder}.")
        if language not in spoken:
            return None
        async with self._turn:
            try:
                rate_hz, sound = await self._asked(text, language)
            except BaseException:
                await self._end()  # what it still says would be taken for the next text
                raise
        whole = np.frombuffer(sound, "<i2").astype(np.float32) / np.float32(32_768)
        return await asyncio.to_thread(speech.finished, whole, rate_hz)

    async def _asked(self, text: str, language: str) -> tuple[int, bytes]:
        within_s = self._within_s if self._writer is not None else max(self._within_s, LOADED_WITHIN_S)
        try:
            async with asyncio.timeout(within_s):
                reader, writer = await self._begun()
                writer.write(f"{language}\t{' '.join(text.split())}\n".encode())
                await writer.drain()
                rate_hz, size = HEAD.unpack(await reader.readexactly(HEAD.size))
                if size > ANSWER_BYTES or size % 2:
                    raise EngineFailed("Piper gave garbage.")
                return rate_hz, await reader.readexactly(size)
        except TimeoutError:
            raise EngineFailed("Piper hangs.") from None
        except (EOFError, OSError):
            raise EngineFailed("Piper ended: is piper-tts installed, and the voice whole?") from None

    async def _begun(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            self._process, ours = await subprocesses.start(
                self._module, str(self._folder), OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1"
            )
            self._reader, self._writer = await asyncio.open_connection(sock=ours)
        return self._reader, self._writer

    async def _end(self) -> None:
        process, writer = self._process, self._writer
        self._process = self._reader = self._writer = None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        if process is not None:
            await subprocesses.end(process, ENDS_WITHIN_S)

    async def close(self) -> None:
        """End the process; may be called again."""
        async with self._turn:
            await self._end()
