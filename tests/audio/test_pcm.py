from __future__ import annotations

import numpy as np
import pytest

from audio import pcm
from audio.pcm import Pcm


def tone(hz: float, seconds: float = 1.0, rate_hz: int = 48_000) -> Pcm:
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz).astype(np.float32)


def rms_db(sound: Pcm) -> float:
    return pcm.decibels(float(np.mean(sound**2)))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_a_tone_and_its_length(rate_hz: int) -> None:
    there = pcm.resample(tone(440), 48_000, rate_hz)
    back = pcm.resample(there, rate_hz, 48_000)

    assert len(there) == rate_hz
    middle = slice(4_800, 43_200)
    assert np.corrcoef(back[middle], tone(440)[middle])[0, 1] > 0.999
    assert rms_db(there) == pytest.approx(rms_db(tone(440)), abs=0.2)


def test_resampling_nothing_gives_nothing() -> None:
    assert len(pcm.resample(np.zeros(0, dtype=np.float32), 44_100, 48_000)) == 0


def test_resampling_down_leaves_out_what_the_lower_rate_cannot_hold() -> None:
    assert rms_db(pcm.resample(tone(6_000), 48_000, 8_000)[800:-800]) < -50


@pytest.mark.parametrize(("hz", "least", "most"), [(20, -30, -20), (80, -6.5, -5.5), (300, -3.2, -2.9)])
def test_the_high_pass_is_3_db_down_at_its_corner_and_12_db_an_octave_below(
    hz: float, least: float, most: float
) -> None:
    level = rms_db(pcm.high_pass(tone(hz), 80.0)[9_600:])  # a full tone has -3 dB

    assert least - 3 <= level <= most


def test_the_high_pass_takes_a_constant_offset_away() -> None:
    offset = pcm.high_pass(np.full(48_000, 0.5, dtype=np.float32), 80.0)

    assert np.abs(offset[4_800:]).max() < 1e-4


@pytest.mark.parametrize("samples", [0, 1, 100, 5_791, 5_792, 5_793, 48_000])
def test_the_high_pass_keeps_any_length(samples: int) -> None:
    assert len(pcm.high_pass(np.zeros(samples, dtype=np.float32), 80.0)) == samples


def test_fast_lengths_are_reached_by_twos_and_one_three() -> None:
    for samples in range(1, 400):
        length = pcm.fast_length(samples, 5)
        assert length >= samples
        assert length % 5 == 0
        assert length <= max(10, 1.5 * (samples + 5))


def test_faded_edges_begin_and_end_at_nothing() -> None:
    faded = pcm.fade_edges(np.ones(1_000, dtype=np.float32), 240)

    assert faded[0] < 0.001
    assert faded[-1] < 0.001
    assert (faded[240:-240] == 1).all()


def test_peaks_follow_the_sound() -> None:
    shape = pcm.peaks(np.concatenate([tone(440) * 0.1, tone(440)]))

    assert len(shape) == 64
    assert max(shape) == 100
    assert all(10 <= low <= 25 for low in shape[:32])


@pytest.mark.parametrize("samples", [0, 1, 10, 63, 64, 65])
def test_peaks_are_64_whatever_the_length(samples: int) -> None:
    shape = pcm.peaks(np.ones(samples, dtype=np.float32))

    assert len(shape) == 64
    assert all(0 <= value <= 100 for value in shape)


def sides(left: Pcm, right: Pcm) -> Pcm:
    return np.stack([left, right], axis=1)


def test_two_sides_are_mixed_half_and_half() -> None:
    left, right = tone(440), tone(1_000)

    assert np.allclose(pcm.mixed(sides(left, right)), (left + right) / 2)
    assert np.allclose(pcm.mixed(sides(left, left)), left)
    assert np.allclose(pcm.mixed(sides(left, left * 0)), left / 2)


@pytest.mark.parametrize("share", [-1.0, -0.7, -0.5, -1.5])
def test_of_sides_that_cancel_the_louder_is_taken(share: float) -> None:
    left = tone(440)
    right = left * np.float32(share)

    assert np.array_equal(pcm.mixed(sides(left, right)), left if share > -1.1 else right)


def test_sides_that_cancel_in_a_part_of_the_sound_lose_nothing_there() -> None:
    left = tone(440)
    right = np.concatenate([left[:36_000], -left[36_000:]])

    assert np.array_equal(pcm.mixed(sides(left, right)), left)


def test_what_hums_alike_in_both_of_two_opposite_sides_does_not_hide_them() -> None:
    left, hum = tone(440), tone(120) * np.float32(0.5)

    mixed = pcm.mixed(sides(left + hum, hum - left))

    assert abs(np.corrcoef(mixed, left)[0, 1]) > 0.8


@pytest.mark.parametrize("seed", range(20))
def test_sides_that_have_nothing_in_common_are_mixed(seed: int) -> None:
    chance = np.random.default_rng(seed)
    noise = chance.standard_normal((48_000, 2)).astype(np.float32)

    assert np.allclose(pcm.mixed(noise), noise.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, np.nan, 3e38])
def test_sides_with_numbers_that_are_no_sound_are_mixed_in_silence(wrong: float) -> None:
    broken = np.full((100, 2), wrong, dtype=np.float32)

    assert pcm.mixed(broken).shape == (100,)
    assert pcm.mixed(broken[:0]).shape == (0,)
