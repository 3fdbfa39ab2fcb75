from __future__ import annotations

import numpy as np
import pytest

from audio.masks.revoice import Shift, pitch, revoice, stretch
from audio.pcm import Pcm
from tests.support import speech


def buzz(hz: float, seconds: float = 1.0) -> Pcm:
    """Return a voice that says one vowel: harmonics under two formants."""
    t = np.arange(round(seconds * 48_000)) / 48_000
    weights = {k: sum(1 / (1 + ((k * hz - at) / 120) ** 2) for at in (700, 1200)) for k in range(1, 40)}
    harmonics = [w * np.sin(2 * np.pi * k * hz * t) for k, w in weights.items()]
    return np.asarray(0.05 * np.sum(harmonics, axis=0), dtype=np.float32)


def pitch_hz(pcm: Pcm) -> float:
    """Return the pitch by the first high peak of the autocorrelation."""
    middle = pcm[12_000:36_000]
    likeness = np.fft.irfft(np.abs(np.fft.rfft(middle, 2 * len(middle))) ** 2)[:600]
    first = 100 + int(np.argmax(likeness[100:]))
    return 48_000 / first


@pytest.mark.parametrize("by", [0.6, 1.0, 1.5])
def test_a_stretched_voice_has_its_pitch_and_another_length(by: float) -> None:
    long = stretch(buzz(150), by)
    assert len(long) == round(48_000 * by)
    assert pitch_hz(np.resize(long, 48_000)) == pytest.approx(150, rel=0.02)


@pytest.mark.parametrize(("num", "den"), [(3, 2), (2, 3), (1, 1)])
def test_another_pitch_takes_as_long(num: int, den: int) -> None:
    moved = pitch(buzz(150), num, den)
    assert len(moved) == 48_000
    assert pitch_hz(moved) == pytest.approx(150 * num / den, rel=0.02)


def test_a_revoiced_voice_has_another_pitch_under_its_own_envelope() -> None:
    chance = np.random.default_rng(1)
    natural = buzz(150)
    other = revoice(natural, [Shift(8, 5)], formants=1.0, quefrency_ms=1.7, chance=chance)

    assert pitch_hz(other) == pytest.approx(240, rel=0.02)
    power, hz = np.abs(np.fft.rfft(other)) ** 2, np.fft.rfftfreq(len(other), 1 / 48_000)
    assert power[(hz > 500) & (hz < 1_450)].sum() > 0.8 * power.sum()


def test_what_is_said_stays_where_it_was() -> None:
    said = speech.level(speech.say("Hello there, this is a test"), -25)
    low = revoice(said, [Shift(2, 3)], formants=1.0, quefrency_ms=2.2, chance=np.random.default_rng(1))
    correlation, shift_ms = speech.envelope_correlation(said, low)
    assert correlation > 0.85
    assert abs(shift_ms) <= 20
