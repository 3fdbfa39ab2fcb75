"""Microphones that speak: Chromium's fake device fed from a file, and a capture device for Firefox."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from playwright.async_api import Page

from tests.support.programs import need_program
from tests.support.speech import RATE_HZ, Pcm, say, silence, wav

SENTENCE = "Purple elephants never forget umbrellas"
# Chromium's fake microphone starts to play its file when it is opened and then plays it again and again.
# The first 250 ms are lost, so each round of it begins with silence; takes begin and end in silence.
LEAD_S, TAIL_S = 1.3, 1.0
LEAST_S = TAIL_S / 2 + 0.8  # so much of a round must be left that a take of it is not silent


def speech() -> Pcm:
    """Return what the microphones say."""
    return say(SENTENCE)


class FileMicrophone:
    """Chromium's fake device: one file in rounds, from the moment that the page opens it."""

    def __init__(self, folder: Path, said: Pcm | None = None) -> None:
        said = speech() if said is None else said
        sound = np.concatenate([silence(LEAD_S), said, silence(TAIL_S)])
        self.path = folder / "microphone.wav"
        wav(self.path, sound)
        self.round_s = len(sound) / RATE_HZ

    async def quiet(self, page: Page) -> None:
        """Return at the beginning of a round."""
        await asyncio.sleep(self.round_s - await self._phase_s(page))

    async def spoken(self, page: Page) -> None:
        """Return when the sentence of this round has been said, or of the next when hardly any of it is left.

        On a busy machine a take begins when most of the sentence is over.
        """
        left_s = self.round_s - TAIL_S / 2 - await self._phase_s(page)
        await asyncio.sleep(left_s if left_s > LEAST_S else left_s + self.round_s)

    async def _phase_s(self, page: Page) -> float:
        await page.wait_for_function("() => window.__microphone_opened_ms !== undefined")
        ago_ms = float(await page.evaluate("performance.now() - window.__microphone_opened_ms"))
        return ago_ms / 1000 % self.round_s


class DeviceMicrophone:
    """The capture device of `sound_server`: speaks when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "sentence.wav"
        wav(self.path, np.concatenate([silence(0.3), speech(), silence(0.5)]))

    async def quiet(self, page: Page) -> None:
        """Return at once: it is quiet until `spoken`."""

    async def spoken(self, page: Page) -> None:
        """Say the sentence."""
        player = await asyncio.create_subprocess_exec("paplay", "--device=mic", str(self.path))
        assert await player.wait() == 0


Microphone = FileMicrophone | DeviceMicrophone


class Loudspeaker:
    """Keeps all that `sound_server` is given to play."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def heard(self) -> Pcm:
        """Return what was played so far."""
        body = self._path.read_bytes()
        samples = np.frombuffer(body[: len(body) // 2 * 2], "<i2")
        return (samples / np.float32(32768)).astype(np.float32)


@contextlib.contextmanager
def loudspeaker(path: Path) -> Iterator[Loudspeaker]:
    """Listen to what the sound server plays, and keep it in a file."""
    command = [need_program("parec"), "--device=null.monitor", "--format=s16le", "--channels=1"]
    path.touch()
    listening = subprocess.Popen([*command, f"--rate={RATE_HZ}", "--raw", str(path)])
    try:
        _until(lambda: path.stat().st_size > 0)
        yield Loudspeaker(path)
    finally:
        listening.terminate()
        listening.wait(10)


@contextlib.contextmanager
def sound_server() -> Iterator[None]:
    """Run PulseAudio without hardware: without one, sound never starts in a headless Firefox."""
    pulseaudio, pactl = need_program("pulseaudio"), need_program("pactl")
    with tempfile.TemporaryDirectory(prefix="wonder-pulse-") as folder:
        socket = f"{folder}/native"
        ours = {"XDG_RUNTIME_DIR": folder, "PULSE_SERVER": f"unix:{socket}"}
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        daemon = _sound_daemon(pulseaudio, folder, socket)
        try:
            _until(lambda: subprocess.run([pactl, "info"], capture_output=True, check=False).returncode == 0)
            subprocess.run([pactl, "set-default-sink", "null"], check=True)
            subprocess.run([pactl, "set-default-source", "fakemic"], check=True)
            yield
        finally:
            daemon.terminate()
            daemon.wait(10)
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _sound_daemon(pulseaudio: str, folder: str, socket: str) -> subprocess.Popen[bytes]:
    """Start it with a sink that nobody hears and a microphone that plays what is sent to the sink `mic`."""
    modules = (
        f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
        "module-null-sink sink_name=null rate=48000",
        "module-null-sink sink_name=mic rate=48000",
        "module-remap-source master=mic.monitor source_name=fakemic",
    )
    command = [pulseaudio, "-n", "--exit-idle-time=-1", "--use-pid-file=no", "--daemonize=no"]
    command += [argument for module in modules for argument in ("-L", module)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env={**os.environ, "HOME": folder}, stdout=quiet, stderr=quiet)


def _until(holds: Callable[[], bool], limit_s: float = 10.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to be in time"
        time.sleep(0.05)
