"""Underwater: dark, wobbling, with bubbles."""

from __future__ import annotations

import numpy as np

from audio.masks.effects import bent, echoed, speech_level, swinging
from audio.masks.frames import by_frames
from audio.masks.revoice import pitch
from audio.pcm import Pcm, Spectrum
from audio.take import SAMPLE_RATE_HZ

FRAME, HOP = 2048, 1024
DARK_HZ, SWAY_OCTAVES, SWAY_HZ = 650.0, 0.45, 0.7
SLOPE = 2.0  # 12 dB an octave
LEFT = 10 ** (-42 / 20)  # of what is above: it keeps the words
BASIN = ((17, 0.21), (29, -0.17), (41, 0.13), (67, -0.09))
BUBBLE_S = (0.03, 0.08)
BUBBLE_HZ = (350.0, 700.0)


def wear(pcm: Pcm, chance: np.random.Generator) -> Pcm:
    """Return the voice through water."""
    low = bent(pitch(pcm, 9, 10), swinging(chance, (4.3, 0.45), (1.1, 1.0)))
    hz = np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE_HZ).astype(np.float32)
    begin = chance.uniform(0, 2 * np.pi)

    def darkened(spectra: Spectrum, at: int) -> Spectrum:
        at_s = np.arange(at, at + len(spectra)) * (HOP / SAMPLE_RATE_HZ)
        cut_hz = DARK_HZ * 2 ** (SWAY_OCTAVES * np.sin(2 * np.pi * SWAY_HZ * at_s + begin))
        gain = 1 / np.sqrt(1 + (hz / cut_hz[:, None]) ** (2 * SLOPE)) + LEFT
        return np.asarray(spectra * gain, dtype=np.complex64)

    wet = echoed(by_frames(low, FRAME, HOP, darkened), *BASIN)
    return wet + _bubbles(len(pcm), speech_level(wet), chance)


def _bubbles(samples: int, level: float, chance: np.random.Generator) -> Pcm:
    out = np.zeros(samples, dtype=np.float32)
    at = 0
    while at < samples:
        length = int(SAMPLE_RATE_HZ * chance.uniform(*BUBBLE_S))
        along = np.arange(length) / length
        hz = chance.uniform(*BUBBLE_HZ) * (1 + 0.9 * along**2)  # it rises as it shrinks
        shape = np.sin(np.pi * along) ** 1.5 * np.exp(-2 * along) * level * chance.uniform(0.25, 0.6)
        bubble = (np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ) * shape).astype(np.float32)
        out[at : at + length] += bubble[: samples - at]
        rest_s = chance.uniform(0.05, 0.12) if chance.random() < 0.5 else chance.uniform(0.25, 0.7)
        at += length + int(SAMPLE_RATE_HZ * rest_s)
    return out
