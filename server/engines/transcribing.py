"""The process that reads the words of clips: it loads a model once, then answers one clip after another.

The server sends over standard input first which model, then clips. End of file ends it.

    python -m server.engines.transcribing    (started by server.engines.transcriber alone)
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from audio import ogg, opus, pcm
from audio.take import SAMPLE_RATE_HZ, Packet
from server.engines import gates
from server.jobs import Broken, answer, broken, receive

RATE_HZ = 16_000
MEGABYTE = 1 << 20
# Libraries and threads have addresses that take no memory.
ADDRESSES_MB = 3_000

Samples = NDArray[np.float32]


class Load(msgspec.Struct, tag=True, frozen=True):
    """Load the model in a folder, in so much memory."""

    folder: str
    memory_mb: int


class Listen(msgspec.Struct, tag=True, frozen=True):
    """Read a finished clip; `speech_ms` is what was counted before its mask."""

    clip: bytes
    language: str
    speech_ms: int | None = None


class Ready(msgspec.Struct, tag=True, frozen=True):
    """The model is loaded."""

    device: str


class Read(msgspec.Struct, tag=True, frozen=True):
    """What is said; no text, and the gate that let none through, when nothing is."""

    text: str
    words: tuple[tuple[str, int, int], ...]
    gate: str = ""


Job = Load | Listen
Reply = Ready | Read | Broken


def samples_of(clip: bytes) -> Samples:
    """Return the sound of a finished clip at 16 kHz. Raises `ogg.BadOgg`."""
    stream = ogg.read_stream(clip)
    packets = [Packet(index * opus.FRAME, payload) for index, payload in enumerate(stream.packets)]
    sound = opus.decode(packets, longest=len(packets) * opus.FRAME)
    return pcm.resample(sound[stream.preskip : stream.preskip + stream.samples], SAMPLE_RATE_HZ, RATE_HZ)


class Reader:
    """The loaded model with the voice detector, and the gates behind both."""

    def __init__(self, folder: Path) -> None:
        # Loaded with the model and not with the module: the server knows the messages alone.
        from server.engines import voice_activity, whisper  # noqa: PLC0415

        self._whisper = whisper.Whisper(folder)
        self._speech_ms: Callable[[Samples], int] = voice_activity.speech_ms
        self.device = self._whisper.device
        self._speech_ms(np.zeros(RATE_HZ, np.float32))

    def read(self, job: Listen) -> Read:
        """Return what is said in a clip."""
        samples = samples_of(job.clip)
        speech_ms = self._speech_ms(samples) if job.speech_ms is None else job.speech_ms
        if speech_ms < gates.SPEECH_LEAST_MS:
            return Read("", (), "no voice")  # what the model would write costs most of the time
        found = self._whisper.read(samples, job.language)
        evidence = gates.Evidence(
            found.text, len(samples) * 1000 // RATE_HZ, speech_ms, found.no_speech, found.log_probability
        )
        gate = gates.refusal(evidence)
        return Read("", (), gate) if gate else Read(found.text, found.words)


def confine(memory_mb: int) -> None:
    """End this process at once when it takes too much; it starts no core dumps and writes no files."""
    limits = {
        resource.RLIMIT_AS: (memory_mb + ADDRESSES_MB) * MEGABYTE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for kind, most in limits.items():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def main() -> None:
    """Answer standard input until it ends."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # a model that is not there is not fetched behind anybody's back
    with socket.socket(fileno=0) as line:
        reader: Reader | None = None
        decoder: msgspec.msgpack.Decoder[Job] = msgspec.msgpack.Decoder(Job)
        while (body := receive(line)) is not None:
            job = decoder.decode(body)
            reply: Reply
            try:
                if isinstance(job, Load):
                    confine(job.memory_mb)
                    reader = Reader(Path(job.folder))
                    reply = Ready(reader.device)
                else:
                    assert reader is not None
                    reply = reader.read(job)
            except Exception:  # noqa: BLE001 - the root of this process's work; the server logs the trace
                reply = broken()
            answer(line, reply)


if __name__ == "__main__":
    main()
