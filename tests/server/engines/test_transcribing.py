"""Real weights on recorded people, through the finish of every clip, and on what is no speech."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audio import finish
from audio.take import LONGEST_CLIP_MS, Limits, Unfit
from server.engines.transcribing import Listen, Ready
from server.jobs import Broken
from tests.support import noises, spoken
from tests.support.recogniser import Recogniser

LONG = Limits(longest_ms=LONGEST_CLIP_MS)
WORD_ERRORS_MOST = 0.05
KEPT_LEAST = 0.94
INVENTED_MOST = 0.01


# It is CPU and nothing else: a machine that does other things too is given its time.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def recogniser() -> Iterator[Recogniser]:
    spoken.need_extra("faster_whisper")
    with Recogniser(spoken.tiny_en()) as made:
        yield made


def clip_of(pcm: spoken.Pcm) -> bytes:
    return finish.finish(pcm, LONG).ogg


def test_recorded_sentences_come_back_word_by_word(recogniser: Recogniser) -> None:
    wrong, said = 0, 0
    for sentence in spoken.sentences():
        errors, words = spoken.word_errors(sentence.text, recogniser.read(clip_of(sentence.pcm)).text)
        wrong, said = wrong + errors, said + words
    assert said > 120
    assert wrong / said <= WORD_ERRORS_MOST


def test_a_clip_of_half_a_minute_keeps_its_words(recogniser: Recogniser) -> None:
    sentences = spoken.sentences()[:5]
    read = recogniser.read(clip_of(np.concatenate([sentence.pcm for sentence in sentences]))).text
    errors, words = spoken.word_errors(" ".join(sentence.text for sentence in sentences), read)
    assert errors / words <= 0.10


def test_words_have_the_times_at_which_they_are_said(recogniser: Recogniser) -> None:
    first, second = spoken.sentences()[1], spoken.sentences()[4]
    pause = np.zeros(spoken.RATE_HZ, np.float32)
    made = finish.finish(np.concatenate([first.pcm, pause, second.pcm]), LONG)
    read = recogniser.read(made.ogg)

    times = [time for _, *both in read.words for time in both]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= made.duration_ms
    assert " ".join(word for word, _, _ in read.words) == read.text
    begins_ms = len(first.pcm) / 48 + 1000 - (finish_onset_ms(first.pcm) - 80)
    at = next(start for number, (word, start, _) in enumerate(read.words) if number and word == "He")
    assert abs(at - begins_ms) < 400


def finish_onset_ms(pcm: spoken.Pcm) -> int:
    return finish.finish(pcm, LONG).onset_ms


def test_single_words_are_kept(recogniser: Recogniser) -> None:
    """All 147 are in `python -m bench captions`."""
    words = spoken.words()[::6]
    kept = sum(bool(recogniser.read(clip_of(word.pcm)).text) for word in words)
    assert kept / len(words) >= KEPT_LEAST


def test_nothing_is_invented(recogniser: Recogniser) -> None:
    others, invented = 0, []
    for kind, pcm in itertools.islice(noises.every(), 0, None, 2):
        others += 1
        try:
            read = recogniser.read(clip_of(pcm)).text
        except Unfit:  # no onset: the first of the gates
            continue
        if read:
            invented.append((kind, read))
    assert others > 35
    assert len(invented) / others <= INVENTED_MOST, invented


def test_the_count_from_before_a_mask_stands_for_our_own(recogniser: Recogniser) -> None:
    clip = clip_of(spoken.sentences()[0].pcm)
    assert recogniser.read(clip, speech_ms=0).gate == "no voice"
    assert recogniser.read(clip, speech_ms=2_000).text


def test_what_is_no_clip_is_said_so_and_the_next_one_is_read(recogniser: Recogniser) -> None:
    for body in (b"", b"OggS", b"x" * 100_000):
        assert isinstance(recogniser.ask(Listen(body, "en")), Broken)
    assert recogniser.read(clip_of(spoken.sentences()[1].pcm)).text


def test_a_model_that_cannot_be_loaded_is_said_so(tmp_path: Path) -> None:
    spoken.need_extra("faster_whisper")
    with Recogniser(tmp_path) as empty:
        assert isinstance(empty.loaded, Broken)
        assert not isinstance(empty.loaded, Ready)
