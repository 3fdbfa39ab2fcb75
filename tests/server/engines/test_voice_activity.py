"""How much of a sound is a voice."""

from __future__ import annotations

import numpy as np
import pytest

from audio.pcm import resample
from tests.support import programs, spoken

pytest.importorskip("onnxruntime") if not programs.IN_CI else None

from server.engines import voice_activity  # noqa: E402 - where it is installed


def at_16k(pcm: spoken.Pcm) -> spoken.Pcm:
    return resample(pcm, spoken.RATE_HZ, voice_activity.RATE_HZ)


def test_a_sentence_is_a_voice_for_most_of_its_time() -> None:
    sentence = spoken.sentences()[1].pcm
    assert 0.5 < voice_activity.speech_ms(at_16k(sentence)) / (len(sentence) / 48) <= 1.0


def test_silence_noise_and_what_is_no_number_are_none() -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal(16_000).astype(np.float32)
    bad = np.full(16_000, np.nan, np.float32)
    for samples in (np.zeros(0, np.float32), np.zeros(16_000, np.float32), noise, bad, bad * np.inf):
        assert voice_activity.speech_ms(samples) == 0


def test_each_window_has_a_probability() -> None:
    found = voice_activity.probabilities(np.zeros(voice_activity.WINDOW * 3 + 1, np.float32))
    assert len(found) == 5
    assert np.all((found >= 0) & (found <= 1))
