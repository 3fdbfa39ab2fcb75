"""Speech and noise for tests: espeak-ng spoken aloud, room noise, WAV files, and how alike two sounds are."""

from __future__ import annotations

import functools
import io
import subprocess
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
Pcm = NDArray[np.float32]


def say(text: str, voice: str = "en-us") -> Pcm:
    """Speak `text` with espeak-ng: float32 mono at 48 kHz, a fresh array each time."""
    return _spoken(text, voice).copy()


@functools.cache
def _spoken(text: str, voice: str) -> Pcm:
    done = subprocess.run(
        ["espeak-ng", "-v", voice, "--stdout", "--", text],
        check=True,
        capture_output=True,
        timeout=20,
    )
    return read_wav(done.stdout)


def read_wav(body: bytes) -> Pcm:
    """Read a 16-bit mono WAV (also one with an unknown length, as from a pipe) at 48 kHz."""
    rate_hz = int.from_bytes(body[24:28], "little")
    start = body.index(b"data") + 8
    samples = np.frombuffer(body[start : start + (len(body) - start) // 2 * 2], dtype="<i2")
    return resample((samples / np.float32(32768.0)).astype(np.float32), rate_hz)


def resample(pcm: Pcm, from_hz: int, to_hz: int = RATE_HZ) -> Pcm:
    """Change the sample rate by cutting or padding the spectrum."""
    n = round(len(pcm) * to_hz / from_hz)
    spectrum = np.fft.rfft(pcm)
    kept = np.zeros(n // 2 + 1, dtype=spectrum.dtype)
    m = min(len(kept), len(spectrum))
    kept[:m] = spectrum[:m]
    return (np.fft.irfft(kept, n) * (n / max(len(pcm), 1))).astype(np.float32)


def wav(path: str | Path | None, pcm: Pcm, rate_hz: int = RATE_HZ) -> bytes:
    """Return `pcm` as a 16-bit mono WAV, and write it to `path` when given."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(pcm, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    body = buffer.getvalue()
    if path is not None:
        Path(path).write_bytes(body)
    return body


def silence(seconds: float) -> Pcm:
    """Return digital silence."""
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def level(pcm: Pcm, level_db: float) -> Pcm:
    """Scale `pcm` so that its RMS is `level_db` dBFS."""
    rms = float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)))) or 1.0
    return (pcm * (10 ** (level_db / 20) / rms)).astype(np.float32)


def white_noise(seconds: float, level_db: float, seed: int) -> Pcm:
    """Return white noise of `level_db` dBFS RMS."""
    random = np.random.default_rng(seed)
    return level(random.standard_normal(round(seconds * RATE_HZ)).astype(np.float32), level_db)


def room_noise(seconds: float, level_db: float, seed: int) -> Pcm:
    """Return the noise of a room, pink with mains hum, of `level_db` dBFS RMS."""
    n = round(seconds * RATE_HZ)
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.standard_normal(n))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 20.0))
    pink = level(np.fft.irfft(spectrum, n).astype(np.float32), -3.0)
    t = np.arange(n) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * 50 * k * t + k) / k for k in (1, 2, 3))
    return level((pink + 0.3 * np.asarray(hum)).astype(np.float32), level_db)


def opus_packets(pcm: Pcm, frame_ms: float = 20, bitrate: int = 32_000) -> list[bytes]:
    """Encode 48 kHz mono to Opus payloads of `frame_ms` each (libav's encoder, not ours)."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate = RATE_HZ
    codec.layout = "mono"
    codec.format = "s16"
    codec.bit_rate = bitrate
    codec.options = {"application": "voip", "frame_duration": f"{frame_ms:g}"}
    codec.open()
    size = round(48 * frame_ms)
    samples = (np.clip(np.pad(pcm, (0, -len(pcm) % size)), -1, 1) * 32767).astype(np.int16)
    out: list[bytes] = []
    for at in range(0, len(samples), size):
        frame = av.AudioFrame.from_ndarray(samples[None, at : at + size].copy(), format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts, frame.time_base = at, Fraction(1, RATE_HZ)
        out += [bytes(packet) for packet in codec.encode(frame)]
    return out


def envelope(pcm: Pcm, step_ms: int = 10) -> NDArray[np.float64]:
    """Return the RMS of each `step_ms`."""
    step = RATE_HZ * step_ms // 1000
    whole = pcm[: len(pcm) // step * step].astype(np.float64).reshape(-1, step)
    return np.sqrt(np.mean(whole**2, axis=1))  # type: ignore[no-any-return]


def envelope_correlation(a: Pcm, b: Pcm) -> tuple[float, int]:
    """Return how alike two sounds are (1.0: the same shape) and how many ms `b` comes later than `a`.

    Pearson correlation of the 10 ms RMS envelopes at the best shift; what only one of them has meets silence.
    """
    x, y = envelope(a), envelope(b)
    size = len(x) + len(y)
    shifts = np.fft.irfft(np.fft.rfft(x - x.mean(), size).conj() * np.fft.rfft(y - y.mean(), size), size)
    best = int(np.argmax(shifts))
    lag = best if best < len(y) else best - size
    x, y = np.pad(x, (max(0, lag), 0)), np.pad(y, (max(0, -lag), 0))
    longest = max(len(x), len(y))
    x, y = np.pad(x, (0, longest - len(x))), np.pad(y, (0, longest - len(y)))
    return float(np.corrcoef(x, y)[0, 1]), lag * 10
