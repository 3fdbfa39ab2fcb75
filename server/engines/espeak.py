"""eSpeak NG as a program: one process a text, done in 10 to 40 ms.

It is under the GPL, so it is never loaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys

from audio import riff
from audio.pcm import Pcm
from server.engines import speech
from server.engines.worker import EngineFailed

PROGRAM = "espeak-ng"
# Slower than its own 175 words a minute: a third fewer words are misheard, by a recogniser.
VOICES = {"en": ("en-us", "140"), "de": ("de", "130")}
# 20 s of what it writes, 22,050 samples of 16 bits a second.
OUTPUT_BYTES = 1_000_000
MEMORY_BYTES = 512 * 1024 * 1024


class Espeak:
    """Says texts by `espeak-ng --stdout`; the text goes in by the standard input, so it is no option."""

    name = "espeak"

    def __init__(self, program: str = PROGRAM, *, within_s: float = speech.WITHIN_S) -> None:
        self._program = program
        self._within_s = within_s

    async def say(self, text: str, language: str) -> Pcm | None:
        """Return a text spoken; None in a language that has no voice here. Raises `EngineFailed`."""
        if language not in VOICES:
            return None
        voice, rate = VOICES[language]
        wav = await self._run("-v", voice, "-s", rate, "--stdin", "--stdout", text=text)
        try:
            sound = riff.samples(wav)
        except ValueError as bad:
            raise EngineFailed(f"{PROGRAM} gave garbage: {bad}.") from None
        return await asyncio.to_thread(speech.finished, *sound)

    async def _run(self, *options: str, text: str) -> bytes:
        path = shutil.which(self._program)
        if path is None:
            raise EngineFailed(f"the program {PROGRAM} is not installed.")
        try:
            process = await asyncio.create_subprocess_exec(
                path, *options,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
                start_new_session=True, limit=OUTPUT_BYTES,
            )  # fmt: skip
        except OSError as error:
            raise EngineFailed(f"{PROGRAM} does not start: {error.strerror}.") from None
        try:
            async with asyncio.timeout(self._within_s):
                said = await _asked(process, text)
                await process.wait()
                return said
        except TimeoutError:
            raise EngineFailed(f"{PROGRAM} hangs.") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def close(self) -> None:
        """Do nothing: each text has a process of its own, which ends with it."""


async def _asked(process: asyncio.subprocess.Process, text: str) -> bytes:
    """Give a program a text, and return what it writes, no more than it may."""
    assert process.stdin is not None
    assert process.stdout is not None
    bound_memory(process.pid, MEMORY_BYTES)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(text.encode())
        await process.stdin.drain()
    process.stdin.close()
    whole = bytearray()
    while part := await process.stdout.read(65_536):
        whole += part
        if len(whole) > OUTPUT_BYTES:
            raise EngineFailed(f"{PROGRAM} talks for ever.")
    return bytes(whole)


def bound_memory(pid: int, limit_bytes: int) -> None:
    """Bound the memory of a process that has just begun; where that cannot be done, its time is bounded."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on every platform

    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_AS, (limit_bytes, limit_bytes))
