"""Masks: how a voice sounds to all others. Each is a file of its own, and works on a whole clip at once.

A mask is a pure function of samples and chance, so that finishing again gives the same clip. It keeps the
length of what it is given. Pitch moves, and the envelope that carries the words stays.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import numpy as np

from audio.masks import alien, choir, giant, mouse, radio, robot, underwater, whisper
from audio.masks.effects import speech_level
from audio.pcm import Pcm
from audio.take import MASKS, Mask

# Noise floors and bends are set for speech of this RMS; a clip comes out as loud as it came in.
USUAL_LEVEL = 0.08
NOTHING = 1e-6  # RMS of what is not worth a mask: digital silence
LARGEST = 64.0  # of full scale; what a mask makes of DC stays far below it

WEARABLE: dict[str, Callable[[Pcm, np.random.Generator], Pcm]] = {
    "mouse": mouse.wear,
    "giant": giant.wear,
    "robot": robot.wear,
    "whisper": whisper.wear,
    "radio": radio.wear,
    "underwater": underwater.wear,
    "alien": alien.wear,
    "choir": choir.wear,
}
assert tuple(WEARABLE) == MASKS


def wear(pcm: Pcm, mask: Mask) -> Pcm:
    """Return 48 kHz mono sound through a mask, as long as it was. Raises what a mask does that fails."""
    put_on = WEARABLE[mask.name]
    pcm = np.nan_to_num(pcm, posinf=0.0, neginf=0.0).astype(np.float32, copy=False)
    level = speech_level(pcm)
    if len(pcm) < 2 or level < NOTHING:
        return np.zeros(len(pcm), dtype=np.float32)
    chance = np.random.default_rng(int.from_bytes(sha256(mask.seed.encode()).digest()[:8], "big"))
    masked = put_on(pcm * np.float32(USUAL_LEVEL / level), chance)
    now = speech_level(masked)
    if now < NOTHING:
        return np.zeros(len(pcm), dtype=np.float32)
    if not np.isfinite(masked).all():
        raise FloatingPointError(mask.name)
    return np.asarray(np.clip(masked * np.float32(level / now), -LARGEST, LARGEST), dtype=np.float32)
