"""Hum goes, whatever its pitch; speech, notes and silence stay to the last sample."""

from __future__ import annotations

import numpy as np
import pytest

from audio import hum
from audio.pcm import Pcm, high_pass
from tests.support import noises, speech, spoken


def mains(samples: int, hz: float, height: float) -> Pcm:
    """Return hum whose pitch strays as that of the mains does."""
    t = np.arange(samples) / 48_000
    turns = hz * t + 0.01 * np.sin(2 * np.pi * 0.1 * t)
    return np.asarray(
        height * sum(np.sin(2 * np.pi * turns * k + k) / k for k in (1, 2, 3, 5, 9)), np.float32
    )


@pytest.fixture(scope="module")
def take() -> Pcm:
    """Return a sentence with a second of its room before it."""
    words = np.pad(speech.level(spoken.sentences()[1].pcm, -22), (48_000, 24_000))
    return high_pass(words + speech.room_noise(len(words) / 48_000 + 1, -60, 1)[: len(words)], 80.0)


@pytest.mark.parametrize("hz", [49.9, 50.0, 50.03, 60.0])
@pytest.mark.parametrize("height", [0.01, 0.1])
def test_hum_goes_and_the_voice_stays(take: Pcm, hz: float, height: float) -> None:
    hummed = take + high_pass(mains(len(take), hz, height), 80.0)

    left = hum.without_hum(hummed) - take

    assert np.mean(left**2) < 0.1 * np.mean((hummed - take) ** 2)  # 10 dB; 12 to 24 on recorded people


def test_a_voice_without_hum_is_not_touched(take: Pcm) -> None:
    assert hum.without_hum(take) is take


@pytest.mark.parametrize("hz", [100, 150, 300, 440])
def test_a_note_is_not_hum(hz: int) -> None:
    t = np.arange(3 * 48_000) / 48_000
    note = (0.3 * np.sin(2 * np.pi * hz * t)).astype(np.float32)

    assert hum.without_hum(note) is note


def test_what_has_no_pause_and_what_is_nothing_stays() -> None:
    for sound in (np.zeros(96_000, np.float32), np.zeros(0, np.float32), np.ones(100, np.float32)):
        assert hum.without_hum(sound) is sound


def test_other_noises_keep_all_they_have() -> None:
    for kind, sound in noises.every():
        made = hum.without_hum(sound)
        assert np.mean((made - sound) ** 2) <= 2e-3 * np.mean(sound**2) + 1e-12 or kind == "silence"
