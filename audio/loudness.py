"""Measure loudness and true peak (ITU-R BS.1770-5, EBU R 128), and bring a clip to the targets of both."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from audio.pcm import Pcm, biquad_response
from audio.take import SAMPLE_RATE_HZ

TARGET_LUFS = -16.0
CEILING_DBTP = -1.5
QUIETEST_LUFS = -70.0  # the absolute gate; silence is reported as this
QUIET_PEAK = 0.05  # quieter sound is amplified before measuring, or the absolute gate would drop words
STEP = SAMPLE_RATE_HZ // 10  # gating blocks of 400 ms overlap by 75 %
LARGEST_GAIN_DB = 62.0  # what the quietest speech that counts needs (`onset.QUIETEST_DBFS`)

# The two filters of BS.1770-5 annex 1 at 48 kHz: a head's shelf, and the RLB high-pass.
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_RLB = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))

OVERSAMPLING = 4
TAPS = 24  # taps a phase; annex 2 asks for 12
BLOCK = 32
STRIDE = 16
# Points of the gain. 0.3 ms takes down single glottal pulses and leaves the shape of words: envelopes before
# and after correlate by 0.98 where 5 ms had 0.90 (synthetic speech, whose peaks are 18 dB over its loudness).
LOOK_AHEAD = 1
ROUNDS = 4
LARGEST_RETURN_DB = 8.0
CLOSE_ENOUGH_LU = 0.5


def loudness_lufs(pcm: Pcm) -> float:
    """Return the integrated, gated loudness; of clips under 400 ms the ungated loudness of the whole."""
    powers = _block_powers(pcm)
    heard = powers[powers > _power(QUIETEST_LUFS)]
    if not len(heard):
        return QUIETEST_LUFS
    heard = heard[heard > heard.mean() / 10]  # the relative gate, 10 LU down
    return _lufs(float(heard.mean()))


def _loudness_of_quiet_lufs(pcm: Pcm) -> float:
    """Return the loudness of a sound as at full scale: of a quiet one the absolute gate hides words."""
    peak = float(np.abs(pcm).max(initial=0.0))
    if not 0.0 < peak < QUIET_PEAK:
        return loudness_lufs(pcm)
    return loudness_lufs(pcm * np.float32(1 / peak)) + 20 * math.log10(peak)


def _block_powers(pcm: Pcm) -> NDArray[np.float64]:
    """Return the K-weighted power of each 400 ms block, or of the whole when there is no block."""
    steps = len(pcm) // STEP
    if steps >= 4:
        return np.convolve(_step_powers(pcm[: steps * STEP]), np.full(4, 0.25), mode="valid")
    whole = np.pad(pcm, (0, -len(pcm) % STEP))
    return np.array([_step_powers(whole).sum() * STEP / max(len(pcm), 1)])


def _step_powers(pcm: Pcm) -> NDArray[np.float64]:
    """Return the K-weighted power of each 100 ms, by Parseval's theorem: no signal is filtered.

    The filters' memory over the edges (under 0.1 LU) is given up for a fifth of the time.
    """
    bins = np.fft.rfft(pcm.reshape(-1, STEP))
    return np.asarray((bins.real**2 + bins.imag**2) @ _bin_weights(), dtype=np.float64)


@functools.cache
def _bin_weights() -> NDArray[np.float32]:
    response = biquad_response(*_SHELF, STEP) * biquad_response(*_RLB, STEP)
    sides = np.full(STEP // 2 + 1, 2.0)
    sides[[0, -1]] = 1.0
    return np.asarray(np.abs(response) ** 2 * sides / STEP**2, dtype=np.float32)


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(max(power, 1e-12))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


@functools.cache
def _interpolator() -> NDArray[np.float32]:
    """Return the matrix from `BLOCK + TAPS - 1` samples to the 3 x `BLOCK` values between: windowed sincs."""
    matrix = np.zeros((BLOCK + TAPS - 1, OVERSAMPLING - 1, BLOCK), dtype=np.float32)
    for phase in range(1, OVERSAMPLING):
        distance = np.arange(TAPS) - (TAPS // 2 - 1) - phase / OVERSAMPLING
        taps = np.sinc(distance) * np.cos(np.pi * distance / (TAPS + 1)) ** 2
        for sample in range(BLOCK):
            matrix[sample : sample + TAPS, phase - 1, sample] = taps / taps.sum()
    return matrix.reshape(BLOCK + TAPS - 1, -1)


def swing(pcm: Pcm, least: float) -> Pcm:
    """Return for each sample the highest magnitude from it to the next, by 4x oversampling.

    Exact where it reaches `least`; elsewhere only known to stay below it. (Between samples a sound is at
    most 2.3 times as high as the samples around: blocks lower than that are not worth the work.)
    """
    rows = max(1, -(-len(pcm) // BLOCK))
    padded = np.zeros(rows * BLOCK + TAPS, dtype=np.float32)
    padded[TAPS // 2 - 1 : TAPS // 2 - 1 + len(pcm)] = pcm
    highest = np.zeros(rows * BLOCK, dtype=np.float32)
    highest[: len(pcm)] = np.abs(pcm)
    reach = np.lib.stride_tricks.sliding_window_view(padded, BLOCK + TAPS - 1)[::BLOCK]
    blocks = highest.reshape(rows, BLOCK)
    # What a block reaches lies in it and in its neighbours.
    around = np.pad(_highest(blocks), 1)
    loud = np.flatnonzero(np.maximum(np.maximum(around[:-2], around[1:-1]), around[2:]) * 2.3 >= least)
    between = np.abs(reach[loud] @ _interpolator()).reshape(-1, OVERSAMPLING - 1, BLOCK)
    blocks[loud] = np.maximum(blocks[loud], between.max(axis=1))
    return highest[: len(pcm)]


def _highest(rows: Pcm) -> Pcm:
    """Return the highest value of each row; of many short rows by columns, which takes half the time."""
    return np.asarray(np.ascontiguousarray(rows.T).max(axis=0))


def true_peak_dbtp(pcm: Pcm) -> float:
    """Return the true peak by 4x oversampling, -120 for silence."""
    highest = float(np.abs(pcm).max(initial=0.0))
    return 20 * math.log10(max(float(swing(pcm, highest).max(initial=0.0)), 1e-6))


def limiting_gain(swing: Pcm, ceiling: float) -> Pcm:
    """Return a gain for each sample that keeps `swing` under the ceiling and moves smoothly.

    It is the least wanted nearby, averaged over as long: it is down when the peak comes and nowhere above
    what is wanted, so nothing is clipped. It is found for each `STRIDE` samples, and straight between.
    """
    rows = -(-len(swing) // STRIDE)
    padded = np.zeros(rows * STRIDE, dtype=np.float32)
    padded[: len(swing)] = swing
    wanted = np.minimum(1.0, ceiling / np.maximum(_highest(padded.reshape(rows, STRIDE)), ceiling))
    around = np.pad(wanted, 2 * LOOK_AHEAD + 1, constant_values=1.0)
    lowest = _sliding_minimum(
        around, 2 * LOOK_AHEAD + 2
    )  # one more: the line to the next point stays below too
    points = np.convolve(
        lowest, np.full(2 * LOOK_AHEAD + 1, 1 / (2 * LOOK_AHEAD + 1), np.float32), mode="valid"
    )
    points = points[: rows + 1, None]
    lines = points[:-1] + (points[1:] - points[:-1]) * np.linspace(0, 1, STRIDE, False, dtype=np.float32)
    return np.asarray(lines.reshape(-1)[: len(swing)], dtype=np.float32)


def _sliding_minimum(values: Pcm, span: int) -> Pcm:
    """Return the minimum of each `span` values, by doubling: log2(span) passes."""
    reach, lowest = 1, values
    while reach < span:
        step = min(reach, span - reach)
        lowest = np.minimum(lowest[:-step], lowest[step:])
        reach += step
    return lowest


def limit(pcm: Pcm, ceiling_dbtp: float) -> Pcm:
    """Return `pcm` with its true peak under the ceiling."""
    ceiling = 10 ** (ceiling_dbtp / 20)
    return pcm * limiting_gain(swing(pcm, ceiling), ceiling)


def level(pcm: Pcm, target_lufs: float = TARGET_LUFS, ceiling_dbtp: float = CEILING_DBTP) -> Pcm:
    """Return `pcm` at the target loudness with its true peak under the ceiling.

    What limiting takes from the loudness is given back, a few times: shouts and claps come out within 1 LU,
    single sharp clicks stay quieter, as they must.
    """
    ceiling = 10 ** (ceiling_dbtp / 20)
    gain_db = min(LARGEST_GAIN_DB, target_lufs - _loudness_of_quiet_lufs(pcm))
    most_db = min(LARGEST_GAIN_DB, gain_db + LARGEST_RETURN_DB)
    peaks = swing(pcm, ceiling / 10 ** (most_db / 20))
    for _ in range(ROUNDS):
        gain = 10 ** (gain_db / 20)
        raised = pcm * np.float32(gain)
        if float(peaks.max(initial=0.0)) * gain <= ceiling:
            return raised
        raised *= limiting_gain(peaks * np.float32(gain), ceiling)
        missing = target_lufs - loudness_lufs(raised)
        if missing < CLOSE_ENOUGH_LU or gain_db >= most_db:
            break
        gain_db = min(most_db, gain_db + 1.3 * missing)
    return raised
