from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from audio import earcons, loudness
from audio.earcons import Earcon
from audio.take import SAMPLE_RATE_HZ


@pytest.mark.parametrize("name", earcons.NAMES)
def test_a_sound_is_as_loud_as_clips_and_made_for_small_loudspeakers(name: Earcon) -> None:
    sound = earcons.earcon(name)
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ)

    assert loudness.loudness_lufs(sound) == pytest.approx(loudness.TARGET_LUFS, abs=0.5)
    assert loudness.true_peak_dbtp(sound) <= loudness.CEILING_DBTP + 0.1
    assert power[(hz >= 500) & (hz <= 4_000)].sum() > 0.95 * power.sum()


def test_no_two_sounds_are_alike_and_each_is_always_the_same() -> None:
    def colour(name: Earcon) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        bins = np.abs(np.fft.rfft(earcons.earcon(name), 96_000))[:16_000].reshape(-1, 50).sum(axis=1)
        return np.asarray(bins / np.linalg.norm(bins))

    for one, other in combinations(earcons.NAMES, 2):
        assert colour(one) @ colour(other) < 0.9, (one, other)
    assert np.array_equal(earcons.levelled(earcons._applause()), earcons.earcon("applause"))


def test_a_count_in_has_three_beats_of_which_the_last_is_another() -> None:
    counted = earcons.count_in(600)
    beat = SAMPLE_RATE_HZ * 600 // 1000
    heard = [np.abs(counted[at * beat : at * beat + 4_000]).max() for at in range(3)]
    between = [np.abs(counted[at * beat + 10_000 : (at + 1) * beat]).max() for at in range(2)]

    assert min(heard) > 0.1
    assert max(between) < 0.01
    assert len(counted) < 3 * beat
