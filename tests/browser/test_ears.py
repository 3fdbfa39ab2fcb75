"""The measure by which these tests say that something was heard."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.browsers import ALIKE, likeness
from tests.support.microphones import speech
from tests.support.speech import room_noise, say, silence

OTHERS = (
    "The quick brown fox jumps over the lazy dog",
    "Green tomatoes always remember bicycles",
    "My left shoe wants to talk to you",
)


def test_what_was_said_is_heard_however_loud_and_late() -> None:
    assert likeness(speech(), np.concatenate([silence(1.23), 0.1 * speech(), silence(2)])) > 0.99


def test_a_jitter_buffer_is_forgiven() -> None:
    third = len(speech()) // 3
    stretched = [speech()[:third], silence(0.1), speech()[third : 2 * third], speech()[2 * third + 2400 :]]
    assert likeness(speech(), np.concatenate([silence(0.5), *stretched, silence(0.5)])) > ALIKE


@pytest.mark.parametrize("sentence", OTHERS)
def test_other_words_are_not_what_was_said(sentence: str) -> None:
    assert likeness(speech(), np.concatenate([silence(1), say(sentence), silence(1)])) < ALIKE - 0.1


def test_noise_and_silence_are_not_what_was_said() -> None:
    assert likeness(speech(), silence(5)) < ALIKE / 2
    assert likeness(speech(), room_noise(5, -30, seed=1)) < ALIKE - 0.2
