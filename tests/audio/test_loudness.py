from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from audio import loudness, pcm
from audio.pcm import Pcm
from tests.support import speech

SENTENCE = "Hello there, this is a test of speech, spoken aloud into a microphone by someone"


def by_libav(sound: Pcm) -> tuple[float, float]:
    """Return (LUFS, dBTP) as libav's ebur128 filter measures them."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=48_000, format="flt", layout="mono", time_base=Fraction(1, 48_000))
    meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None]), format="flt", layout="mono")
    frame.sample_rate, frame.pts = 48_000, 0
    source.push(frame)
    source.push(None)
    lufs, highest = -70.0, 1e-6
    while True:
        try:
            told = sink.pull().metadata
        except (av.BlockingIOError, av.EOFError):
            return lufs, 20 * float(np.log10(highest))
        lufs = float(told.get("lavfi.r128.I", lufs))
        highest = max(highest, float(told.get("lavfi.r128.true_peaks_ch0", 0)))


def sine(hz: float, seconds: float, amplitude: float, phase: float = 0.0) -> Pcm:
    t = np.arange(round(seconds * 48_000)) / 48_000
    return (amplitude * np.sin(2 * np.pi * hz * t + phase)).astype(np.float32)


def beats() -> Pcm:
    """Eight hard strokes, nothing between: as far from a steady sound as a mouth gets."""
    sound, chance = speech.silence(2), np.random.default_rng(3)
    for at in range(300, 88_000, 11_000):
        sound[at : at + 6_000] += chance.standard_normal(6_000) * np.exp(-np.arange(6_000) / 900) / 3
    return sound


def sounds() -> dict[str, Pcm]:
    spoken = speech.say(SENTENCE)
    return {
        "speech": spoken,
        "quiet then loud": np.concatenate([speech.level(spoken, -45), speech.level(spoken, -20)]),
        "speech with pauses": np.concatenate([spoken, speech.silence(3), spoken]),
        "room": speech.room_noise(3, -30, 1),
        "white": speech.white_noise(2, -20, 2),
        "tone": sine(997, 2, 0.5),
        "beats": beats(),
    }


@pytest.mark.parametrize("name", list(sounds()))
def test_loudness_and_true_peak_agree_with_libav(name: str) -> None:
    sound = sounds()[name]
    lufs, dbtp = by_libav(sound)

    assert loudness.loudness_lufs(sound) == pytest.approx(lufs, abs=0.2)
    assert loudness.true_peak_dbtp(sound) == pytest.approx(dbtp, abs=0.2)


def test_a_full_scale_tone_has_the_loudness_of_the_standard() -> None:
    assert loudness.loudness_lufs(sine(997, 2, 1.0)) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.25, 0.399])
def test_clips_shorter_than_a_gating_block_are_measured_whole(seconds: float) -> None:
    assert loudness.loudness_lufs(sine(997, seconds, 1.0)) == pytest.approx(-3.0, abs=0.4)


@pytest.mark.parametrize("samples", [0, 1, 48_000])
def test_silence_has_the_least_loudness(samples: int) -> None:
    silent = np.zeros(samples, dtype=np.float32)

    assert loudness.loudness_lufs(silent) == loudness.QUIETEST_LUFS
    assert loudness.true_peak_dbtp(silent) == -120
    assert not loudness.level(silent).any()


def test_a_peak_between_samples_is_found() -> None:
    between = sine(12_000, 0.5, 1.0, np.pi / 4)  # every sample at 0.707

    assert np.abs(between).max() < 0.71
    assert loudness.true_peak_dbtp(between[1_000:-1_000]) == pytest.approx(0.0, abs=0.3)


def test_two_takes_20_db_apart_come_out_alike() -> None:
    loud, quiet = (loudness.level(speech.level(speech.say(SENTENCE), db)) for db in (-18, -38))

    assert loudness.loudness_lufs(loud) == pytest.approx(loudness.loudness_lufs(quiet), abs=0.1)


@pytest.mark.parametrize("name", list(sounds()))
@pytest.mark.parametrize("gain_db", [-30, 0, 20])
def test_any_sound_reaches_the_target_under_the_ceiling(name: str, gain_db: float) -> None:
    levelled = loudness.level(sounds()[name] * np.float32(10 ** (gain_db / 20)))
    lufs, dbtp = by_libav(levelled)

    assert lufs == pytest.approx(loudness.TARGET_LUFS, abs=1.0)
    assert dbtp <= loudness.CEILING_DBTP + 0.2
    assert loudness.true_peak_dbtp(levelled) <= loudness.CEILING_DBTP + 0.05


def test_limiting_keeps_the_shape_of_words() -> None:
    spoken = pcm.high_pass(speech.say(SENTENCE), 80.0)
    levelled = loudness.level(spoken)

    assert loudness.true_peak_dbtp(spoken) - loudness.loudness_lufs(spoken) > 16  # it must be limited
    assert speech.envelope_correlation(spoken, levelled)[0] > 0.97


def test_what_is_low_enough_is_only_scaled() -> None:
    tone = sine(440, 1, 0.01)
    levelled = loudness.level(tone)

    assert np.allclose(levelled / levelled.max(), tone / tone.max(), atol=1e-5)
