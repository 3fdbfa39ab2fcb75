from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest

from audio import loudness, masks
from audio.finish import finish
from audio.masks.effects import speech_level
from audio.pcm import Pcm
from audio.take import MASKS, Clip, Limits, Mask
from tests.audio.test_finish import heard
from tests.support import canary, speech

SECONDS = np.arange(72_000) / 48_000
NOISE = np.random.default_rng(1).standard_normal(72_000)
BAD: dict[str, Pcm] = {
    name: np.asarray(pcm, dtype=np.float32)
    for name, pcm in {
        "nothing": np.zeros(0),
        "one sample": np.full(1, 0.5),
        "two samples": np.full(2, 0.5),
        "10 ms": 0.1 * NOISE[:480],
        "0.3 s": 0.1 * NOISE[:14_400],
        "silence": np.zeros(72_000),
        "NaN": np.full(72_000, np.nan),
        "NaN and infinity among noise": np.where(SECONDS < 0.5, np.where(NOISE > 0, np.nan, -np.inf), NOISE),
        "noise": 0.2 * NOISE,
        "far too loud": 40 * NOISE,
        "hardly there": 1e-5 * NOISE,
        "sine": 0.5 * np.sin(2 * np.pi * 440 * SECONDS),
        "square": np.sign(np.sin(2 * np.pi * 150 * SECONDS)),
        "DC": np.full(72_000, 0.5),
        "one click": np.eye(1, 72_000, 36_000)[0],
    }.items()
}
SENTENCES = (
    ("en-us", "Hello there, this is a test of speech, spoken aloud in the kitchen"),
    ("de", "Der Mond ist ein alter Käse und schmeckt nach nasser Wolle"),
)
LIMITS = Limits(longest_ms=15_000)


@functools.cache
def said(voice: str, text: str) -> Pcm:
    """Return speech with the canary in it, in a second of silence."""
    return np.pad(canary.with_canary(speech.level(speech.say(text, voice), -25)), 24_000)


@functools.cache
def finished(name: str, voice: str, text: str) -> Clip:
    return finish(said(voice, text), LIMITS, mask=Mask(name, "seed") if name else None)


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_takes_whatever_comes_and_keeps_its_length(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for what, pcm in BAD.items():
            worn = masks.wear(pcm, Mask(name, "seed"))
            assert worn.shape == pcm.shape, what
            assert worn.dtype == np.float32, what
            assert np.isfinite(worn).all(), what


@pytest.mark.parametrize("name", MASKS)
def test_silence_stays_silence(name: str) -> None:
    for what in ("nothing", "one sample", "silence", "NaN"):
        assert not masks.wear(BAD[what], Mask(name, "seed")).any()


@pytest.mark.parametrize("name", MASKS)
def test_a_clip_that_is_finished_again_is_the_same_and_as_loud_as_it_was_spoken(name: str) -> None:
    pcm = said(*SENTENCES[0])
    worn = masks.wear(pcm, Mask(name, "seed"))
    assert np.array_equal(worn, masks.wear(pcm, Mask(name, "seed")))
    assert speech_level(worn) == pytest.approx(speech_level(pcm), rel=0.01)


@pytest.mark.parametrize("name", [name for name in MASKS if name not in {"mouse", "giant"}])
def test_two_clips_are_not_masked_alike(name: str) -> None:
    pcm = said(*SENTENCES[0])[:72_000]
    worn = [masks.wear(pcm, Mask(name, f"clip {number}")) for number in range(3)]
    assert any(not np.array_equal(worn[0], other) for other in worn[1:])


@pytest.mark.parametrize("sentence", SENTENCES[:1], ids=["en"])
@pytest.mark.parametrize("name", MASKS)
def test_neither_witness_finds_the_natural_voice_behind_a_mask(name: str, sentence: tuple[str, str]) -> None:
    sound = heard(finished(name, *sentence))
    assert canary.score(sound) <= 6
    assert canary.likeness(sound, said(*sentence)) < 0.7


@pytest.mark.parametrize("sentence", SENTENCES, ids=["en", "de"])
def test_both_witnesses_find_it_where_there_is_no_mask_or_a_leak(sentence: tuple[str, str]) -> None:
    natural = finished("", *sentence)
    assert canary.score(heard(natural)) >= 14
    assert canary.likeness(heard(natural), said(*sentence)) > 0.9
    leak = masks.wear(said(*sentence), Mask("mouse", "seed")) + 0.5 * said(*sentence)
    assert canary.score(heard(finish(leak, LIMITS))) >= canary.THRESHOLD


@pytest.mark.parametrize("sentence", SENTENCES[:1], ids=["en"])
@pytest.mark.parametrize("name", MASKS)
def test_when_speech_begins_and_how_long_it_is_does_not_depend_on_the_mask(
    name: str, sentence: tuple[str, str]
) -> None:
    natural, clip = finished("", *sentence), finished(name, *sentence)
    assert (clip.mask, natural.mask) == (name, None)
    same = ("duration_ms", "onset_ms", "gap_ms")
    assert [getattr(clip, field) for field in same] == [getattr(natural, field) for field in same]
    assert clip.loudness_lufs == pytest.approx(loudness.TARGET_LUFS, abs=1)


@pytest.mark.parametrize("name", MASKS)
def test_the_rhythm_of_words_stays(name: str) -> None:
    natural = said(*SENTENCES[0])
    correlation, shift_ms = speech.envelope_correlation(natural, masks.wear(natural, Mask(name, "seed")))
    assert correlation > 0.7
    assert abs(shift_ms) <= 40


def test_there_is_no_mask_of_another_name() -> None:
    with pytest.raises(KeyError):
        masks.wear(BAD["sine"], Mask("nobody", "seed"))


def test_a_mask_that_makes_nonsense_is_not_worn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(masks.WEARABLE, "mouse", lambda pcm, chance: np.where(pcm > 0, np.inf, pcm))
    with pytest.raises(FloatingPointError):
        masks.wear(BAD["sine"], Mask("mouse", "seed"))
