from __future__ import annotations

import numpy as np
import pytest

from audio import onset, opus
from audio.pcm import Pcm
from audio.take import Packet
from tests.support import speech

WORDS = (
    ("Hello there, how are you", "en-us"),
    ("Banana", "en-us"),
    ("seven funny fish", "en-gb"),
    ("what a wonderful day", "en-us+f3"),
    ("Apfelkuchen mit Sahne", "de"),
    ("open the door", "en-gb+m3"),
)
TOLERANCE_MS = 40


def bounds(spoken: Pcm) -> tuple[int, int]:
    """Return where espeak-ng's sound begins and ends: what lies within 35 dB of its peak."""
    loud = np.flatnonzero(np.abs(spoken) > np.abs(spoken).max() * 10 ** (-35 / 20))
    return int(loud[0]), int(loud[-1])


def hum(seconds: float, level_db: float, seed: int) -> Pcm:
    t = np.arange(round(seconds * 48_000)) / 48_000
    parts = [np.sin(2 * np.pi * 50 * k * t + k * seed) / k for k in range(1, 9)]
    return speech.level(np.sum(parts, axis=0).astype(np.float32), level_db)


NOISES = {"white": speech.white_noise, "room": speech.room_noise, "hum": hum}


def in_noise(spoken: Pcm, kind: str, snr_db: float, lead_s: float, tail_s: float = 0.4) -> Pcm:
    """Put speech into noise that is `snr_db` below its RMS and begins `lead_s` before it."""
    first, last = bounds(spoken)
    rms_db = 10 * np.log10(np.mean(spoken[first:last] ** 2))
    sound = NOISES[kind](lead_s + len(spoken) / 48_000 + tail_s, rms_db - snr_db, 7)
    start = round(lead_s * 48_000)
    sound[start : start + len(spoken)] += spoken
    return sound


def coded(sound: Pcm) -> Pcm:
    frames, _ = opus.encode(sound)
    packets = [Packet(index * opus.FRAME, frame) for index, frame in enumerate(frames)]
    return opus.decode(packets, longest=len(sound) + 960)


def click(sound: Pcm, at_s: float, amplitude: float, length_ms: float = 6) -> None:
    n, at = round(length_ms * 48), round(at_s * 48_000)
    chance = np.random.default_rng(1)
    sound[at : at + n] += (chance.standard_normal(n) * amplitude * np.exp(-3 * np.arange(n) / n)).astype(
        np.float32
    )


def error_ms(sound: Pcm, truth: int) -> float:
    found = onset.find(sound)
    assert found is not None
    return (found.onset - truth) / 48


