"""Robot: one note, drawn for the clip, and no other."""

from __future__ import annotations

import numpy as np

from audio.masks.effects import MS, echoed
from audio.masks.frames import by_frames, envelope, hann
from audio.pcm import Pcm, Spectrum
from audio.take import SAMPLE_RATE_HZ

NOTES_HZ = (92.0, 104.0, 117.0)
FRAME = 32 * MS
BREATHY_HZ = 5_000.0  # above it consonants are noise, as they are in people
DISPERSED_MS, DISPERSED_HZ = 4.0, 8_000.0  # a pulse is spread, or it clicks
PIPE = (6.1, 0.35)
# What is this far below speech (its mean power in a frame here) is a pause: its buzz fades.
PAUSE_POWER = 0.08**2 * 10 ** (-30 / 10)


def wear(pcm: Pcm, chance: np.random.Generator) -> Pcm:
    """Return the envelopes of the voice, on pulses of one pitch."""
    hop = int(SAMPLE_RATE_HZ / chance.choice(NOTES_HZ))
    hz = np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE_HZ)
    breath = (1 / (1 + (BREATHY_HZ / np.maximum(hz, 1)) ** 6)).astype(np.float32)
    spread = np.pi * DISPERSED_MS / 1000 / DISPERSED_HZ * np.minimum(hz, DISPERSED_HZ) ** 2
    pulse = np.exp(1j * (np.pi * np.arange(len(hz)) - spread)) * (1 - breath) * 2.2
    window = hann(FRAME)
    full = FRAME * float(np.sum(window**2)) / 2  # the sum of powers in a spectrum of mean power 1

    def spoken(spectra: Spectrum, _: int) -> Spectrum:
        power = np.sum(spectra.real**2 + spectra.imag**2, axis=1, keepdims=True) / full
        gate = np.minimum(1, np.sqrt(power / PAUSE_POWER))
        turns = chance.random(spectra.shape, dtype=np.float32) * np.float32(2 * np.pi)
        noise = (np.cos(turns) + 1j * np.sin(turns)) * breath
        made = np.exp(envelope(spectra, FRAME, 2.0)) * gate * (pulse + noise)
        return np.asarray(made, dtype=np.complex64)

    return echoed(by_frames(pcm, FRAME, hop, spoken, window=window), PIPE)
