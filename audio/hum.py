"""Hum of the mains: found in the pauses of a take, and taken out of all of it.

A line of hum keeps its height and goes on in phase for seconds; a voice does not. So each line is measured in
the quietest parts, followed through the take, and subtracted: nothing else is touched, and no filter rings.
"""

from __future__ import annotations

import functools

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ

MAINS_HZ = (50, 60)
LINES = np.arange(1, 17)  # to 800 and 960 Hz; those above are weak
ROW = SAMPLE_RATE_HZ // 10  # 100 ms hold whole periods of both
QUIET_SHARE = 0.3  # of the rows: where hum is measured
QUIET_PAIRS = 6  # of them that follow each other, at least
# What sounds in the pauses is so far below the loudest, or it is no pause but a note that is held.
BELOW_DB = 3.0
FAINT_DB = 45.0  # hum so far below the loudest is not heard
STEADY = 0.8  # of a line's power goes on in phase from one row to the next; noise has 0.2 to 0.5
LEAST = 1e-4  # of full scale: -80 dBFS
NEAR = 5  # rows on each side by which a line is followed ...
STILL_ROWS = (
    10  # ... where they are quiet; else it goes on as in all of the take, which weighs as much as so many
)

Lines = NDArray[np.complex64]


class Hum(Struct):
    """The lines found: which multiples of the mains, and by how much each turns from one row to the next."""

    mains_hz: int
    found: NDArray[np.bool_]
    turn: float
    power: float


def without_hum(pcm: Pcm) -> Pcm:
    """Return `pcm` without hum; the same array when there is none, or nothing to tell it by."""
    rows = len(pcm) // ROW
    parts = pcm[: rows * ROW].reshape(rows, ROW)
    powers = np.einsum("ij,ij->i", parts, parts) / ROW
    quiet = _quiet(powers)
    if quiet is None:
        return pcm
    hum = max((_listened(parts, quiet, mains_hz) for mains_hz in MAINS_HZ), key=lambda each: each.power)
    if not _is_mains(hum, float(np.sort(powers)[-2:].mean())):
        return pcm
    return _subtracted(pcm, parts, 1 / (powers + powers[quiet].mean()), hum)


def _is_mains(hum: Hum, loudest: float) -> bool:
    """Tell whether lines are of the mains and loud enough: a note has multiples of its own pitch."""
    numbers = LINES[hum.found]
    is_heard = hum.power * 10 ** (FAINT_DB / 10) > 2 * loudest
    return bool(len(numbers)) and is_heard and int(np.gcd.reduce(numbers)) <= 2


def _quiet(powers: Pcm) -> NDArray[np.intp] | None:
    """Return the quietest rows that a quiet one follows, None when a take has no pauses."""
    real = np.flatnonzero(powers > LEAST**2)
    if len(real) < 2 * QUIET_PAIRS:
        return None
    order = real[np.argsort(powers[real])]
    quiet = np.sort(order[: max(2 * QUIET_PAIRS, round(len(real) * QUIET_SHARE))])
    pairs = quiet[:-1][np.diff(quiet) == 1]
    is_pause = powers[quiet].mean() * 10 ** (BELOW_DB / 10) < powers[order[-2:]].mean()
    return pairs if is_pause and len(pairs) >= QUIET_PAIRS else None


@functools.cache
def _waves(mains_hz: int) -> Lines:
    """Return a row for each line of hum: one complex wave of 100 ms."""
    turns = np.outer(LINES * mains_hz, np.arange(ROW) / SAMPLE_RATE_HZ)
    return np.asarray(np.exp(2j * np.pi * turns), dtype=np.complex64)


def _heights(parts: Pcm, mains_hz: int) -> Lines:
    """Return how high each line is in each row, and its phase."""
    waves = _waves(mains_hz)
    return np.asarray((parts @ waves.real.T - 1j * (parts @ waves.imag.T)) * (2 / ROW), dtype=np.complex64)


def _listened(parts: Pcm, pairs: NDArray[np.intp], mains_hz: int) -> Hum:
    """Return what hums in the rows of `pairs` and in those that follow them."""
    first, next_ = _heights(parts[pairs], mains_hz), _heights(parts[pairs + 1], mains_hz)
    power = np.maximum((np.abs(first) ** 2 + np.abs(next_) ** 2).mean(axis=0) / 2, 1e-20)
    together = (next_ * first.conj()).mean(axis=0)
    found = (np.abs(together) > STEADY * power) & (power > LEAST**2)
    weights = np.abs(together) * found
    turn = float((weights * LINES * np.angle(together)).sum() / max((weights * LINES**2).sum(), 1e-20))
    return Hum(mains_hz, found, turn, float(power[found].sum()))


def _subtracted(pcm: Pcm, parts: Pcm, weights: Pcm, hum: Hum) -> Pcm:
    """Return `pcm` less its hum, which is measured best in rows of high weight."""
    turns = np.exp(1j * hum.turn * np.outer(np.arange(len(parts)), LINES[hum.found]))
    still = _heights(parts, hum.mains_hz)[:, hum.found] / turns
    all_ = STILL_ROWS * float(weights.max())
    usual = weights @ still / weights.sum()
    near = [weights[max(0, row - NEAR) : row + NEAR + 1] for row in range(len(parts))]
    sums = [near[row] @ still[max(0, row - NEAR) : row + NEAR + 1] for row in range(len(parts))]
    smooth = (np.stack(sums) + all_ * usual) / (np.array([each.sum() for each in near]) + all_)[:, None]
    heights = smooth * turns
    # In a line from one edge of a row to the next; what is after the last whole row goes on as it did.
    inside = (heights[:-1] + heights[1:]) / 2
    edges = np.concatenate(([heights[0]], inside, [heights[-1]], [heights[-1]])).astype(np.complex64)
    waves = _waves(hum.mains_hz)[hum.found]
    slope = (np.arange(ROW) / ROW).astype(np.float32)
    made = (edges[:-1] @ waves + np.diff(edges, axis=0) @ (waves * slope)).real.reshape(-1)
    return np.asarray(pcm - made[: len(pcm)], dtype=np.float32)
