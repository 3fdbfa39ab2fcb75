"""Sound as overlapping frames of spectra, some at a time, and the smooth envelope of a spectrum."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from audio.pcm import Pcm, Spectrum
from audio.take import SAMPLE_RATE_HZ

BLOCK = 256  # frames at once: of 30 s all would take 100 MB
QUIETEST = np.float32(1e-6)  # added to magnitudes before their logarithm
NEPER_DB = 8.6859

Levels = NDArray[np.float32]  # natural logarithms of magnitudes, a row a frame
# From the spectra of some frames, and the number of the first of them, to others.
Change = Callable[[Spectrum, int], Spectrum]


@functools.cache
def root_hann(size: int) -> Pcm:
    """Return a window that is put on before and after: both together are a Hann window."""
    return np.asarray(np.sqrt(hann(size)), dtype=np.float32)


@functools.cache
def hann(size: int) -> Pcm:
    """Return a periodic Hann window, centred between samples."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)).astype(np.float32)


def frame_count(samples: int, size: int, hop: int) -> int:
    """Return how many frames `by_frames` cuts a sound into."""
    return -(-(samples + size - hop) // hop)


def by_frames(
    pcm: Pcm, size: int, hop: int, change: Change, *, window: Pcm | None = None, transform: int = 0
) -> Pcm:
    """Change the spectra of overlapping frames, and add the frames up again; the length stays.

    `transform` is the length of the transform, `size` if it is 0.
    """
    window = root_hann(size) if window is None else window
    transform, count, reach = transform or size, frame_count(len(pcm), size, hop), -(-size // hop)
    padded = np.zeros((count - 1) * hop + size, dtype=np.float32)
    lead = size - hop  # so that all windows that reach over the first sample are there
    padded[lead : lead + len(pcm)] = pcm
    rows = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    out = np.zeros((count + reach, hop), dtype=np.float32)
    scale = np.float32(2 * hop / size)
    for at in range(0, count, BLOCK):
        spectra = np.fft.rfft(rows[at : at + BLOCK] * window, transform).astype(np.complex64, copy=False)
        made = np.fft.irfft(change(spectra, at), transform)[:, :size] * (window * scale)
        made = np.pad(made, ((0, 0), (0, reach * hop - size)))
        for part in range(reach):
            out[at + part : at + part + len(made)] += made[:, part * hop : (part + 1) * hop]
    return out.reshape(-1)[lead : lead + len(pcm)]


def envelope(spectra: Spectrum, size: int, quefrency_ms: float) -> Levels:
    """Return the smooth logarithm of each spectrum: its cepstrum, cut below the period of the pitch."""
    cepstra = np.fft.irfft(np.log(np.abs(spectra) + QUIETEST), size)
    kept = int(SAMPLE_RATE_HZ * quefrency_ms / 1000)
    lifter = np.zeros(size, dtype=np.float32)
    lifter[:kept] = 0.5 + 0.5 * np.cos(np.pi * np.arange(kept) / kept)
    lifter[size - kept + 1 :] = lifter[1:kept][::-1]
    return np.asarray(np.fft.rfft(cepstra * lifter).real, dtype=np.float32)


def stretched(levels: Levels, by: float) -> Levels:
    """Return envelopes with everything `by` times as high: formants move."""
    bins = levels.shape[1]
    places = np.clip(np.arange(bins) / by, 0, bins - 1.001)
    low = places.astype(np.int64)
    share = (places - low).astype(np.float32)
    return levels[:, low] * (1 - share) + levels[:, low + 1] * share


def curve(size: int, points: Sequence[tuple[float, float]]) -> Levels:
    """Return a gain for each bin, as a logarithm, from (Hz, dB) points; straight between them by octaves."""
    hz = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE_HZ), 10)
    at, gain_db = np.array(points, dtype=np.float64).T
    return np.asarray(np.interp(np.log(hz), np.log(at), gain_db) / NEPER_DB, dtype=np.float32)
