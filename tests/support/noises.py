"""What is no speech and yet sounds: noise, breath, clapping, tones, tunes, laughs, silence, monkeys."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.support import spoken

RATE_HZ = 48_000
LENGTHS_S = (0.3, 0.8, 1.5, 3.0)
# Resonances of a throat that says "ha", "he" and "ho": Hz, and how loud.
VOWELS = {
    "ha": ((750, 1.0), (1250, 0.6), (2600, 0.25)),
    "he": ((500, 1.0), (1800, 0.5), (2500, 0.3)),
    "ho": ((450, 1.0), (800, 0.7), (2500, 0.1)),
}
LAUGHS = ((150, 5.0, "ha"), (260, 5.5, "he"), (120, 4.0, "ho"), (330, 4.6, "ha"))  # Hz, a second, vowel
Pcm = NDArray[np.float32]
Sound = NDArray[np.float64]


def every() -> Iterator[tuple[str, Pcm]]:
    """Yield each sound with its kind, the same ones each time; monkeys where they are unpacked."""
    random = np.random.default_rng(7)
    for seconds in LENGTHS_S:
        for kind, sound in _of_length(seconds, random):
            yield kind, sound.astype(np.float32)
    for seconds in (0.5, 1.0, 1.8, 2.8):
        for hz, rate_hz, vowel in LAUGHS:
            yield "laugh", laugh(seconds, hz, rate_hz, vowel, random).astype(np.float32)
    monkeys = spoken.animals()
    step = round(1.5 * RATE_HZ)
    for at in range(0, len(monkeys) - step, step):
        yield "monkeys", monkeys[at : at + step]


def _of_length(seconds: float, random: np.random.Generator) -> Iterator[tuple[str, Sound]]:
    n = round(seconds * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    yield "noise", pink(n, random)
    yield "noise", 0.1 * random.standard_normal(n)
    yield "breath", pink(n, random) * np.sin(np.pi * np.arange(n) / n) ** 2
    claps = np.zeros(n)
    at = random.integers(0, n, int(seconds * 120))
    claps[at] = random.standard_normal(len(at))
    clap = np.exp(-np.arange(600) / 90) * random.standard_normal(600)
    yield "clapping", 0.3 * np.convolve(claps, clap, "same")
    clicks = np.zeros(n)
    clicks[:: RATE_HZ // 4] = 1
    yield "clicks", np.convolve(clicks, np.exp(-np.arange(200) / 20) * np.cos(np.arange(200) * 0.4), "same")
    yield "silence", np.zeros(n)
    yield "silence", 0.002 * pink(n, random)
    yield "silence", 0.01 * np.sin(2 * np.pi * 50 * t) + 0.003 * pink(n, random)
    ends = np.minimum(1, np.arange(n)[::-1] / 2400) * np.minimum(1, np.arange(n) / 480)
    for hz in (220, 440, 1000):
        yield "tone", 0.3 * np.sin(2 * np.pi * hz * t) * ends
    chord = [np.sin(2 * np.pi * hz * k * t) / k for hz in (262, 330, 392) for k in (1, 2, 3)]
    yield "chord", 0.1 * np.sum(chord, axis=0) * np.exp(-2 * t)
    note = np.arange(RATE_HZ // 5)
    notes = random.choice([262, 294, 330, 392, 440, 523], 20)
    tune = [np.sin(2 * np.pi * hz * note / RATE_HZ) * np.exp(-note / 4000) for hz in notes]
    yield "tune", 0.3 * np.concatenate(tune)[:n]


def pink(n: int, random: np.random.Generator) -> Sound:
    """Return noise that falls by 3 dB an octave."""
    spectrum = np.fft.rfft(random.standard_normal(n))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    noise = np.fft.irfft(spectrum, n)
    return np.asarray(0.5 * noise / np.abs(noise).max())


def laugh(seconds: float, hz: float, rate_hz: float, vowel: str, random: np.random.Generator) -> Sound:
    """Return voiced bursts with breath between them."""
    n = round(seconds * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    phase = (t * rate_hz) % 1
    pitch_hz = hz * (1 + 0.25 * np.exp(-3 * phase)) * (1 - 0.12 * t / seconds)
    buzz = ((np.cumsum(pitch_hz) / RATE_HZ) % 1 - 0.5) * np.exp(-(((phase - 0.25) / 0.16) ** 2))
    breath = 0.15 * random.standard_normal(n) * np.exp(-(((phase - 0.65) / 0.15) ** 2))
    spectrum, at_hz = np.fft.rfft(buzz + breath), np.fft.rfftfreq(n, 1 / RATE_HZ)
    throat = sum(gain / (1 + ((at_hz - peak) / 90) ** 2) for peak, gain in VOWELS[vowel])
    return np.asarray(np.fft.irfft(spectrum * throat, n) * np.minimum(1, (seconds - t) * 4))
