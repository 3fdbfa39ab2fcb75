"""What a recording can be given back: samples that a click or full scale took.

Only where samples are as they were recorded: a lossy codec spreads a click over 5 ms and rounds what was
cut flat, and then neither is found (nor is anything done). The limiter (`audio.loudness`) tames those.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ

BLOCK = SAMPLE_RATE_HZ // 1000
NEAR = 5  # blocks on each side; those next to a click may hold a part of it
# The bend (second difference) of speech is at most 27 times that of the ms around, of 200 recordings; a
# single sample of 0.3 makes 50 times and more of it, mostly.
CLICK_BEND = 40.0
LEAST_BEND = 0.02  # of full scale; less is not heard
SHARP = 0.1  # of a click's bend: what is a part of it
EDGE = 2  # samples on each side of it that go with it

FLAT = 0.99  # of the highest sample
FLAT_RUN = 3  # samples that a voice does not stay so high for, but in
FLAT_RUNS = 8  # few places
# An arc that rises a little less than its sides do, by 6 dB at most: of 14 recordings cut by 6, 12 and 20 dB
# it is nearer to the voice by 3 to 6 dB, by 2.4 at least; as steep as its sides it makes some worse.
HIGHEST_RETURN = 2.0
STEEPNESS = 0.6


def mended(pcm: Pcm) -> Pcm:
    """Return a recording without clicks, and with its peaks bent where they were cut flat."""
    return unclipped(unclicked(pcm))


def unclicked(pcm: Pcm) -> Pcm:
    """Return `pcm` with a line drawn over each click; the same array when there is none."""
    bend = np.abs(np.diff(pcm, 2))
    rows = bend[: len(bend) // BLOCK * BLOCK].reshape(-1, BLOCK)
    highest = rows.max(axis=1, initial=0.0)
    struck = np.zeros(len(pcm), dtype=bool)
    for at in np.flatnonzero(highest > LEAST_BEND):
        before, after = highest[max(0, at - NEAR) : max(0, at - 1)], highest[at + 2 : at + NEAR + 1]
        around = np.sort(np.concatenate((before, after)))
        usual = float(around[-2]) if len(around) > 1 else np.inf
        if highest[at] > CLICK_BEND * usual:
            begin, end = int(at - 1) * BLOCK, int(at + 2) * BLOCK
            sharp = np.flatnonzero(bend[max(0, begin) : end] > SHARP * highest[at]) + max(0, begin)
            for sample in sharp:
                struck[max(0, sample + 1 - EDGE) : sample + 2 + EDGE] = True
    if not struck.any():
        return pcm
    whole = np.flatnonzero(~struck)
    made = pcm.copy()
    made[struck] = np.interp(np.flatnonzero(struck), whole, pcm[whole])
    return made


def unclipped(pcm: Pcm) -> Pcm:
    """Return `pcm` with an arc over each peak that was cut flat; the same array when none was."""
    ceiling = float(np.abs(pcm).max(initial=0.0))
    if ceiling < 10 * LEAST_BEND:
        return pcm
    begins, ends = _flat_runs(pcm, FLAT * ceiling)
    if len(begins) < FLAT_RUNS:
        return pcm
    spans = ends - begins
    reach = (ends - begins + 1) * STEEPNESS
    at = np.arange(spans.sum()) - np.repeat(np.cumsum(spans) - spans, spans) + np.repeat(begins, spans)
    which = np.repeat(np.arange(len(begins)), spans)
    left, right = begins - 1, ends
    side = np.sign(pcm[begins])
    arc = _arc(
        (at - left[which]) / (right - left)[which],
        (side * pcm[left])[which],
        (side * pcm[right])[which],
        (side * (pcm[left] - pcm[left - 1]) * reach)[which],
        (side * (pcm[right + 1] - pcm[right]) * reach)[which],
    )
    made = pcm.copy()
    made[at] = side[which] * np.clip(arc, side[which] * pcm[at], HIGHEST_RETURN * ceiling)
    return made


def _flat_runs(pcm: Pcm, height: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where runs of samples so high begin and end, each with two samples of others around it."""
    high = (pcm >= height).astype(np.int8) - (pcm <= -height).astype(np.int8)
    edges = np.flatnonzero(np.diff(high, prepend=0, append=0))
    begins, ends = edges[:-1], edges[1:]
    fits = (high[begins] != 0) & (ends - begins >= FLAT_RUN) & (begins >= 2) & (ends < len(pcm) - 1)
    return begins[fits], ends[fits]


def _arc(t: Pcm, begin: Pcm, end: Pcm, rise: Pcm, fall: Pcm) -> Pcm:
    """Return a cubic from one value and slope to another, `t` from 0 to 1 (Hermite's)."""
    u = 1 - t
    return np.asarray(
        u * u * (1 + 2 * t) * begin + t * t * (1 + 2 * u) * end + t * u * (u * rise - t * fall), np.float32
    )
