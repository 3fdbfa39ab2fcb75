"""The gates: each of them by itself, and at its number."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from server.engines import gates
from server.engines.gates import Evidence, refusal

FINE = Evidence("A wombat on a bicycle.", 2_000, 900, 0.05, -0.4)


def with_(**changed: Any) -> str:
    return refusal(msgspec.structs.replace(FINE, **changed))


def test_what_somebody_said_stands() -> None:
    assert refusal(FINE) == ""
    assert with_(text="No.", clip_ms=400, speech_ms=gates.SPEECH_LEAST_MS) == ""


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({"speech_ms": gates.SPEECH_LEAST_MS - 1}, "no voice"),
        ({"text": ""}, "no words"),
        ({"text": " ... ♪ !"}, "no words"),
        ({"no_speech": gates.NO_SPEECH_MOST, "text": "A wombat."}, "no speech"),
        ({"no_speech": gates.NO_SPEECH_MOST, "log_probability": gates.PROBABLE}, "no speech"),
        ({"no_speech": math.nan}, "no speech"),
        ({"no_speech": math.nan, "log_probability": math.nan}, "no speech"),
        ({"log_probability": gates.LOG_PROBABILITY_LEAST}, "improbable"),
        ({"log_probability": math.nan}, "improbable"),
        ({"text": "the frog and the frog and the frog and the frog and the frog"}, "compressible"),
        ({"text": "no no no no"}, "repeated"),
    ],
)
def test_each_gate_refuses_at_its_number(changed: dict[str, Any], gate: str) -> None:
    assert with_(**changed) == gate


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({}, ""),
        ({"speech_ms": gates.LONG_SPEECH_MS - 1}, "no speech"),
        ({"log_probability": gates.SURE_LOG_PROBABILITY - 0.01}, "no speech"),
        ({"log_probability": math.nan}, "no speech"),
        ({"text": "the frog and " * 12}, "compressible"),
    ],
)
def test_of_a_long_take_sure_words_stand_whatever_is_said_of_its_beginning(
    changed: dict[str, Any], gate: str
) -> None:
    long = {"speech_ms": 9_000, "clip_ms": 12_000, "no_speech": 0.56, "log_probability": -0.2}
    assert with_(**{**long, "text": "the frog and the frog", **changed}) == gate


def test_who_has_time_may_repeat_themselves() -> None:
    text = "it was the best of times, it was the worst of times, it was the age of wisdom, "
    text += "it was the age of foolishness"
    assert 1.0 < gates.compression(text) < gates.COMPRESSION_MOST
    assert with_(text=text, clip_ms=8_000, speech_ms=7_000) == ""


def test_three_times_the_same_word_is_what_people_say() -> None:
    assert with_(text="Never, never, never!") == ""


def test_a_list_of_words_that_are_probable_stands() -> None:
    lima = "Lima, car, June, well, cucumber."
    assert with_(text=lima, no_speech=0.8, log_probability=-0.9) == ""
    assert with_(text="la la la car June", no_speech=0.8, log_probability=-0.9) == "no speech"
