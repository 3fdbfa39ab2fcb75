"""Clicks go and cut peaks come back; what was recorded well is not touched."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from audio import repair
from audio.pcm import Pcm
from tests.support import noises, speech, spoken


@pytest.fixture(scope="module")
def words() -> Pcm:
    return speech.level(spoken.sentences()[1].pcm, -22)


def error_db(sound: Pcm, made: Pcm) -> float:
    return float(10 * np.log10(max(np.sum((made - sound) ** 2), 1e-12) / np.sum(sound**2)))


def clicked(sound: Pcm, height: float = 0.9) -> Pcm:
    made = sound.copy()
    made[np.random.default_rng(1).integers(4_800, len(sound) - 4_800, 12)] += height
    return made


@pytest.mark.parametrize("height", [0.3, 0.9, -0.9])
def test_clicks_go(words: Pcm, height: float) -> None:
    spoiled = clicked(words, height)

    assert error_db(words, repair.unclicked(spoiled)) < error_db(words, spoiled) - 6


@pytest.mark.parametrize("times", [2.0, 4.0, 10.0])
def test_peaks_that_were_cut_come_back_nearly(words: Pcm, times: float) -> None:
    loud = words * np.float32(times / np.abs(words).max())
    cut = np.clip(loud, -1, 1)

    made = repair.unclipped(cut)

    assert error_db(loud, made) < error_db(loud, cut) - 2
    assert np.abs(made).max() <= repair.HIGHEST_RETURN


def test_what_was_recorded_well_is_not_touched(words: Pcm) -> None:
    assert repair.mended(words) is words


def test_what_a_voice_does_is_not_touched() -> None:
    for kind, sound in noises.every():
        made = repair.mended(sound)
        assert kind == "clicks" or np.sum((made - sound) ** 2) <= 1e-4 * np.sum(sound**2), kind


BAD: dict[str, Callable[[int], Pcm]] = {
    "nothing": lambda n: np.zeros(0, np.float32),
    "a sample": lambda n: np.ones(1, np.float32),
    "two": lambda n: np.array([1, -1], np.float32),
    "silence": lambda n: np.zeros(n, np.float32),
    "full scale": lambda n: np.ones(n, np.float32),
    "square wave": lambda n: np.sign(np.sin(np.arange(n) / 20)).astype(np.float32),
    "every second sample": lambda n: np.tile(np.array([1, -1], np.float32), n // 2),
    "noise": lambda n: np.random.default_rng(2).standard_normal(n).astype(np.float32),
}


@pytest.mark.parametrize("bad", list(BAD))
def test_what_is_no_speech_stays_finite_and_in_bounds(bad: str) -> None:
    sound = BAD[bad](48_000)

    made = repair.mended(sound)

    assert made.shape == sound.shape
    assert np.isfinite(made).all()
    assert np.abs(made).max(initial=0.0) <= repair.HIGHEST_RETURN * np.abs(sound).max(initial=0.0)
