"""Old radio: a narrow band out of tune, with hiss and crackle."""

from __future__ import annotations

import numpy as np

from audio.masks.effects import band, rms, shifted, speech_level, times
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ

# Tuned right it would be the natural voice in a narrow band (correlation 0.88 to 0.97), and no mask.
MISTUNED_HZ = (60.0, 90.0)
DRIVE = 1.6  # of the level of speech: where it bends
HISS_DB = -30.0
CRACKLES_A_S = 9
CRACKLE = 14.0  # of the hiss
FADING = 0.1, 0.9  # share, Hz


def wear(pcm: Pcm, chance: np.random.Generator) -> Pcm:
    """Return the voice as an old set has it, beside its station."""
    off_hz = chance.choice([-1, 1]) * chance.uniform(*MISTUNED_HZ)
    tuned = band(shifted(band(pcm, 300, 3300, 4), off_hz), 320, 3000, 6)
    level = speech_level(tuned)
    if level == 0:
        return tuned
    bent = np.tanh(tuned / np.float32(level * DRIVE)) * np.float32(level * DRIVE)
    at_s = times(len(pcm))
    share, hz = FADING
    fading = (1 + share * np.sin(2 * np.pi * hz * at_s + 1)).astype(np.float32)
    breath = (1 + 0.5 * np.sin(2 * np.pi * 0.6 * at_s)).astype(np.float32)
    out: Pcm = bent * fading + _hiss(len(pcm), chance) * breath * np.float32(level * 10 ** (HISS_DB / 20))
    return out


def _hiss(samples: int, chance: np.random.Generator) -> Pcm:
    noise = chance.standard_normal(samples, dtype=np.float32)
    crackles = max(1, samples * CRACKLES_A_S // SAMPLE_RATE_HZ)
    noise[chance.integers(0, samples, crackles)] += chance.standard_normal(crackles, np.float32) * CRACKLE
    noise = band(noise, 400, 3000, 3)
    return noise / np.float32(max(rms(noise), 1e-9))
