"""Words survive masks: what recorded people say through each is read by Whisper base, as captions are."""

from __future__ import annotations

import numpy as np
import pytest

from audio.finish import finish
from audio.pcm import resample
from audio.take import MASKS, Limits, Mask
from server.engines.whisper import RATE_HZ, Whisper
from tests.audio.test_finish import heard
from tests.support import spoken

WRONG_AT_MOST = 0.15  # of the words, through six of the eight masks
SURE = 6
FEW = (4, 6, 8)  # of the sentences: two readers, 9 s


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    spoken.need_extra("faster_whisper")
    return Whisper(spoken.base())


def wrong(whisper: Whisper, mask: str, sentences: list[spoken.Spoken]) -> float:
    """Return which part of the words is read wrong through a mask."""
    errors = said = 0
    for number, sentence in enumerate(sentences):
        clip = finish(np.pad(sentence.pcm, 24_000), Limits(longest_ms=15_000), mask=Mask(mask, f"{number}"))
        read = whisper.read(resample(heard(clip), spoken.RATE_HZ, RATE_HZ), "en").text
        found = spoken.word_errors(sentence.text, read)
        errors, said = errors + found[0], said + found[1]
    return errors / said


def test_words_survive_masks(whisper: Whisper) -> None:
    sentences = spoken.sentences()
    shares = {mask: wrong(whisper, mask, [sentences[at] for at in FEW]) for mask in MASKS}
    print({mask: f"{share:.1%}" for mask, share in shares.items()})
    assert sum(share <= WRONG_AT_MOST for share in shares.values()) >= SURE, shares


@pytest.mark.soak
def test_words_of_all_recorded_people_survive_masks(whisper: Whisper) -> None:
    shares = {mask: wrong(whisper, mask, spoken.sentences()) for mask in MASKS}
    print({mask: f"{share:.1%}" for mask, share in shares.items()})
    assert sum(share <= WRONG_AT_MOST for share in shares.values()) >= SURE, shares
