"""Less noise for the ear: what sounds all the time (a fan, a street, rain) is turned down by 15 dB.

A Wiener filter with the decision-directed estimate of Ephraim and Malah (1984): 20 ms windows, each band
turned down by how little stands out of the noise of the take's own quietest part. ADR 30 has its figures
beside those of RNNoise and FFmpeg's afftdn.
"""

from __future__ import annotations

import numpy as np

from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ

HOP = SAMPLE_RATE_HZ // 100
WINDOW = 2 * HOP
# More is heard as a hole behind the voice, and takes words: at 20 dB tiny.en reads twice as many wrong.
DEEPEST_DB = 15.0
INERTIA = 0.96  # of what a band had in the window before; with less, noise left over twitters
SMOOTHED = 5  # bands of 50 Hz over which the noise is averaged
QUIETEST_PERCENT, STEADY_DB = 25, 3.0  # of the windows: up to so much louder is noise too
SILENT = 1e-6  # power of a window in its bands: nothing recorded, as before a stream begins
CHUNK = 512  # windows at once: a minute of them would take 90 MB

_SHAPE = np.sqrt(np.hanning(WINDOW + 1)[:WINDOW]).astype(np.float32)


def reduced(pcm: Pcm) -> Pcm:
    """Return `pcm` with its steady noise turned down, as long as it was."""
    count = len(pcm) // HOP + 2
    padded = np.zeros((count + 1) * HOP, dtype=np.float32)
    padded[HOP : HOP + len(pcm)] = pcm
    rows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    noise = _noise(rows)
    if noise is None:
        return pcm
    made = np.zeros((count + 1, HOP), dtype=np.float32)
    stands = np.ones(len(noise), dtype=np.float32)
    for at in range(0, count, CHUNK):
        spectra = np.fft.rfft(rows[at : at + CHUNK] * _SHAPE)
        above = np.asarray((spectra.real**2 + spectra.imag**2) / noise, dtype=np.float32)
        gains, stands = _gains(above, stands)
        quiet = np.fft.irfft(spectra * gains, WINDOW) * _SHAPE
        made[at : at + len(quiet)] += quiet[:, :HOP]
        made[at + 1 : at + 1 + len(quiet)] += quiet[:, HOP:]
    return made.reshape(-1)[HOP : HOP + len(pcm)]


def _noise(rows: Pcm) -> Pcm | None:
    """Return the power of the noise in each band, None when nothing was recorded."""
    powers = np.concatenate([_powers(rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)])
    real = powers > SILENT
    if not real.any():
        return None
    most = np.percentile(powers[real], QUIETEST_PERCENT) * 10 ** (STEADY_DB / 10)
    quiet = np.flatnonzero(real & (powers <= most))
    sums = np.zeros(WINDOW // 2 + 1)
    for at in range(0, len(quiet), CHUNK):
        spectra = np.fft.rfft(rows[quiet[at : at + CHUNK]] * _SHAPE)
        sums += (spectra.real**2 + spectra.imag**2).sum(axis=0)
    edges = np.pad(sums / len(quiet), SMOOTHED // 2, mode="edge")
    return np.asarray(np.convolve(edges, np.full(SMOOTHED, 1 / SMOOTHED), "valid") + 1e-12, dtype=np.float32)


def _powers(rows: Pcm) -> Pcm:
    """Return the power of each window."""
    return np.asarray(np.einsum("ij,ij->i", rows, rows), dtype=np.float32)


def _gains(above: Pcm, stands: Pcm) -> tuple[Pcm, Pcm]:
    """Return the gain of each band in each window, and by how much the last stands out of the noise.

    `above` is the power of each over that of the noise, `stands` what stood out in the window before.
    """
    gains = np.empty_like(above)
    least = np.float32(10 ** (-DEEPEST_DB / 20))
    now = np.maximum(above - 1, 0) * np.float32(1 - INERTIA)
    for row, excess in enumerate(now):
        expected = np.float32(INERTIA) * stands + excess
        np.maximum(expected / (1 + expected), least, out=gains[row])
        stands = gains[row] ** 2 * above[row]
    return gains, stands
