from __future__ import annotations

import io
from collections.abc import Callable

import av
import numpy as np
import pytest

from audio import finish, loudness, ogg, opus
from audio.pcm import Pcm, high_pass
from audio.take import Clip, Limits, Packet, Take, Unfit
from tests.audio.test_loudness import by_libav
from tests.support import speech

SENTENCE = "Hello there, this is a test of speech, spoken aloud"
LIMITS = Limits()


def take_of(pcm: Pcm, *, preroll_ms: int = 0) -> Take:
    payloads = speech.opus_packets(pcm)
    packets = tuple(Packet(index * 960, payload) for index, payload in enumerate(payloads))
    return Take(packets, preroll_ms)


def in_room(spoken: Pcm, lead_s: float = 1.0, tail_s: float = 0.5, noise_db: float = -60) -> Pcm:
    sound = speech.room_noise(lead_s + len(spoken) / 48_000 + tail_s, noise_db, 1)
    start = round(lead_s * 48_000)
    sound[start : start + len(spoken)] += spoken
    return sound


def heard(clip: Clip) -> Pcm:
    with av.open(io.BytesIO(clip.ogg), "r", format="ogg") as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def first_sound(pcm: Pcm) -> int:
    return int(np.flatnonzero(np.abs(pcm) > np.abs(pcm).max() * 0.02)[0])


def last_sound(pcm: Pcm) -> int:
    return len(pcm) - first_sound(pcm[::-1])


@pytest.fixture(scope="module")
def spoken() -> Pcm:
    return speech.level(speech.say(SENTENCE), -25)


@pytest.fixture(scope="module")
def clip(spoken: Pcm) -> Clip:
    return finish.finish_take(take_of(in_room(spoken), preroll_ms=1_000), LIMITS)


def test_a_clip_sounds_like_what_was_said(clip: Clip, spoken: Pcm) -> None:
    correlation, _ = speech.envelope_correlation(spoken, heard(clip))

    assert correlation >= 0.95


def test_a_clip_is_trimmed_to_80_ms_around_the_speech(clip: Clip, spoken: Pcm) -> None:
    sound = heard(clip)

    assert clip.duration_ms == round(len(sound) / 48)
    assert 40 <= first_sound(sound) / 48 <= 120
    said_ms = (last_sound(spoken) - first_sound(spoken)) / 48
    assert clip.duration_ms == pytest.approx(said_ms + 2 * finish.MARGIN_MS, abs=100)


def test_the_onset_counts_from_the_end_of_the_preroll(spoken: Pcm) -> None:
    truth_ms = first_sound(spoken) / 48
    for lead_s, preroll_ms in ((1.0, 1_000), (1.0, 0), (0.4, 1_000), (2.0, 1_000)):
        finished = finish.finish_take(take_of(in_room(spoken, lead_s), preroll_ms=preroll_ms), LIMITS)
        assert finished.onset_ms == pytest.approx(lead_s * 1_000 + truth_ms - preroll_ms, abs=40)


def test_a_bump_against_the_microphone_is_not_the_onset(spoken: Pcm) -> None:
    sound = in_room(spoken, 1.0)
    t = np.arange(9_600) / 48_000
    sound[24_000:33_600] += (0.5 * np.sin(2 * np.pi * 35 * t) * np.hanning(9_600)).astype(np.float32)

    finished = finish.finish(sound, LIMITS)

    assert finished.onset_ms == pytest.approx(1_000 + first_sound(spoken) / 48, abs=40)


def test_a_clip_has_the_loudness_and_true_peak_of_the_contract(clip: Clip) -> None:
    sound = heard(clip)

    assert clip.loudness_lufs == pytest.approx(loudness.TARGET_LUFS, abs=1)
    assert loudness.loudness_lufs(sound) == pytest.approx(clip.loudness_lufs, abs=0.1)
    assert loudness.true_peak_dbtp(sound) <= loudness.CEILING_DBTP + 0.01
    assert clip.true_peak_dbtp == pytest.approx(loudness.true_peak_dbtp(sound), abs=0.05)


