"""Whisper: breath alone, shaped as the voice was."""

from __future__ import annotations

import numpy as np

from audio.masks.frames import by_frames, curve, envelope, frame_count
from audio.pcm import Pcm, Spectrum

FRAME, HOP = 1024, 256
AIRY = ((80, -30), (300, -14), (700, -5), (1500, 0), (4000, 4), (8000, 4), (16_000, 0), (20_000, -6))


def wear(pcm: Pcm, chance: np.random.Generator) -> Pcm:
    """Return noise under the envelopes of the voice."""
    gain = curve(FRAME, AIRY)
    shapes = np.empty((frame_count(len(pcm), FRAME, HOP), FRAME // 2 + 1), dtype=np.float32)

    def shape(spectra: Spectrum, at: int) -> Spectrum:
        shapes[at : at + len(spectra)] = np.exp(envelope(spectra, FRAME, 2.5) + gain)
        return spectra

    def breathed(spectra: Spectrum, at: int) -> Spectrum:
        return spectra * shapes[at : at + len(spectra)]

    by_frames(pcm, FRAME, HOP, shape)
    noise = chance.standard_normal(len(pcm), dtype=np.float32) / np.float32(np.sqrt(FRAME / 2))
    return by_frames(noise, FRAME, HOP, breathed)
