"""What every speech engine does: a text becomes sound, as loud as clips, without air around it.

Engines are separate programs or servers; whatever is wrong with one is an `EngineFailed`.
"""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np

from audio import loudness
from audio.pcm import Pcm, fade_edges, resample
from audio.take import SAMPLE_RATE_HZ
from server.engines.worker import EngineFailed

# A text is no longer than a topic and a rule together, and its sound no longer than it may be.
TEXT_CHARACTERS = 300
LONGEST_MS = 20_000
SHORTEST_MS = 40
# "7" is "seven": a digit takes the time of so many letters.
DIGIT_LETTERS = 4
# An engine that has not said a text after this long hangs.
WITHIN_S = 4.0
# What is quieter than this share of the loudest sample, at either end, is air.
AIR_SHARE = 0.01
EDGE = SAMPLE_RATE_HZ // 500


class Speech(Protocol):
    """An engine that speaks."""

    name: str

    async def say(self, text: str, language: str) -> Pcm | None:
        """Return a text spoken, at 48 kHz, levelled and trimmed; None in a language that it lacks.

        Raises `EngineFailed`.
        """

    async def close(self) -> None:
        """End what runs; may be called again."""


def cleaned(text: str) -> str:
    """Return a text as it is read out: without quotes, ellipses, braces and whatever else is no word."""
    text = re.sub(r"[{}\"“”„«»<>*_|\\^~`\[\]()#]", " ", text)
    text = text.replace("…", ".").replace("’", "'").replace("–", ",").replace("—", ",")
    text = re.sub(r"\.{2,}", ".", "".join(letter if letter.isprintable() else " " for letter in text))
    text = re.sub(r"\s+([.,!?:;])", r"\1", " ".join(text.split()))
    return text[:TEXT_CHARACTERS].strip()


def estimated_ms(text: str, language: str) -> int:
    """Return about how long a text takes to be said, rather too long than too short.

    Fitted to eSpeak at the rates used here; other voices are quicker or as slow.
    """
    letters = sum(DIGIT_LETTERS if letter.isdigit() else letter.isalnum() for letter in text)
    words = len(text.split())
    stops = len(re.findall(r"[.!?:](?=\s)", text))
    commas = len(re.findall(r"[,;](?=\s)", text))
    letter_ms, word_ms = (62, 60) if language == "en" else (68, 50)
    return round(1.2 * (120 + letter_ms * letters + word_ms * words + 540 * stops + 380 * commas))


def finished(pcm: Pcm, rate_hz: int) -> Pcm:
    """Return what an engine said, as clips are: 48 kHz, levelled, without air. Raises `EngineFailed`."""
    if not len(pcm) or not np.isfinite(pcm).all() or not 8_000 <= rate_hz <= 192_000:
        raise EngineFailed("it gave no sound.")
    if len(pcm) > rate_hz * LONGEST_MS // 1000:
        raise EngineFailed(f"it talked for more than {LONGEST_MS // 1000} s.")
    loud = np.flatnonzero(np.abs(pcm) > AIR_SHARE * float(np.abs(pcm).max()))
    if not len(loud):
        raise EngineFailed("it was silent.")
    heard = resample(pcm[loud[0] : loud[-1] + 1], rate_hz, SAMPLE_RATE_HZ)
    if len(heard) < SAMPLE_RATE_HZ * SHORTEST_MS // 1000:
        raise EngineFailed("it gave a click instead of words.")
    return loudness.level(fade_edges(heard, EDGE))
