"""Sound as arrays: float32, mono, 48 kHz, full scale at 1.0."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from audio.take import SAMPLE_RATE_HZ

PEAKS = 64  # values in a clip's picture
POWER_PART = SAMPLE_RATE_HZ // 10  # 100 ms in samples
Pcm = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


def fast_length(samples: int, multiple: int = 1) -> int:
    """Return the least length >= `samples` that is `multiple` times 2^a or 3 * 2^a: quick to transform."""
    whole = max(1, -(-samples // multiple))
    power: int = 1 << (whole - 1).bit_length()
    return multiple * (power * 3 // 4 if power >= 4 and power * 3 // 4 >= whole else power)


def spectrum(pcm: Pcm, length: int) -> Spectrum:
    """Return the one-sided spectrum of `pcm`, padded with zeros to `length`."""
    return np.asarray(np.fft.rfft(pcm, length), dtype=np.complex64)


def waveform(spectrum: Spectrum, length: int) -> Pcm:
    """Return the sound of a one-sided spectrum, `length` samples."""
    return np.asarray(np.fft.irfft(spectrum, length), dtype=np.float32)


def resample(pcm: Pcm, from_hz: int, to_hz: int) -> Pcm:
    """Change the sample rate, band-limited (the spectrum is cut or padded)."""
    if from_hz == to_hz or not len(pcm):
        return pcm
    step = math.gcd(from_hz, to_hz)
    unit = from_hz // step
    length = fast_length(len(pcm) + unit, unit)
    target = length // unit * (to_hz // step)
    kept = np.zeros(target // 2 + 1, dtype=np.complex64)
    whole = spectrum(pcm, length)
    shared = min(len(kept), len(whole))
    kept[:shared] = whole[:shared]
    scaled = waveform(kept, target) * np.float32(target / length)
    return scaled[: round(len(pcm) * to_hz / from_hz)]


@functools.cache
def biquad_response(b: tuple[float, ...], a: tuple[float, ...], length: int) -> Spectrum:
    """Return the response of a digital filter, coefficients of z^0, z^-1, ..., at the bins of a spectrum."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(length))
    return np.asarray(np.polyval(b[::-1], z) / np.polyval(a[::-1], z), dtype=np.complex64)


def high_pass_response(cutoff_hz: float, length: int) -> Spectrum:
    """Return a Butterworth high-pass of the second order: rumble, plosive wind and DC go, speech stays."""
    k = math.tan(math.pi * cutoff_hz / SAMPLE_RATE_HZ)
    scale = 1 / (1 + math.sqrt(2) * k + k * k)
    b = (scale, -2 * scale, scale)
    a = (1.0, 2 * (k * k - 1) * scale, (1 - math.sqrt(2) * k + k * k) * scale)
    return biquad_response(b, a, length)


def high_pass(pcm: Pcm, cutoff_hz: float) -> Pcm:
    """Return `pcm` without what is below `cutoff_hz` (40 Hz at least), 12 dB an octave, by overlap-save.

    Blocks of 170 ms stay in the cache and take a third of the time of one long transform.
    """
    if not len(pcm):
        return pcm
    block, ringing = 8192, SAMPLE_RATE_HZ // 20  # at 40 Hz the response is 80 dB down after 50 ms
    step = block - ringing
    rows = -(-len(pcm) // step)
    padded = np.zeros(ringing + rows * step, dtype=np.float32)
    padded[ringing : ringing + len(pcm)] = pcm
    blocks = np.lib.stride_tricks.sliding_window_view(padded, block)[::step]
    response = high_pass_response(cutoff_hz, block)
    filtered = np.empty((rows, step), dtype=np.float32)
    for at in range(0, rows, 64):  # not a minute at once: that would take 60 MB
        part = np.fft.rfft(blocks[at : at + 64]) * response
        filtered[at : at + 64] = np.fft.irfft(part, block)[:, ringing:]
    return filtered.reshape(-1)[: len(pcm)]


def mixed(sides: Pcm) -> Pcm:
    """Mix two sides, shape (samples, 2), to one; where they cancel, take the louder one for all of it.

    A balanced microphone on a stereo input gives two sides that are opposite: their mean is silence, or what
    hums alike in both. Sides that have nothing in common have as much power in their difference as in their
    mean, by a percent or two in a second of speech; half as much again is opposite. So it is where a tenth
    of the sound is in parts that are so by far.
    """
    left, right = sides[:, 0], sides[:, 1]
    with np.errstate(invalid="ignore", over="ignore"):  # a file of floats may hold infinities
        mean = (left + right) * np.float32(0.5)
        common, opposite = _powers(mean), _powers(left - mean)
        apart = opposite[opposite > 4 * common].sum()
        if opposite.sum() <= 1.5 * common.sum() and apart <= 0.1 * (common.sum() + opposite.sum()):
            return mean
        return np.ascontiguousarray(left if _powers(left).sum() >= _powers(right).sum() else right)


def _powers(pcm: Pcm) -> NDArray[np.float64]:
    """Return the variance of each 100 ms (of all, if it is less)."""
    part = max(1, min(POWER_PART, len(pcm)))
    rows = pcm[: len(pcm) // part * part].reshape(-1, part)
    return np.asarray(np.var(rows, axis=1, dtype=np.float64), dtype=np.float64)


def fade_edges(pcm: Pcm, samples: int) -> Pcm:
    """Return `pcm` with a raised-cosine fade at both ends, so that a cut does not click."""
    n = min(samples, len(pcm) // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / max(n, 1))).astype(np.float32)
    faded = pcm.copy()
    faded[:n] *= ramp
    faded[len(pcm) - n :] *= ramp[::-1]
    return faded


def decibels(power: float) -> float:
    """Return 10 log10 of a power, -120 at least."""
    return 10 * math.log10(max(power, 1e-12))


def peaks(pcm: Pcm) -> tuple[int, ...]:
    """Return `PEAKS` values from 0 to 100: the shape of the sound, for its picture.

    The RMS of each part against the highest of them, bent a little so that quiet parts show: the highest
    samples are nearly all alike after levelling.
    """
    if not len(pcm):
        return (0,) * PEAKS
    edges = np.linspace(0, len(pcm), PEAKS + 1)[:-1].astype(np.int64)
    edges = np.minimum(edges, len(pcm) - 1)
    parts = np.add.reduceat(np.square(pcm, dtype=np.float64), edges) / np.diff(edges, append=len(pcm)).clip(1)
    shape = np.sqrt(parts / max(float(parts.max()), 1e-12)) ** 0.8
    return tuple(int(value) for value in np.rint(shape * 100))
