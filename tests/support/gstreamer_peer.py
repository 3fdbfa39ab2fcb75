"""GStreamer's webrtcbin as speaker and listener, run by the Python that Debian's bindings belong to."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.support.programs import IN_CI
from tests.support.speech import Pcm

PYTHON = "/usr/bin/python3"
PROGRAM = Path(__file__).with_name("gstreamer_program.py")
LIMIT_S = 40.0
HEADER_BYTES = 44  # of a WAV
PROBE = "import gi; gi.require_version('GstWebRTC', '1.0'); from gi.repository import GstWebRTC"


def needed() -> None:
    """Skip the test where GStreamer's WebRTC is not installed; under CI=true, fail it."""
    found = Path(PYTHON).exists() and not subprocess.run(
        [PYTHON, "-c", PROBE], capture_output=True, check=False
    ).returncode  # fmt: skip
    reason = "GStreamer with webrtcbin and python3-gi are not installed: `make test` says how"
    if not found and IN_CI:
        pytest.fail(f"{reason}; under CI=true nothing is skipped")
    if not found:
        pytest.skip(reason)


async def publish(sound: Path, url: str, key: str) -> None:
    """Publish a WAV, and return when all of it is said."""
    running = await _running("publish", sound, url, key)
    said, _ = await asyncio.wait_for(running.communicate(), LIMIT_S)
    assert running.returncode == 0, said.decode()


@asynccontextmanager
async def playing(folder: Path, url: str, key: str) -> AsyncIterator[Callable[[], Awaitable[Pcm]]]:
    """Play a room; yields what returns all that was played so far."""
    file = folder / "heard.wav"
    running = await _running("play", file, url, key)

    async def heard() -> Pcm:
        body = file.read_bytes()[HEADER_BYTES:] if file.exists() else b""
        samples = np.frombuffer(body[: len(body) // 2 * 2], "<i2")
        return (samples / np.float32(32768)).astype(np.float32)

    try:
        yield heard
    finally:
        said, _ = await asyncio.wait_for(running.communicate(b""), LIMIT_S)  # closes its standard input
    assert running.returncode == 0, said.decode()


async def _running(role: str, sound: Path, url: str, key: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = [PYTHON, str(PROGRAM), role, str(sound), url, key]
    return await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )


def until_listening(url: str, room: str) -> None:
    """Wait until somebody listens to a room."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{url}/api/rooms/{room}") as answer:
            if json.load(answer)["listeners"]:
                return
        time.sleep(0.1)
    raise AssertionError("nobody came to listen")
