"""eSpeak NG as a program: one process a text, done in 10 to 60 ms.

It is under the GPL, so it is never loaded here. Either the wheel `espeakng-loader` is installed, a library
that a small program of ours loads in a process of its own, or the program `espeak-ng` is.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from audio import riff
from audio.pcm import Pcm
from server import subprocesses
from server.engines import speech
from server.engines.worker import EngineFailed

PROGRAM = "espeak-ng"
WHEEL = "espeakng_loader"  # imported by nobody: its files are found, and our program is told where they are
LIBRARIES = ("libespeak-ng.so", "libespeak-ng.dylib")
AROUND_LIBRARY = Path(__file__).with_name("espeak_program.py")
# Slower than its own 175 words a minute: a third fewer words are misheard, by a recogniser.
VOICES = {"en": ("en-us", "140"), "de": ("de", "130")}
# 20 s of what it writes, 22,050 samples of 16 bits a second.
OUTPUT_BYTES = 1_000_000
MEMORY_BYTES = 512 * 1024 * 1024


class Espeak:
    """Says texts by the wheel or, without it or when named, a program; the text comes by standard input."""

    name = "espeak"

    def __init__(self, program: str = "", *, within_s: float = speech.WITHIN_S) -> None:
        self._program = program
        self._within_s = within_s

    async def say(self, text: str, language: str) -> Pcm | None:
        """Return a text spoken; None in a language that has no voice here. Raises `EngineFailed`."""
        if language not in VOICES:
            return None
        wav = await self._run(*self._command(*VOICES[language]), text=text)
        try:
            sound = riff.samples(wav)
        except ValueError as bad:
            raise EngineFailed(f"{PROGRAM} gave garbage: {bad}.") from None
        return await asyncio.to_thread(speech.finished, *sound)

    def _command(self, voice: str, rate: str) -> tuple[str, ...]:
        if not self._program and (library := wheel_library()):
            # Without the packages that are installed: it starts in 15 ms.
            python = sys.executable, "-I", "-S", str(AROUND_LIBRARY)
            return *python, str(library), str(library.parent), voice, rate
        path = shutil.which(self._program or PROGRAM)
        if path is None:
            raise EngineFailed(f"the program {PROGRAM} is not installed.")
        return path, "-v", voice, "-s", rate, "--stdin", "--stdout"

    async def _run(self, *command: str, text: str) -> bytes:
        kept = {name: os.environ[name] for name in subprocesses.KEPT if name in os.environ}
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**kept, "LC_ALL": "C.UTF-8"},
                start_new_session=True, limit=OUTPUT_BYTES,
            )  # fmt: skip
        except OSError as error:
            raise EngineFailed(f"{PROGRAM} does not start: {error.strerror}.") from None
        try:
            async with asyncio.timeout(self._within_s):
                said = await _asked(process, text)
                status = await process.wait()
        except TimeoutError:
            raise EngineFailed(f"{PROGRAM} hangs.") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if status:
            raise EngineFailed(f"{PROGRAM} ends with status {status}.")
        return said

    async def close(self) -> None:
        """Do nothing: each text has a process of its own, which ends with it."""


def wheel_library() -> Path | None:
    """Return the shared library of the wheel, whose data lies beside it; None where it is not installed."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    if not (folder / "espeak-ng-data" / "phondata").is_file():
        return None
    return next((folder / name for name in LIBRARIES if (folder / name).is_file()), None)


def source() -> str:
    """Return in words what would speak, empty when nothing is installed."""
    if wheel_library() is not None:
        return "eSpeak NG as `make run` brings it"
    path = shutil.which(PROGRAM)
    return f"eSpeak NG, the program {path}" if path else ""


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