def test_takes_20_db_apart_come_out_equally_loud(spoken: Pcm) -> None:
    loud, quiet = (
        finish.finish_take(take_of(in_room(speech.level(spoken, db), noise_db=-75)), LIMITS)
        for db in (-22, -42)
    )

    assert abs(loudness.loudness_lufs(heard(loud)) - loudness.loudness_lufs(heard(quiet))) < 1


def test_a_clip_is_20_ms_frames_of_about_32_kbit_in_ogg_without_tags(clip: Clip) -> None:
    frames = ogg.read(clip.ogg)

    assert all(opus.duration(frame) == opus.FRAME for frame in frames)
    assert 20_000 < len(clip.ogg) * 8 / (clip.duration_ms / 1_000) < 42_000
    assert b"Lavf" not in clip.ogg
    assert b"OpusTags" + bytes(8) in clip.ogg


def test_a_clip_has_64_peaks(clip: Clip) -> None:
    assert len(clip.peaks) == 64
    assert max(clip.peaks) == 100


def test_a_long_take_is_cut_at_the_limit() -> None:
    long = np.concatenate([speech.level(speech.say(SENTENCE), -25)] * 4)
    finished = finish.finish_take(take_of(in_room(long)), Limits(longest_ms=5_000))

    assert finished.duration_ms == 5_000
    assert len(heard(finished)) == 240_000


def test_the_longest_gap_is_that_of_the_clip_itself() -> None:
    word = speech.level(speech.say("hello"), -25)
    paused = in_room(np.concatenate([word, speech.silence(0.8), word, speech.silence(1.6), word]))

    whole = finish.finish_take(take_of(paused), LIMITS)
    cut = finish.finish_take(take_of(paused), Limits(longest_ms=2_600))

    assert whole.gap_ms == pytest.approx(1_700, abs=200)
    assert cut.gap_ms == pytest.approx(900, abs=200)


@pytest.mark.parametrize(
    "sound",
    [
        speech.silence(3),
        speech.room_noise(3, -60, 1),
        speech.room_noise(3, -35, 2),
        speech.white_noise(3, -25, 3),
    ],
)
def test_a_take_without_speech_is_silent(sound: Pcm) -> None:
    with pytest.raises(Unfit) as unfit:
        finish.finish_take(take_of(sound), LIMITS)

    assert unfit.value.code == "silent"
    assert unfit.value.message == "We heard nothing. Is your microphone muted?"


@pytest.mark.parametrize("samples", [2_000, 4_800, 9_600, 13_000])
def test_too_short_a_take_is_refused_with_a_sentence(samples: int) -> None:
    with pytest.raises(Unfit) as unfit:
        finish.finish(speech.level(speech.say("ha!"), -20)[3_000 : 3_000 + samples], LIMITS)

    assert unfit.value.code == "too_short"
    assert "0.3 seconds" in unfit.value.message


def test_a_short_sound_in_a_long_take_is_too_short() -> None:
    with pytest.raises(Unfit) as unfit:
        finish.finish(in_room(speech.level(speech.say("ha!"), -20)), Limits(shortest_ms=900))

    assert unfit.value.code == "too_short"


@pytest.mark.parametrize("hz", [220, 440, 1_000])
def test_a_tone_from_end_to_end_is_a_note(hz: int) -> None:
    tone = 0.3 * np.sin(2 * np.pi * hz * np.arange(48_000) / 48_000)

    assert finish.finish(tone.astype(np.float32), LIMITS).duration_ms == 1_000


def test_a_short_ha_is_long_enough() -> None:
    finished = finish.finish_take(take_of(in_room(speech.level(speech.say("ha!"), -20))), LIMITS)

    assert 300 <= finished.duration_ms <= 700


@pytest.mark.parametrize("packets", [(), (Packet(0, b""),), (Packet(0, b"\x03\x00"),)])
def test_a_take_without_packets_is_undecodable(packets: tuple[Packet, ...]) -> None:
    with pytest.raises(Unfit) as unfit:
        finish.finish_take(Take(packets), LIMITS)

    assert unfit.value.code == "undecodable"


