"""Quiet microphones: the whole of what was said lands, as from a loud one, or it is refused; never a part."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from audio import container, finish, loudness, opus
from audio.finish import DROWNED
from audio.pcm import Pcm
from audio.take import Clip, Limits, Packet, Unfit
from tests.audio.test_onset import NOISES, click, in_noise
from tests.support import speech

CASE = Path(__file__).parent / "cases" / "wav-quiet-40dB.wav"
PEAKS_DBFS = (-12, -40, -45, -50)
# A loud vowel first, a soft breath first, weak ends, no voice at all, two phrases with a pause.
SPOKEN = (
    ("Purple elephants borrow my umbrella on Tuesday", "en-us"),
    ("fifty foxes hate half of it", "en-gb"),
    ("Apfelkuchen mit Sahne", "de"),
    ("hello friends", "en-us+whisper"),
    ("Hello, is anybody home? I think I forgot my keys", "en-us+f3"),
)
# The noise and how far the power of the speech is above its; None: dither of 16 bits alone.
ROOMS = (None, ("white", 10), ("room", 30), ("room", 15), ("hum", 0))
WHOLE_MS, ONSET_MS = 160, 70  # of so long a clip, weak last sounds may drown in noise


def peaking(pcm: Pcm, peak_dbfs: float) -> Pcm:
    return np.asarray(pcm * (10 ** (peak_dbfs / 20) / np.abs(pcm).max()), dtype=np.float32)


def in_16_bits(pcm: Pcm) -> Pcm:
    dither = np.random.default_rng(1).triangular(-1, 0, 1, len(pcm))
    return (np.rint(pcm * 32_768 + dither).clip(-32_768, 32_767) / 32_768).astype(np.float32)


def recorded(text: str, voice: str, peak_dbfs: float, room: tuple[str, int] | None = None) -> Pcm:
    spoken = peaking(speech.say(text, voice), peak_dbfs)
    if room is None:
        return in_16_bits(np.concatenate([speech.silence(0.5), spoken, speech.silence(0.4)]))
    return in_16_bits(in_noise(spoken, *room, 0.5))


def coded(pcm: Pcm) -> Pcm:
    packets = [Packet(index * 960, payload) for index, payload in enumerate(speech.opus_packets(pcm))]
    return opus.decode(packets, longest=len(pcm))


def finished(pcm: Pcm) -> Clip | None:
    """Return the clip, None when the sound is refused as silent."""
    try:
        return finish.finish(pcm, Limits())
    except Unfit as unfit:
        if unfit.code == "silent":
            return None
        raise


@cache
def as_loud(text: str, voice: str) -> Clip:
    """Return the clip of a loud microphone."""
    clip = finished(recorded(text, voice, -12))
    assert clip is not None
    return clip


def is_whole(clip: Clip, loud: Clip) -> bool:
    return (
        abs(clip.duration_ms - loud.duration_ms) <= WHOLE_MS
        and abs(clip.onset_ms - loud.onset_ms) <= ONSET_MS
    )


@pytest.mark.parametrize("room", ROOMS, ids=str)
@pytest.mark.parametrize(("text", "voice"), SPOKEN)
def test_speech_lands_whole_however_quiet_the_microphone(
    text: str, voice: str, room: tuple[str, int] | None
) -> None:
    loud = as_loud(text, voice)
    for peak_dbfs in PEAKS_DBFS:
        clip = finished(recorded(text, voice, peak_dbfs, room))
        assert clip is not None, peak_dbfs
        assert is_whole(clip, loud), peak_dbfs
        assert clip.loudness_lufs == pytest.approx(loudness.TARGET_LUFS, abs=1), peak_dbfs


@pytest.mark.parametrize(("text", "voice"), SPOKEN)
def test_quiet_speech_that_came_as_opus_lands_whole_or_not_at_all(text: str, voice: str) -> None:
    loud = as_loud(text, voice)
    for room, peak_dbfs in ((None, -43), (("hum", 20), -50), (None, -60)):
        clip = finished(coded(recorded(text, voice, peak_dbfs, room)))
        assert peak_dbfs < -50 or clip is not None
        assert clip is None or is_whole(clip, loud), peak_dbfs


def test_speech_under_the_noise_is_refused_with_a_sentence_that_says_so() -> None:
    for text, voice in SPOKEN[:3]:
        with pytest.raises(Unfit) as unfit:
            finish.finish(recorded(text, voice, -20, ("room", 2)), Limits())
        assert (unfit.value.code, unfit.value.message) == ("silent", DROWNED)


@pytest.mark.parametrize("lowered_db", [0, 3])
def test_a_file_from_a_quiet_microphone_has_its_first_words(lowered_db: float) -> None:
    pcm = container.decode(CASE.read_bytes(), "audio/wav", longest=60 * 48_000)
    lowered = np.rint(pcm * 32_768 * 10 ** (-lowered_db / 20)) / 32_768

    clip = finish.finish_upload(speech.wav(None, lowered.astype(np.float32)), "audio/wav", Limits())

    assert clip.duration_ms == pytest.approx(1_690, abs=40)
    assert clip.onset_ms == pytest.approx(240, abs=20)


@pytest.mark.parametrize("level_dbfs", [-40, -60, -75, -90, -100])
@pytest.mark.parametrize("kind", list(NOISES))
def test_quiet_noise_is_no_speech(kind: str, level_dbfs: float) -> None:
    for seconds in (0.5, 3.0):
        assert finished(in_16_bits(NOISES[kind](seconds, level_dbfs, 3))) is None


@pytest.mark.parametrize("amplitude", [0.003, 0.03, 0.2, 0.6])
def test_a_click_in_silence_is_no_speech(amplitude: float) -> None:
    for seconds in (0.5, 1.0, 3.0):
        for room_dbfs in (-200, -95):
            sound = speech.white_noise(seconds, room_dbfs, 1)
            click(sound, seconds / 2, amplitude)
            assert finished(sound) is None


@pytest.mark.parametrize("level_dbfs", [-20, -50])
def test_a_room_that_is_heard_after_digital_silence_is_no_speech(level_dbfs: float) -> None:
    for seconds in (0.5, 1.0):
        room = speech.room_noise(seconds, level_dbfs, 1)
        assert finished(in_16_bits(np.concatenate([speech.silence(seconds), room]))) is None
