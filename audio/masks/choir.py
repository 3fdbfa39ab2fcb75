"""Choir: five of one voice, in a church."""

from __future__ import annotations

import numpy as np

from audio.masks.effects import echoed
from audio.masks.revoice import Shift, revoice
from audio.pcm import Pcm

VOICES = ((4, 5, 1.0, 0), (9, 10, 1.0, 11), (9, 8, 0.9, 5), (5, 4, 0.7, 15), (8, 5, 0.35, 8))  # ..., gain, ms
DRAWN_MS = 4.0
CHURCH = ((37, 0.11), (59, 0.09), (83, 0.07), (127, 0.04))


def wear(pcm: Pcm, chance: np.random.Generator) -> Pcm:
    """Return five voices above and below the own one, which is not among them."""
    shifts = [
        Shift(num, den, gain, late_ms + chance.uniform(0, DRAWN_MS), (chance.uniform(4, 6), 0.25))
        for num, den, gain, late_ms in VOICES
    ]
    return echoed(revoice(pcm, shifts, formants=1.06, quefrency_ms=1.6, chance=chance), *CHURCH)