def test_noise_as_payloads_gives_a_clip_or_a_refusal() -> None:
    chance = np.random.default_rng(5)
    for _ in range(10):
        payloads = [chance.bytes(int(chance.integers(1, 80))) for _ in range(60)]
        take = Take(tuple(Packet(index * 960, payload) for index, payload in enumerate(payloads)))
        try:
            finished = finish.finish_take(take, LIMITS)
        except Unfit:
            continue
        assert finished.duration_ms <= LIMITS.longest_ms
        assert finished.true_peak_dbtp <= 0


def test_lost_packets_and_left_out_silence_keep_the_length(spoken: Pcm, clip: Clip) -> None:
    take = take_of(in_room(spoken), preroll_ms=1_000)
    kept = [packet for index, packet in enumerate(take.packets) if index % 17 and not 5 < index < 40]

    finished = finish.finish_take(Take(tuple(kept), 1_000), LIMITS)

    assert finished.duration_ms == pytest.approx(clip.duration_ms, abs=60)
    assert speech.envelope_correlation(heard(clip), heard(finished))[0] > 0.9


def test_an_upload_becomes_the_same_clip(spoken: Pcm, clip: Clip) -> None:
    finished = finish.finish_upload(speech.wav(None, in_room(spoken)), "audio/wav", LIMITS)

    assert finished.onset_ms == pytest.approx(clip.onset_ms + 1_000, abs=20)
    assert finished.duration_ms == pytest.approx(clip.duration_ms, abs=30)
    assert speech.envelope_correlation(heard(clip), heard(finished))[0] > 0.96


def test_a_file_that_is_none_is_undecodable() -> None:
    with pytest.raises(Unfit) as unfit:
        finish.finish_upload(b"no sound", "audio/ogg", LIMITS)

    assert (unfit.value.code, unfit.value.message) == ("undecodable", finish.UNDECODABLE)


def test_a_file_under_a_wrong_name_is_told_what_it_is(spoken: Pcm) -> None:
    with pytest.raises(Unfit) as unfit:
        finish.finish_upload(speech.wav(None, spoken), "audio/webm; codecs=opus", LIMITS)

    assert unfit.value.code == "undecodable"
    assert unfit.value.message == "This says audio/webm but the bytes are WAV."


def test_sound_that_is_no_number_does_no_harm(spoken: Pcm) -> None:
    broken = in_room(spoken)
    broken[::1_000] = np.nan
    broken[1::1_000] = np.inf

    assert np.isfinite(heard(finish.finish(broken, LIMITS))).all()


@pytest.mark.parametrize("amplitude", [0.3, 1.0, 100.0])
def test_strokes_and_overdriven_sound_stay_under_the_ceiling(amplitude: float) -> None:
    chance = np.random.default_rng(3)
    sound = speech.room_noise(2, -60, 1)
    for at in range(4_800, 88_000, 11_000):
        sound[at : at + 6_000] += (
            chance.standard_normal(6_000) * np.exp(-np.arange(6_000) / 900) * amplitude
        ).astype(np.float32)

    finished = finish.finish(sound, LIMITS)

    assert loudness.true_peak_dbtp(heard(finished)) <= loudness.CEILING_DBTP + 0.3


def clicked(sound: Pcm) -> Pcm:
    """Return a sound with clicks of nearly full scale all over it."""
    clicks = sound.copy()
    clicks[np.random.default_rng(1).integers(0, len(sound), 12)] += 0.9
    return clicks


def hum(sound: Pcm, level: float) -> Pcm:
    """Return a sound with mains hum, and its third harmonic."""
    t = np.arange(len(sound)) / 48_000
    hummed = level * (np.sin(2 * np.pi * 50 * t) + 0.3 * np.sin(2 * np.pi * 150 * t))
    return (sound + hummed).astype(np.float32)


SPOILED: dict[str, Callable[[Pcm], Pcm]] = {
    "20 dB quieter": lambda sound: sound * 0.1,
    "20 dB louder than full scale takes": lambda sound: np.clip(sound * 10, -1, 1),
    "DC": lambda sound: sound + 0.4,
    "hum": lambda sound: hum(sound, 0.02),
    "clicks": clicked,
    "clicks on a quiet voice": lambda sound: clicked(sound * 0.1),
    "one loud click": lambda sound: sound * 0.1 + np.eye(1, len(sound), 60_000)[0] * 0.95,
}


