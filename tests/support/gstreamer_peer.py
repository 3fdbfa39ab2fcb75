"""GStreamer's webrtcbin as speaker and listener, run by the Python that Debian's bindings belong to."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Literal

import pytest

from tests.support.programs import IN_CI

PYTHON = "/usr/bin/python3"
PROGRAM = Path(__file__).with_name("gstreamer_program.py")
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


async def run(role: Literal["publish", "play"], sound: Path, url: str, key: str, *, seconds: float) -> None:
    """Publish a WAV, or write what is played to one."""
    command = [PYTHON, str(PROGRAM), role, str(sound), url, key, str(seconds)]
    done = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(done.communicate(), 40)
    assert done.returncode == 0, said.decode()


def until_listening(url: str, room: str, limit_s: float = 10.0) -> None:
    """Wait until somebody listens to a room."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{url}/api/rooms/{room}") as answer:
            if json.load(answer)["listeners"]:
                return
        time.sleep(0.1)
    raise AssertionError("nobody came to listen")
