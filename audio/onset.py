"""Find where speech begins and ends in a take, and its longest pause.

The power of three bands is held against the noise of the room, which is estimated from the take itself.
A frame is active when a band stands out; what stands out too shortly to be a sound of the mouth (a click) is
dropped. Laughter, shouting and beatboxing count as speech; steady noise, hum and fans do not, however loud.
"""

from __future__ import annotations

import functools

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from audio.pcm import Pcm, decibels, high_pass, resample
from audio.take import SAMPLE_RATE_HZ

Levels = NDArray[np.float64]  # dB, a row a frame
Mask = NDArray[np.bool_]

NOTHING_DBFS = -120.0  # digital silence, and the least that is told apart
HOP_MS = 10
HOP = SAMPLE_RATE_HZ * HOP_MS // 1000
WINDOW = 2 * HOP
CHUNK = 500  # frames at once: a minute of them would take 70 MB
BANDS_HZ = ((150, 1200), (1000, 4000), (3500, 8000))  # voicing; vowels and bursts; hisses
CHANCE = 4.0  # standard deviations of the noise that are not chance any more
WEAK_DB = (2.0, 6.0)  # limits of the margin above the noise; above it, a sound goes on
STRONG_DB = 4.0  # above that margin: where a sound begins
QUIETEST_DBFS = -64.0  # speech with peaks at about -53 dBFS; what is quieter is nothing
DEEPEST_DB = 40.0  # nothing this far below the loudest counts
ROUNDING_DBFS = -92.0  # quantisation and codec noise of near silence
NO_ROOM_DB = 10.0  # frames this far below all that counts are digital silence, no room noise
STEADY_DB = 4.0  # how far the noise of a room strays
STEADY_FRAMES = 12  # how long it must be heard by itself: a pause inside speech is shorter
BODY_DB = 20.0  # a sound of the mouth keeps within this of its peak ...
BODY_FRAMES = 7  # ... for this long; a click does not
MANY_FRAMES = 24  # or there are many short ones: beatboxing
PITCHED = 0.75  # how much a note repeats itself, of 1
JOIN_BEFORE, JOIN_AFTER = 8, 15  # frames between a plosive and its vowel, between a vowel and its last stop


class Sound(Struct, frozen=True):
    """Where speech begins and ends (samples), its longest pause (ms), how far it is above the noise (dB)."""

    onset: int
    offset: int
    gap_ms: int
    clear_db: float = DEEPEST_DB


def find(pcm: Pcm) -> Sound | None:
    """Return where speech is, or None when there is nothing like it."""
    levels = band_levels(pcm)
    if not len(levels):
        return None
    active, clear_db = _active(levels)
    if not active.any():
        if not _sung(pcm):
            return None
        active[:], clear_db = True, DEEPEST_DB
    frames = np.flatnonzero(active)
    first, last = int(frames[0]), int(frames[-1])
    gaps = [end - start for start, end in _runs(~active[first : last + 1])]
    return Sound(first * HOP, min((last + 1) * HOP, len(pcm)), max(gaps, default=0) * HOP_MS, clear_db)


@functools.cache
def _window() -> Pcm:
    return np.hanning(WINDOW + 2)[1:-1].astype(np.float32)


