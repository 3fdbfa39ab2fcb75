"""CPU of each mask on a second of speech, in clips of 5 s and of 30 s.

python -m bench.masks
"""

from __future__ import annotations

import numpy as np

from audio import masks
from audio.pcm import Pcm
from audio.take import MASKS, Mask
from bench.finish import WORDS, cpu_ms, figures_of
from tests.support import speech

LENGTHS_S = (5, 30)


def measure() -> dict[str, float]:
    """Return the figures."""
    return figures_of("masks")


def figures() -> dict[str, float]:
    """Measure in this process."""
    found = {
        f"cpu_ms_a_second_{name}_{seconds}s": _ms_a_second(name, spoken(seconds), seconds)
        for name in MASKS
        for seconds in LENGTHS_S
    }
    return {"cpu_ms_a_second_worst": max(found.values()), **found}


def spoken(seconds: int) -> Pcm:
    """Return so much speech."""
    return np.resize(speech.level(speech.say(WORDS), -22), seconds * speech.RATE_HZ)


def _ms_a_second(name: str, pcm: Pcm, seconds: int) -> float:
    return cpu_ms(lambda: masks.wear(pcm, Mask(name, "bench")), rounds=5)[0] / seconds


if __name__ == "__main__":
    for figure, value in measure().items():
        print(f"{figure:36} {value:8.1f}")
