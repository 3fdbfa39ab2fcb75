"""Mouse: high and small."""

from __future__ import annotations

import numpy as np

from audio.masks.frames import curve
from audio.masks.revoice import FRAME, Shift, revoice
from audio.pcm import Pcm

SMALL = curve(FRAME, ((100, -9), (350, 0), (4000, 0), (6000, 3), (9000, 2), (20_000, -3)))


def wear(pcm: Pcm, chance: np.random.Generator) -> Pcm:
    """Return the voice 8/5 as high, of a throat a sixth shorter."""
    return revoice(pcm, [Shift(8, 5)], formants=1.18, quefrency_ms=1.7, gain=SMALL, chance=chance)
