from __future__ import annotations

import numpy as np
import pytest

from audio import loudness
from audio.take import SAMPLE_RATE_HZ
from server.engines import speech
from server.engines.speech import cleaned, estimated_ms, finished
from server.engines.worker import EngineFailed


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("A cuckoo clock is like … five times!", "A cuckoo clock is like. five times!"),
        ("Begin with: “rusty”", "Begin with: rusty"),
        ("„Oma“ hat {theme}", "Oma hat theme"),
        ("It’s\nmine\0", "It's mine"),
        ("🙃", "🙃"),
        ("", ""),
    ],
)
def test_a_text_is_read_out_without_what_is_no_word(text: str, read: str) -> None:
    assert cleaned(text) == read


def test_a_text_has_a_longest_length() -> None:
    assert len(cleaned("word " * 1_000)) <= speech.TEXT_CHARACTERS


def test_an_estimate_grows_with_the_text() -> None:
    assert 300 < estimated_ms("Go.", "en") < estimated_ms("Go, and say a word.", "en") < 4_000
    assert estimated_ms("Geh, und sag ein Wort.", "de") > 1_000
    assert estimated_ms("6 words, not 1!", "en") >= estimated_ms("six words, not one!", "en")


def test_what_an_engine_says_is_levelled_and_has_no_air_around_it() -> None:
    tone = np.sin(np.arange(22_050) * 0.2).astype(np.float32) * np.float32(0.05)
    air = np.zeros(11_025, dtype=np.float32)

    sound = finished(np.concatenate([air, tone, air]), 22_050)

    assert len(sound) == pytest.approx(SAMPLE_RATE_HZ, rel=0.02)
    assert loudness.loudness_lufs(sound) == pytest.approx(loudness.TARGET_LUFS, abs=0.5)


@pytest.mark.parametrize(
    ("samples", "rate_hz"),
    [
        (np.zeros(0), 22_050),
        (np.zeros(10_000), 22_050),
        (np.full(10_000, np.nan), 22_050),
        (np.ones(10_000), 7),
        (np.ones(30), 22_050),
        (np.ones(22_050 * 21), 22_050),
    ],
)
def test_what_is_no_speech_is_the_engines_fault(
    samples: np.ndarray[tuple[int], np.dtype[np.float64]], rate_hz: int
) -> None:
    with pytest.raises(EngineFailed):
        finished(samples.astype(np.float32), rate_hz)
