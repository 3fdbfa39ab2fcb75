"""Another pitch: of everything, or of the voice alone, with the words left where they were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from audio.masks.effects import MS, Numbers, bent, delayed, swinging
from audio.masks.frames import Levels, by_frames, envelope, frame_count, hann, stretched
from audio.pcm import Pcm, Spectrum, resample

FRAME, HOP = 32 * MS, 8 * MS
# Stretching takes pieces of 30 ms from where they go on best, looked for in a copy at 12 kHz.
PIECE, STEP, SEARCH, COARSE = 30 * MS, 15 * MS, 8 * MS, 4


class Shift(Struct, frozen=True):
    """One voice of what `revoice` makes: its pitch as a fraction, its gain, its delay and wobble."""

    num: int
    den: int
    gain: float = 1.0
    late_ms: float = 0.0
    wobble: tuple[float, float] | None = None  # Hz, ms


def stretch(pcm: Pcm, by: float) -> Pcm:
    """Return a sound `by` times as long at the same pitch (WSOLA)."""
    before = PIECE + 2 * SEARCH
    source = np.pad(pcm, (before, before + PIECE))
    low = source[: len(source) // COARSE * COARSE].reshape(-1, COARSE).mean(axis=1)
    powers = np.concatenate(([0.0], np.cumsum(np.square(low, dtype=np.float64))))
    window, pieces = hann(PIECE), int(len(pcm) * by) // STEP + 2
    out = np.zeros((pieces + 1) * STEP + PIECE, dtype=np.float32)
    at = before - STEP
    for piece in range(pieces):
        wanted = before - STEP + round(piece * STEP / by)
        if piece and wanted + SEARCH + PIECE < len(source):
            at = _best(low, powers, at + STEP, wanted)
        else:
            at = min(wanted, len(source) - PIECE)
        out[piece * STEP : piece * STEP + PIECE] += source[at : at + PIECE] * window
    return out[STEP : STEP + round(len(pcm) * by)]


def _best(low: Pcm, powers: Numbers, going_on: int, wanted: int) -> int:
    """Return where near `wanted` the sound is most like what would go on."""
    begin, first, length = going_on // COARSE, (wanted - SEARCH) // COARSE, STEP // COARSE
    reach = low[first : first + 2 * SEARCH // COARSE + length]
    likeness = np.correlate(reach, low[begin : begin + length], "valid")
    ends = powers[first + length : first + length + len(likeness)]
    likeness /= np.sqrt(ends - powers[first : first + len(likeness)] + 1e-6)
    return (first + int(np.argmax(likeness))) * COARSE + going_on % COARSE


def pitch(pcm: Pcm, num: int, den: int) -> Pcm:
    """Return a sound of `num / den` times the pitch, as long as it was; formants move along."""
    moved = resample(stretch(pcm, num / den), num, den)[: len(pcm)]
    return np.pad(moved, (0, len(pcm) - len(moved)))


def revoice(
    pcm: Pcm,
    shifts: Sequence[Shift],
    *,
    formants: float,
    quefrency_ms: float,
    gain: Levels | None = None,
    chance: np.random.Generator,
) -> Pcm:
    """Return speech at other pitches, under the envelopes of its own frames.

    What is left of the frames without their envelopes is shifted, and the envelopes that it has now are
    replaced by the original ones: consonants stay where they were, however far the pitch goes.
    """
    count = frame_count(len(pcm), FRAME, HOP)
    envelopes = np.empty((count, FRAME // 2 + 1), dtype=np.float32)

    def bare(spectra: Spectrum, at: int) -> Spectrum:
        envelopes[at : at + len(spectra)] = own = envelope(spectra, FRAME, quefrency_ms)
        return spectra * np.exp(-own)

    left = by_frames(pcm, FRAME, HOP, bare)
    voices = np.zeros_like(pcm)
    for shift in shifts:
        voice = pitch(left, shift.num, shift.den)
        if shift.wobble:
            voice = bent(voice, swinging(chance, shift.wobble))
        voices += delayed(voice, int(shift.late_ms * MS), shift.gain)

    def dressed(spectra: Spectrum, at: int) -> Spectrum:
        levels = stretched(envelopes[at : at + len(spectra)], formants)
        levels -= envelope(spectra, FRAME, quefrency_ms)
        return spectra * np.exp(levels if gain is None else levels + gain)

    return by_frames(voices, FRAME, HOP, dressed)
