"""Steady noise is turned down, the voice is nearer to itself than before, nothing else happens."""

from __future__ import annotations

import numpy as np
import pytest

from audio import noise_reduction
from audio.pcm import Pcm, high_pass
from tests.support import speech


@pytest.fixture(scope="module")
def words() -> Pcm:
    return high_pass(
        np.pad(speech.level(speech.say("the wombat rides a bicycle"), -22), (48_000, 24_000)), 80.0
    )


def fan(samples: int, level_db: float) -> Pcm:
    """Return the noise of a fan: less above 200 Hz."""
    spectrum = np.fft.rfft(np.random.default_rng(4).standard_normal(samples))
    noise = np.fft.irfft(spectrum / np.sqrt(1 + (np.fft.rfftfreq(samples, 1 / 48_000) / 200) ** 2), samples)
    return high_pass(speech.level(noise.astype(np.float32), level_db), 80.0)


def clear_db(words: Pcm, heard: Pcm) -> float:
    """Return how far the words are above all else (scale left out)."""
    part = np.dot(heard, words) / np.dot(words, words) * words
    return float(10 * np.log10(np.sum(part**2) / np.sum((heard - part) ** 2)))


@pytest.mark.parametrize("level_db", [-27, -32])
def test_a_voice_in_noise_is_clearer_and_pauses_are_quieter(words: Pcm, level_db: float) -> None:
    noisy = words + fan(len(words), level_db)

    made = noise_reduction.reduced(noisy)

    assert clear_db(words, made) > clear_db(words, noisy) + 2
    pause = slice(9_600, 43_200)
    quieter_db = 10 * np.log10(np.mean(made[pause] ** 2) / np.mean(noisy[pause] ** 2))
    assert quieter_db == pytest.approx(-noise_reduction.DEEPEST_DB, abs=2)


def test_a_clear_voice_stays_as_it_is(words: Pcm) -> None:
    quiet = words + speech.room_noise(len(words) / 48_000 + 1, -75, 1)[: len(words)]

    assert clear_db(words, noise_reduction.reduced(quiet)) > 30


@pytest.mark.parametrize("samples", [0, 1, 479, 480, 961, 10_000, 480 * 520])
def test_it_is_as_long_as_it_was_and_never_louder(samples: int) -> None:
    sound = fan(max(samples, 2), -20)[:samples]

    made = noise_reduction.reduced(sound)

    assert len(made) == samples
    assert np.isfinite(made).all()
    assert np.sum(made**2) <= np.sum(sound**2) * 1.01


def test_silence_stays_silence() -> None:
    silence = np.zeros(48_000, np.float32)

    assert noise_reduction.reduced(silence) is silence


def test_parts_of_a_long_sound_join_without_a_seam(monkeypatch: pytest.MonkeyPatch, words: Pcm) -> None:
    noisy = words + fan(len(words), -32)
    whole = noise_reduction.reduced(noisy)
    monkeypatch.setattr(noise_reduction, "CHUNK", 37)

    assert np.allclose(noise_reduction.reduced(noisy), whole, atol=1e-4)
