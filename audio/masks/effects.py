"""What masks do to a whole sound: bands, a shift in Hz, echoes, wobble."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audio.pcm import Pcm, fast_length, spectrum, waveform
from audio.take import SAMPLE_RATE_HZ

MS = SAMPLE_RATE_HZ // 1000
BLOCK = 1 << 16  # samples at once where numbers of 8 bytes are used
RINGING = SAMPLE_RATE_HZ // 10  # silence added before a transform, for what rings over the end
HEARD = 0.01  # frames this far (of power) below the loudest are pauses

Numbers = NDArray[np.float64]


def rms(pcm: Pcm) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)))) if len(pcm) else 0.0


def speech_level(pcm: Pcm) -> float:
    """Return the RMS of what is no pause."""
    frames = len(pcm) // (10 * MS)
    if not frames:
        return rms(pcm)
    powers = np.square(pcm[: frames * 10 * MS].reshape(frames, -1), dtype=np.float64).mean(axis=1)
    return float(np.sqrt(np.mean(powers[powers >= powers.max() * HEARD])))


def times(samples: int) -> Numbers:
    """Return the time of each sample in s."""
    return np.arange(samples) / SAMPLE_RATE_HZ


def _band(low_hz: float, high_hz: float, order: int, length: int) -> Pcm:
    hz = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ), 1)
    low = 1 / np.sqrt(1 + (low_hz / hz) ** (2 * order))
    return np.asarray(low / np.sqrt(1 + (hz / high_hz) ** (2 * order)), dtype=np.float32)


def band(pcm: Pcm, low_hz: float, high_hz: float, order: int) -> Pcm:
    """Return what is between two frequencies, by slopes of 6 dB an octave and order, without a delay."""
    length = fast_length(len(pcm) + RINGING)
    return waveform(spectrum(pcm, length) * _band(low_hz, high_hz, order, length), length)[: len(pcm)]


def shifted(pcm: Pcm, by_hz: float) -> Pcm:
    """Return a sound with every frequency moved by as many Hz: harmonics are none any more."""
    length = fast_length(len(pcm) + RINGING)
    spectra = np.zeros(length, dtype=np.complex64)
    half = spectrum(pcm, length)
    spectra[: len(half)] = 2 * half
    spectra[0] /= 2
    analytic = np.fft.ifft(spectra)[: len(pcm)]
    out = np.empty(len(pcm), dtype=np.float32)
    for at in range(0, len(pcm), BLOCK):
        part = analytic[at : at + BLOCK]
        turn = 2 * np.pi * by_hz / SAMPLE_RATE_HZ * np.arange(at, at + len(part))
        out[at : at + BLOCK] = part.real * np.cos(turn) - part.imag * np.sin(turn)
    return out


def delayed(pcm: Pcm, samples: int, gain: float = 1.0) -> Pcm:
    """Return a sound later by as many samples, and cut where it ended."""
    late = np.zeros_like(pcm)
    if samples < len(pcm):
        late[samples:] = pcm[: len(pcm) - samples] * np.float32(gain)
    return late


def echoed(pcm: Pcm, *echoes: tuple[float, float]) -> Pcm:
    """Return a sound with echoes, each (ms later, gain)."""
    out = pcm.copy()
    for after_ms, gain in echoes:
        samples = int(after_ms * MS)
        if samples < len(pcm):
            out[samples:] += pcm[: len(pcm) - samples] * np.float32(gain)
    return out


def bent(pcm: Pcm, lead: Callable[[Numbers], Numbers]) -> Pcm:
    """Return a sound read earlier or later than it was: `lead` gives samples by the time in s."""
    out = np.zeros(len(pcm), dtype=np.float32)
    for at in range(0, len(pcm), BLOCK):
        samples = np.arange(at, min(at + BLOCK, len(pcm)))
        places = np.clip(samples + lead(samples / SAMPLE_RATE_HZ), 0, len(pcm) - 1.001)
        low = places.astype(np.int64)
        share = (places - low).astype(np.float32)
        out[at : at + BLOCK] = pcm[low] * (1 - share) + pcm[low + 1] * share
    return out


def swinging(chance: np.random.Generator, *swings: tuple[float, float]) -> Callable[[Numbers], Numbers]:
    """Return a lead for `bent`: sines of (Hz, ms), each beginning anywhere."""
    drawn = [(hz, ms * MS, chance.uniform(0, 2 * np.pi)) for hz, ms in swings]
    return lambda at_s: np.sum([size * np.sin(2 * np.pi * hz * at_s + begin) for hz, size, begin in drawn], 0)
