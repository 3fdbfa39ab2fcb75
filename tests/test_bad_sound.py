"""Whatever somebody sends for a voice, by a take or a file: a clip within all limits, or a clear refusal.

Sounds that others list as bad (no numbers, other rates, sides that cancel, tones, noise, cut peaks), and
whatever chance makes of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import finish, loudness
from audio.pcm import Pcm
from audio.take import Clip, Limits, Packet, Take, Unfit
from tests.audio.test_finish import heard
from tests.support import riff, speech

LIMITS = Limits()
SENTENCES = {
    "silent": (finish.SILENT, finish.DROWNED),
    "undecodable": (finish.UNDECODABLE,),
    "too_short": ("That was too short: it takes 0.3 seconds at least.",),
}


@functools.cache
def words() -> Pcm:
    return np.pad(speech.level(speech.say("the wombat rides a bicycle"), -22), (48_000, 24_000))


def floats(sides: Pcm, rate_hz: int = 48_000) -> bytes:
    """Return a WAV file of floats; `sides` has a column a channel."""
    fmt = riff.form(riff.FLOAT, 32, sides.shape[1], rate_hz)
    return riff.file(fmt, sides.astype("<f4").tobytes())


def wave(seconds: float, rate_hz: int = 48_000, hz: float = 440) -> Pcm:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def spoiled(value: float) -> Pcm:
    made = words() + speech.room_noise(len(words()) / 48_000 + 1, -60, 1)[: len(words())]
    made[::997] = value
    return made


def at_rate(rate_hz: int) -> bytes:
    return floats(speech.resample(words(), 48_000, rate_hz)[:, None].astype(np.float32), rate_hz)


# What is sent, and what comes of it: a clip, or the code of a refusal.
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "NaN": (lambda: floats(spoiled(np.nan)[:, None]), "clip"),
    "nothing but NaN": (lambda: floats(np.full((48_000, 1), np.nan, np.float32)), "silent"),
    "infinities": (lambda: floats(spoiled(np.inf)[:, None]), "clip"),
    "8 kHz": (lambda: at_rate(8_000), "clip"),
    "96 kHz": (lambda: at_rate(96_000), "clip"),
    "sides that cancel": (lambda: floats(np.stack([words(), -words()], axis=1)), "clip"),
    "one side alone": (lambda: floats(np.stack([words(), 0 * words()], axis=1)), "clip"),
    "10 ms": (lambda: floats(wave(0.01)[:, None]), "too_short"),
    "no sample": (lambda: floats(np.zeros((0, 1), np.float32)), "undecodable"),
    "a pure tone": (lambda: floats(wave(2.0)[:, None]), "clip"),
    "white noise": (lambda: floats(speech.white_noise(2, -20, 1).astype(np.float32)[:, None]), "silent"),
    "a square wave": (lambda: floats(np.sign(wave(2.0)).astype(np.float32)[:, None]), "clip"),
    "words cut to a square wave": (lambda: floats(np.float32(0.9) * np.sign(words())[:, None]), "clip"),
    "a million times too loud": (lambda: floats(words()[:, None] * 1e6), "clip"),
}


def outcome(make: Callable[[], Clip]) -> tuple[str, Clip | None]:
    """Return "clip" with one that is within all limits, or the code of a refusal with its sentence."""
    try:
        clip = make()
    except Unfit as refused:
        unfit = refused
    else:
        return "clip", within_limits(clip)
    assert unfit.message in SENTENCES[unfit.code]
    return unfit.code, None


def within_limits(clip: Clip) -> Clip:
    """Return a clip of which nobody could tell what it was made of."""
    sound = heard(clip)
    assert np.isfinite(sound).all()
    assert LIMITS.shortest_ms <= clip.duration_ms <= LIMITS.longest_ms
    assert clip.true_peak_dbtp <= -1.0
    assert loudness.loudness_lufs(sound) <= loudness.TARGET_LUFS + 1
    assert abs(float(sound.mean())) < 2e-3
    return clip


@pytest.mark.parametrize("reduces_noise", [False, True], ids=["as it is", "noise reduced"])
@pytest.mark.parametrize("name", list(FILES))
def test_a_bad_file_is_a_clip_or_a_clear_refusal(name: str, reduces_noise: bool) -> None:
    make, expected = FILES[name]
    body = make()

    found, _ = outcome(lambda: finish.finish_upload(body, "audio/wav", LIMITS, reduces_noise=reduces_noise))

    assert found == expected


TAKES: dict[str, tuple[Callable[[], Pcm], str]] = {
    "10 ms": (lambda: wave(0.01), "too_short"),
    "a pure tone": (lambda: wave(2.0), "clip"),
    "white noise": (lambda: speech.white_noise(2, -20, 1), "silent"),
    "a square wave": (lambda: np.sign(wave(2.0)), "clip"),
    "words cut to a square wave": (lambda: np.sign(words()) * np.float32(0.9), "clip"),
    "DC alone": (lambda: np.full(96_000, 0.5, np.float32), "silent"),
}


@pytest.mark.parametrize("name", list(TAKES))
def test_a_bad_take_is_a_clip_or_a_clear_refusal(name: str) -> None:
    make, expected = TAKES[name]
    payloads = speech.opus_packets(make())
    take = Take(tuple(Packet(index * 960, payload) for index, payload in enumerate(payloads)))

    assert outcome(lambda: finish.finish_take(take, LIMITS))[0] == expected


SPOILS: list[Callable[[Pcm, float], Pcm]] = [
    lambda sound, much: sound * np.float32(10 ** (4 * much - 2)),
    lambda sound, much: np.clip(sound * np.float32(1 + 30 * much), -0.5, 0.5),
    lambda sound, much: sound + np.float32(much),
    lambda sound, much: sound[: int(len(sound) * much)],
    lambda sound, much: sound + speech.white_noise(len(sound) / 48_000 + 1, -60 + 50 * much, 3)[: len(sound)],
    lambda sound, much: sound + wave(len(sound) / 48_000 + 1, hz=50 + 10 * round(much))[: len(sound)],
    lambda sound, much: np.where(np.arange(len(sound)) % (1 + int(9_999 * much)), sound, np.float32(np.nan)),
    lambda sound, much: np.roll(sound, int(len(sound) * much)),
]


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(SPOILS), st.floats(0, 1)), max_size=3),
    reduces_noise=st.booleans(),
)
def test_however_sound_is_spoiled_it_is_a_clip_or_a_clear_refusal(
    steps: list[tuple[Callable[[Pcm, float], Pcm], float]], reduces_noise: bool
) -> None:
    sound = words()
    for spoil, much in steps:
        sound = spoil(sound, much).astype(np.float32)

    outcome(lambda: finish.finish(sound, LIMITS, reduces_noise=reduces_noise))
