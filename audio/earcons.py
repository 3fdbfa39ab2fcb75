"""Short sounds that say what happens, for ears that see no page: made here, levelled as clips are.

Their energy lies between 500 and 4000 Hz, where small loudspeakers are, and no two sound alike.
"""

from __future__ import annotations

import functools
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from audio import loudness
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ

Earcon = Literal["tick", "last_tick", "go", "stop", "landed", "refused", "turn", "applause"]
NAMES: tuple[Earcon, ...] = get_args(Earcon)

# Partials of an instrument, each with its amplitude.
Partials = tuple[tuple[float, float], ...]
Tone = NDArray[np.float64]
WOOD: Partials = ((1, 1), (2.76, 0.5), (5.4, 0.25))
BELL: Partials = ((1, 1), (2, 0.45), (3, 0.2))
REED: Partials = ((1, 1), (3, 0.5), (5, 0.3), (7, 0.15))
GLASS: Partials = ((1, 1), (2.01, 0.3))
SINE: Partials = ((1, 1),)
# What is cut off fades over so many samples, or it would click.
EDGE = 240
# Claps a second, and the band in which hands clap.
CLAPS_PER_S = 160
CLAP_HZ = (900, 2_600)
APPLAUSE_MS = 1_600
CLAP, CLAP_TAPS = 900, 120
# The loudness of what is shorter than a block is that of the whole: some air makes short sounds comparable.
AIR = SAMPLE_RATE_HZ // 20
HANDS = 5  # a seed: the same hands clap every time


@functools.cache
def earcon(name: Earcon) -> Pcm:
    """Return a sound at the loudness of clips."""
    return levelled(_SCORES[name]())


def count_in(beat_ms: int) -> Pcm:
    """Return two ticks and the last one, a beat apart: a beat after the last begins is "go"."""
    placed = [
        (at * beat_ms, earcon("last_tick" if at == 2 else "tick").astype(np.float64)) for at in range(3)
    ]
    return _at(*placed).astype(np.float32)


def levelled(sound: Tone | Pcm) -> Pcm:
    """Return a sound at the loudness of clips, measured with some air behind it, and that air."""
    return loudness.level(np.pad(sound, (0, AIR)).astype(np.float32))


def _seconds(ms: int) -> Tone:
    return np.arange(SAMPLE_RATE_HZ * ms // 1000) / SAMPLE_RATE_HZ


def _note(pitch_hz: float | Tone, ms: int, attack_ms: int, decay_ms: int, partials: Partials = SINE) -> Tone:
    """Return a note that swells and dies; its higher partials die sooner. A pitch may be a curve."""
    t = _seconds(ms)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(pitch_hz, t.shape)) / SAMPLE_RATE_HZ
    decay_s, attack_s = decay_ms / 1000, attack_ms / 1000
    voices = [gain * np.sin(k * phase) * np.exp(-(k - 1) * t / decay_s) for k, gain in partials]
    envelope = np.minimum(1, t / attack_s) * np.exp(-np.maximum(0, t - attack_s) / decay_s)
    note = np.sum(voices, axis=0) * envelope
    edge = min(len(t), EDGE)
    note[-edge:] *= np.linspace(1, 0, edge)
    return np.asarray(note, dtype=np.float64)


def _at(*placed: tuple[int, Tone]) -> Tone:
    """Return notes put together, each at its millisecond."""
    starts = [at_ms * SAMPLE_RATE_HZ // 1000 for at_ms, _ in placed]
    whole = np.zeros(max(at + len(note) for at, (_, note) in zip(starts, placed, strict=True)))
    for at, (_, note) in zip(starts, placed, strict=True):
        whole[at : at + len(note)] += note
    return whole


def _bells(*notes: tuple[int, float, int], attack_ms: int = 3, decay_ms: int = 60, last_ms: int) -> Tone:
    """Return bells at their times; the last one rings on."""
    *first, (at_ms, pitch_hz, ms) = notes
    rung = [(at, _note(hz, for_ms, attack_ms, decay_ms, BELL)) for at, hz, for_ms in first]
    return _at(*rung, (at_ms, _note(pitch_hz, ms, attack_ms, last_ms, BELL)))


def _landed() -> Tone:
    """Return a drop: a chirp up, and a bright C7."""
    chirp = np.geomspace(900, 2_600, len(_seconds(90)))
    return _at((0, _note(chirp, 90, 4, 50)), (70, _note(2_093, 170, 2, 60, GLASS)))


def _refused() -> Tone:
    """Return two low notes, a semitone down."""
    return _at((0, _note(587, 95, 4, 200, REED)), (140, _note(554, 190, 4, 200, REED)))


def _applause() -> Tone:
    """Return claps of many hands, that swell and die."""
    random = np.random.default_rng(HANDS)
    samples = len(_seconds(APPLAUSE_MS))
    whole = np.zeros(samples + 2_000)
    t, taps = np.arange(CLAP) / SAMPLE_RATE_HZ, np.arange(CLAP_TAPS) / SAMPLE_RATE_HZ
    for at in random.integers(0, samples, CLAPS_PER_S * APPLAUSE_MS // 1000):
        band_hz, decay_s = random.uniform(*CLAP_HZ), random.uniform(0.003, 0.007)
        burst = random.standard_normal(CLAP) * np.exp(-t / decay_s)
        palm = np.cos(2 * np.pi * band_hz * taps) * np.hanning(CLAP_TAPS)
        clap = np.convolve(burst, palm, "same") * np.minimum(1, t / 0.0005)
        whole[at : at + CLAP] += random.uniform(0.3, 1) * clap
    part = np.arange(samples) / samples
    return np.asarray(whole[:samples] * np.minimum(1, part * 8) * np.minimum(1, (1 - part) * 2.2))


_SCORES = {
    "tick": lambda: _note(1_050, 70, 1, 16, WOOD),
    "last_tick": lambda: _note(1_400, 90, 1, 22, WOOD),
    "go": lambda: _bells((0, 784, 90), (90, 1_175, 90), (180, 1_568, 260), last_ms=110),
    "stop": lambda: _bells((0, 1_245, 110), (110, 740, 300), last_ms=110),
    "landed": _landed,
    "refused": _refused,
    "turn": lambda: _bells((0, 1_319, 140), (150, 1_319, 140), (300, 1_760, 280), decay_ms=90, last_ms=130),
    "applause": _applause,
}
