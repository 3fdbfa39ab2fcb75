from __future__ import annotations

import numpy as np
import pytest

from audio.masks import effects
from audio.pcm import Pcm


def tone(hz: float, seconds: float = 1.0) -> Pcm:
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * 48_000)) / 48_000).astype(np.float32)


def highest_hz(pcm: Pcm) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))) * 48_000 / len(pcm))


@pytest.mark.parametrize("by_hz", [75.0, -30.0])
def test_a_shift_moves_all_tones_by_as_many_hz(by_hz: float) -> None:
    for hz in (400.0, 2_000.0):
        moved = effects.shifted(tone(hz, 1.5), by_hz)
        assert highest_hz(moved) == pytest.approx(hz + by_hz, abs=1)
        assert effects.rms(moved) == pytest.approx(effects.rms(tone(hz)), rel=0.02)


def test_a_band_keeps_what_is_in_it_and_nothing_else() -> None:
    assert effects.rms(effects.band(tone(1_000), 300, 3_000, 4)) == pytest.approx(0.707, abs=0.02)
    assert effects.rms(effects.band(tone(60), 300, 3_000, 4)) < 0.01
    assert effects.rms(effects.band(tone(12_000), 300, 3_000, 4)) < 0.01


def test_a_sound_is_late_and_ends_where_it_ended() -> None:
    click = np.eye(1, 100, 10, dtype=np.float32)[0]
    assert np.flatnonzero(effects.delayed(click, 30, 0.5)).tolist() == [40]
    assert not effects.delayed(click, 200).any()
    assert np.flatnonzero(effects.echoed(np.tile(click, 10), (1, 0.5)))[:2].tolist() == [10, 58]


def test_a_bent_sound_is_read_elsewhere_also_far_from_its_beginning() -> None:
    ramp = np.arange(150_000, dtype=np.float32)
    late = effects.bent(ramp, lambda at_s: np.full(len(at_s), -0.5))
    assert late[0] == 0
    assert np.allclose(np.diff(late[1:]), 1, atol=0.02)
    assert late[140_000] == pytest.approx(139_999.5)


def test_a_pause_does_not_count_for_the_level_of_speech() -> None:
    with_pause = np.concatenate([tone(300), np.zeros(96_000, dtype=np.float32)])
    assert effects.speech_level(with_pause) == pytest.approx(0.707, abs=0.01)
    assert effects.speech_level(np.full(3, 0.5, dtype=np.float32)) == pytest.approx(0.5)
    assert effects.speech_level(np.zeros(0, dtype=np.float32)) == 0