@pytest.mark.parametrize("lead_s", [0.0, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("snr_db", [10, 20, 30])
@pytest.mark.parametrize("kind", list(NOISES))
def test_the_onset_is_found_within_40_ms_in_noise(kind: str, snr_db: float, lead_s: float) -> None:
    for text, voice in WORDS:
        spoken = speech.level(speech.say(text, voice), -20)
        truth = bounds(spoken)[0] + round(lead_s * 48_000)
        sound = in_noise(spoken, kind, snr_db, lead_s)
        assert abs(error_ms(sound, truth)) <= TOLERANCE_MS, (text, "plain")
    assert abs(error_ms(coded(sound), truth)) <= TOLERANCE_MS, "coded"


@pytest.mark.parametrize("snr_db", [20, 30])
def test_the_end_is_found_too(snr_db: float) -> None:
    for text, voice in WORDS:
        spoken = speech.level(speech.say(text, voice), -20)
        found = onset.find(in_noise(spoken, "room", snr_db, 0.5))
        assert found is not None
        assert (
            -110 <= (found.offset - bounds(spoken)[1] - 24_000) / 48 <= 60
        )  # a last weak stop may be missed


@pytest.mark.parametrize("before_s", [0.15, 0.25, 0.4, 0.8])
@pytest.mark.parametrize("amplitude", [0.05, 0.3, 1.0])
def test_a_click_before_the_speech_is_not_its_onset(amplitude: float, before_s: float) -> None:
    for text, voice in WORDS:
        spoken = speech.level(speech.say(text, voice), -22)
        sound = in_noise(spoken, "room", 25, 1.0)
        click(sound, 1.0 - before_s, amplitude)
        assert abs(error_ms(sound, bounds(spoken)[0] + 48_000)) <= TOLERANCE_MS


@pytest.mark.parametrize("level_db", [-20, -40, -60, -80])
@pytest.mark.parametrize("kind", list(NOISES))
def test_noise_alone_is_no_speech_however_loud(kind: str, level_db: float) -> None:
    for seconds in (0.4, 1.0, 3.0):
        sound = NOISES[kind](seconds, level_db, round(seconds * 10))
        assert onset.find(sound) is None
        assert onset.find(coded(sound)) is None


def test_clicks_alone_are_no_speech() -> None:
    sound = speech.room_noise(3, -55, 1)
    for at_s in (0.4, 1.2, 2.3):
        click(sound, at_s, 0.5)

    assert onset.find(sound) is None


@pytest.mark.parametrize("samples", [0, 1, 479, 480, 2_000])
def test_nothing_is_no_speech(samples: int) -> None:
    assert onset.find(np.zeros(samples, dtype=np.float32)) is None


@pytest.mark.parametrize("level_db", [-10, -35, -45, -50])
def test_quiet_speech_counts(level_db: float) -> None:
    for text, voice in WORDS:
        spoken = speech.level(speech.say(text, voice), level_db)
        assert onset.find(in_noise(spoken, "room", 25, 0.5)) is not None


def test_a_shout_without_any_pause_is_speech_from_end_to_end() -> None:
    for text, voice in (*WORDS, ("ha!", "en-us")):
        spoken = speech.say(text, voice)
        first, last = bounds(spoken)
        shouted = np.clip(spoken[first:last] * 20, -1, 1)
        found = onset.find(shouted)
        assert found is not None
        assert found.onset == 0
        assert len(shouted) - found.offset < 48 * 40


def test_a_short_ha_counts() -> None:
    spoken = speech.level(speech.say("ha!"), -20)

    assert onset.find(in_noise(spoken, "room", 20, 1.0)) is not None


def test_a_held_note_counts_and_a_mains_tone_does_not() -> None:
    t = np.arange(96_000) / 48_000
    wander = 2 * np.pi * np.cumsum(207 * (1 + 0.01 * np.sin(2 * np.pi * 5 * t))) / 48_000
    partials = [np.sin(k * wander) / k for k in range(1, 12)]
    note = speech.level(np.sum(partials, axis=0).astype(np.float32), -20)

    assert onset.find(note) is not None
    assert onset.find(hum(2, -20, 1)) is None


def test_beatboxing_counts() -> None:
    sound, chance = speech.room_noise(2, -60, 1), np.random.default_rng(3)
    for at in range(4_800, 90_000, 11_000):
        n = min(6_000, len(sound) - at)
        sound[at : at + n] += (chance.standard_normal(n) * np.exp(-np.arange(n) / 900) / 3).astype(np.float32)

    found = onset.find(sound)
    assert found is not None
    assert abs(found.onset - 4_800) < 48 * 40


@pytest.mark.parametrize("pause_s", [0.3, 0.7, 1.2])
@pytest.mark.parametrize(("kind", "snr_db"), [("room", 15), ("room", 30), ("white", 20)])
def test_the_longest_pause_is_measured(kind: str, snr_db: float, pause_s: float) -> None:
    one, two = speech.say("hello there"), speech.say("goodbye now")
    spoken = np.concatenate([one[: bounds(one)[1]], speech.silence(pause_s), two[bounds(two)[0] :]])

    found = onset.find(in_noise(spoken, kind, snr_db, 0.5))

    assert found is not None
    assert found.gap_ms == pytest.approx(pause_s * 1000, abs=60)


def test_words_without_a_pause_have_a_short_gap() -> None:
    found = onset.find(in_noise(speech.say("banana"), "room", 30, 0.5))

    assert found is not None
    assert found.gap_ms < 120


def test_digital_silence_before_the_noise_of_the_room_is_not_the_room() -> None:
    spoken = speech.level(speech.say("Banana"), -20)
    sound = np.concatenate([speech.silence(0.3), in_noise(spoken, "room", 20, 1.0)])

    assert abs(error_ms(sound, bounds(spoken)[0] + round(1.3 * 48_000))) <= TOLERANCE_MS