def band_levels(pcm: Pcm) -> Levels:
    """Return the level of each band in dBFS for each 10 ms; frame k is centred on its own 10 ms."""
    count = len(pcm) // HOP
    if not count:
        return np.zeros((0, len(BANDS_HZ)))
    padded = np.pad(pcm[: count * HOP], HOP // 2)
    rows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    bands = np.concatenate([_band_powers(rows[at : at + CHUNK]) for at in range(0, count, CHUNK)])
    around = np.pad(bands, ((1, 1), (0, 0)), mode="edge")
    smooth = (around[:-2] + 2 * around[1:-1] + around[2:]) / 4  # mains buzz beats with the frames otherwise
    return np.asarray(10 * np.log10(np.maximum(smooth, 1e-12)), dtype=np.float64)


def _band_powers(rows: Pcm) -> Pcm:
    bins = np.fft.rfft(rows * _window())
    power = bins.real**2 + bins.imag**2
    hz = SAMPLE_RATE_HZ / WINDOW
    bands = [power[:, int(low / hz) : int(high / hz)].sum(axis=1) for low, high in BANDS_HZ]
    return np.stack(bands, axis=1) * np.float32(2 / (WINDOW * np.sum(_window() ** 2)))


def _noise(levels: Levels, real: Mask) -> tuple[Levels, Levels]:
    """Return the noise level of the room in each band, and the margin above it that chance does not explain.

    A take that is speech from end to end has no such level: then it is -120 dBFS.
    """
    levels = levels[real]
    unknown = np.full(levels.shape[1], NOTHING_DBFS), np.full(levels.shape[1], WEAK_DB[0])
    if len(levels) < STEADY_FRAMES:
        return unknown
    long = np.stack([np.convolve(band, np.full(5, 0.2), mode="valid") for band in levels.T], axis=1)
    levels = levels[2:-2]
    steady = np.abs(levels - np.percentile(long, 7, axis=0)) < STEADY_DB
    if _longest(steady.all(axis=1)) < STEADY_FRAMES:
        return unknown
    quiet = [band[mask] for band, mask in zip(levels.T, steady.T, strict=True)]
    noise = np.array([10 * np.log10(np.mean(10 ** (band / 10))) for band in quiet])
    return noise, np.clip([CHANCE * band.std() for band in quiet], *WEAK_DB)


def _active(levels: Levels) -> tuple[Mask, float]:
    """Return which frames are speech, by the take's own noise and loudest sound, and how far it stands out.

    The gain of a microphone does not matter, but that nothing is made of what is quieter than quiet speech.
    """
    loudest = np.max(levels, axis=1)
    least = max(_high(loudest[loudest > NOTHING_DBFS]) - DEEPEST_DB, ROUNDING_DBFS)
    active, clear_db = _standing_out(levels, loudest, least)
    of_speech = _high(loudest[active]) - DEEPEST_DB
    if of_speech > least + STEADY_DB:  # the take is noise for the most part
        active, clear_db = _standing_out(levels, loudest, of_speech)
    return active & (_high(loudest[active]) > QUIETEST_DBFS), clear_db


def _high(levels: Levels) -> float:
    """Return the 95th percentile: clicks are short, so they lie above it."""
    return float(np.percentile(levels, 95)) if len(levels) else NOTHING_DBFS


def _standing_out(levels: Levels, loudest: Levels, least: float) -> tuple[Mask, float]:
    """Return the frames that stand out of the noise for as long as speech does, and how far they do.

    Nothing below the level `least` counts.
    """
    noise, chance = _noise(np.maximum(levels, least), real=loudest > least - NO_ROOM_DB)
    active = _spoken(np.max(levels - np.maximum(noise + chance, least), axis=1), loudest)
    return active, _high(np.max(levels - np.maximum(noise, least), axis=1)[active])


def _spoken(above: Levels, loudest: Levels) -> Mask:
    """Return which of the frames that stand out (by the given number of dB) are sounds of the mouth."""
    strong, runs = above > STRONG_DB, _runs(above > 0)
    short = []
    active = np.zeros(len(above), dtype=bool)
    for start, end in runs:
        if not strong[start:end].any():
            continue
        body = loudest[start:end] > loudest[start:end].max() - BODY_DB
        if _longest(body) >= BODY_FRAMES:
            active[start:end] = True
        else:
            short.append((start, end))
    if not active.any() and sum(np.count_nonzero(strong[start:end]) for start, end in short) >= MANY_FRAMES:
        short, active = [], above > 0
    sounds = active.copy()
    for start, end in short:
        active[start:end] |= sounds[max(0, start - JOIN_AFTER) : end + JOIN_BEFORE].any()
    return active


def _sung(pcm: Pcm) -> bool:
    """Tell whether steady sound is a sung note rather than noise: it has a pitch that is not mains hum."""
    rate_hz, size = 8_000, 640  # 80 ms stretches
    low = resample(high_pass(pcm, 150.0), SAMPLE_RATE_HZ, rate_hz)
    if len(low) < size or not is_loud(low):
        return False
    rows = low[: len(low) // size * size].reshape(-1, size)
    power = np.abs(np.fft.rfft(rows, 2 * size)) ** 2
    likeness = np.fft.irfft(power)[:, :170] * (size / np.arange(size, size - 170, -1))
    energy = np.sum(rows**2, axis=1)
    likeness /= np.maximum(energy[:, None], 1e-12)
    likeness[:, :8] = 0.0  # 1000 Hz at most
    best = likeness.max(axis=1)
    pitch_hz = rate_hz / np.argmax(likeness > 0.97 * best[:, None], axis=1)
    pitched = (best > PITCHED) & (energy > energy.max() * 10 ** (-DEEPEST_DB / 10))
    return bool(pitched.mean() >= 0.5 and np.mean(_is_mains(pitch_hz[pitched])) < 0.8)


def is_loud(pcm: Pcm) -> bool:
    """Tell whether there is any sound at all."""
    return bool(len(pcm)) and decibels(float(np.mean(np.square(pcm, dtype=np.float64)))) > QUIETEST_DBFS


def _is_mains(pitch_hz: Levels) -> Mask:
    """Return which pitches are those of hum: within 2 % of multiples of 50 and 60 Hz, up to 310 Hz."""
    steps = np.stack([pitch_hz / mains for mains in (50, 60)])
    near = np.abs(steps - np.rint(steps)) / steps < 0.02
    return np.asarray(near.any(axis=0) & (pitch_hz < 310))


def _longest(mask: Mask) -> int:
    return max((end - start for start, end in _runs(mask)), default=0)


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """Return (start, end) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
