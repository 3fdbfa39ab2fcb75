"""Giant: low and large, in a hall of his own."""

from __future__ import annotations

import numpy as np

from audio.masks.effects import echoed
from audio.masks.frames import curve
from audio.masks.revoice import FRAME, Shift, revoice
from audio.pcm import Pcm

LARGE = curve(FRAME, ((50, 4), (140, 5), (400, 0), (1500, 0), (3000, 2), (8000, 2), (20_000, 0)))


def wear(pcm: Pcm, chance: np.random.Generator) -> Pcm:
    """Return the voice at 2/3 of its pitch; lower costs words."""
    low = revoice(pcm, [Shift(2, 3)], formants=0.85, quefrency_ms=2.2, gain=LARGE, chance=chance)
    return echoed(low, (31, 0.09), (53, 0.06))