@pytest.mark.parametrize("spoiled", list(SPOILED))
def test_however_it_was_recorded_a_clip_is_as_loud_as_all_others(spoiled: str, spoken: Pcm) -> None:
    sound = SPOILED[spoiled](in_room(spoken)).astype(np.float32)
    clip = finish.finish(sound, LIMITS)

    natural = finish.finish(in_room(spoken), LIMITS)
    assert clip.loudness_lufs == pytest.approx(natural.loudness_lufs, abs=1)
    assert clip.loudness_lufs == pytest.approx(loudness.TARGET_LUFS, abs=1)
    assert clip.true_peak_dbtp <= loudness.CEILING_DBTP
    assert clip.onset_ms == pytest.approx(natural.onset_ms, abs=30)
    assert abs(float(heard(clip).mean())) < 1e-3
    assert speech.envelope_correlation(spoken, heard(clip))[0] > 0.85


def by_ffmpeg(clip: Clip) -> float:
    """Return the loudness by libav's own meter."""
    return by_libav(np.tile(heard(clip), 1 + 48_000 // len(heard(clip))))[0]


def cut_to(spoken: Pcm, seconds: float) -> Pcm:
    """Return the loudest part of a voice that is so long."""
    length = int(seconds * 48_000)
    powers = np.convolve(spoken**2, np.ones(length), "valid")
    return spoken[int(powers.argmax()) :][:length]


def whispered(spoken: Pcm) -> Pcm:
    """Return a voice without its tone: noise in its envelope."""
    noise = np.random.default_rng(8).standard_normal(len(spoken))
    envelope = np.sqrt(np.convolve(spoken**2, np.ones(480) / 480, "same"))
    return np.asarray(high_pass(noise.astype(np.float32), 800.0) * envelope, dtype=np.float32)


VOICES: dict[str, Callable[[Pcm], Pcm]] = {
    "0.4 s": lambda spoken: cut_to(spoken, 0.4),
    "one word": lambda spoken: speech.level(speech.say("ha!"), -20),
    "a whisper": whispered,
    "a shout": lambda spoken: np.tanh(spoken * 12).astype(np.float32) * np.float32(0.8),
}


@pytest.mark.parametrize("voice", list(VOICES))
def test_takes_20_db_apart_are_alike_also_when_they_are_short_or_whispered(voice: str, spoken: Pcm) -> None:
    said = VOICES[voice](spoken)
    loud, quiet = (
        by_ffmpeg(finish.finish(in_room(said * np.float32(gain), noise_db=noise_db), LIMITS))
        for gain, noise_db in ((1.0, -64), (0.1, -84))
    )

    assert loud == pytest.approx(quiet, abs=1)


def test_noise_is_not_lifted_to_the_loudness_of_speech(spoken: Pcm) -> None:
    """A voice at -50 dBFS in a room at -70 is amplified by 34 dB, and the room stays as far below it."""
    twice = np.concatenate((spoken, np.zeros(38_400, np.float32), spoken))
    sound = heard(finish.finish(in_room(speech.level(twice, -50), noise_db=-70), LIMITS))
    pause = min(float(np.mean(part**2)) for part in np.array_split(sound, 60))

    assert 10 * np.log10(pause) < loudness.TARGET_LUFS - finish.CLEAR_DB


@pytest.mark.parametrize("hz", [50, 60])
def test_hum_in_a_take_is_gone_from_its_clip(spoken: Pcm, hz: int) -> None:
    t = np.arange(len(in_room(spoken))) / 48_000
    hummed = in_room(spoken) + sum(0.03 * np.sin(2 * np.pi * hz * k * t) / k for k in (1, 2, 3, 5))

    clean, found = (
        heard(finish.finish(each.astype(np.float32), LIMITS)) for each in (in_room(spoken), hummed)
    )

    assert len(clean) == pytest.approx(len(found), abs=480)
    assert np.mean(found[:2_880] ** 2) < 4 * np.mean(clean[:2_880] ** 2) + 1e-5
