from __future__ import annotations

import numpy as np
import pytest

from audio.masks import frames
from audio.pcm import Spectrum

NOISE = np.random.default_rng(2).standard_normal(30_000).astype(np.float32)


@pytest.mark.parametrize(("size", "hop"), [(1536, 384), (2048, 1024), (1024, 256)])
@pytest.mark.parametrize("samples", [1, 500, 30_000])
def test_frames_that_are_not_changed_add_up_to_the_sound(size: int, hop: int, samples: int) -> None:
    same = frames.by_frames(NOISE[:samples], size, hop, lambda spectra, _: spectra)
    assert np.abs(same - NOISE[:samples]).max() < 1e-4


def test_frames_come_some_at_a_time_each_once() -> None:
    seen: list[tuple[int, int]] = []

    def note(spectra: Spectrum, at: int) -> Spectrum:
        seen.append((at, len(spectra)))
        return spectra

    frames.by_frames(NOISE, 512, 64, note)

    assert max(count for _, count in seen) <= frames.BLOCK
    assert [at for at, _ in seen] == list(range(0, frames.frame_count(len(NOISE), 512, 64), frames.BLOCK))
    assert sum(count for _, count in seen) == frames.frame_count(len(NOISE), 512, 64)


def test_an_envelope_follows_the_formants_and_not_the_pitch() -> None:
    t = np.arange(1536) / 48_000
    harmonics = [np.sin(2 * np.pi * 150 * k * t) / (1 + ((150 * k - 1200) / 300) ** 2) for k in range(1, 60)]
    spectra = np.fft.rfft(np.sum(harmonics, axis=0) * frames.hann(1536))[None].astype(np.complex64)

    levels = frames.envelope(spectra, 1536, 1.7)[0]

    assert abs(int(np.argmax(levels)) * 31.25 - 1200) < 150
    assert np.abs(np.diff(levels[10:80])).max() < 0.4  # harmonics would stand 3 apart and more


def test_an_envelope_is_moved_as_a_whole() -> None:
    levels = np.zeros((1, 100), dtype=np.float32)
    levels[0, 40] = 1
    assert int(np.argmax(frames.stretched(levels, 1.25)[0])) == 50


def test_a_curve_goes_through_its_points() -> None:
    gain = frames.curve(1536, ((100, -9), (1000, 0), (10_000, 6)))
    assert gain[0] == pytest.approx(-9 / frames.NEPER_DB, abs=0.01)
    assert gain[32] == pytest.approx(0, abs=0.02)
    assert gain[-1] == pytest.approx(6 / frames.NEPER_DB, abs=0.01)
