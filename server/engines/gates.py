"""Whether what a recogniser read is what somebody said: it writes sentences for barks and silence too.

The first gate is before this one: what has no onset of speech (`audio.onset`) becomes no clip.
Measured on 147 recorded words and 78 noises, tones, laughs and screams of monkeys: 146 words kept and nothing
invented, by tiny.en as by base. On a larger set, with masks: 94 to 98 of 100 kept, 1 in 100 invented at most.
"""

from __future__ import annotations

import re
import zlib

from msgspec import Struct

# Silero must have heard so much (seven of its windows): without it a third of all noises have words; with
# six, base writes "I'm not having a problem" for a monkey. It is deaf to whispering masks, so it counts
# before them.
SPEECH_LEAST_MS = 220
# What the recogniser itself says about its words. 98 of 100 spoken words have at most 0.36.
NO_SPEECH_MOST = 0.45
# But lists, words said one by one, have up to 0.81: tiny.en lost 9 of 24 by that, base 15. Several different
# words that the recogniser holds for probable stand; noises with so probable a text have three at most.
PROBABLE, SEVERAL_WORDS = -1.05, 4
# It says so of the beginning of a clip alone. Where Silero heard speech for long and the words are sure, they
# stand: sentences of 9 to 27 s, also in noise, have -0.24 and more, laughs of 5 and 10 s -0.48 and less.
LONG_SPEECH_MS = 3_000
SURE_LOG_PROBABILITY = -0.3
# Barely tells words from noise: at -1 it would take a third of all words.
LOG_PROBABILITY_LEAST = -1.5
# Text that shrinks so much repeats itself. People who repeat themselves on purpose take longer for it.
SHORT_MS = 5_000
COMPRESSION_MOST_SHORT = 1.8
COMPRESSION_MOST = 2.4
# So many words, and each of them three times on average, are a recogniser that runs in circles.
REPEATED_WORDS = 4
REPETITIONS = 3

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Evidence(Struct, frozen=True):
    """A text, and what is known of the sound it was read from."""

    text: str
    clip_ms: int
    speech_ms: int
    no_speech: float
    log_probability: float


def refusal(evidence: Evidence) -> str:
    """Return the name of the first gate that lets the text not through; empty when it stands."""
    if evidence.speech_ms < SPEECH_LEAST_MS:
        return "no voice"
    words = _WORD.findall(evidence.text.lower())
    if not words:
        return "no words"
    # Written so that what is no number is refused.
    is_list = evidence.log_probability > PROBABLE and len(set(words)) >= SEVERAL_WORDS
    if not evidence.no_speech < (1.0 if is_list or _is_sure(evidence) else NO_SPEECH_MOST):
        return "no speech"
    if not evidence.log_probability > LOG_PROBABILITY_LEAST:
        return "improbable"
    most = COMPRESSION_MOST_SHORT if evidence.clip_ms < SHORT_MS else COMPRESSION_MOST
    if compression(evidence.text) >= most:
        return "compressible"
    if len(words) >= REPEATED_WORDS and len(set(words)) * REPETITIONS <= len(words):
        return "repeated"
    return ""


def _is_sure(evidence: Evidence) -> bool:
    return evidence.speech_ms >= LONG_SPEECH_MS and evidence.log_probability >= SURE_LOG_PROBABILITY


def compression(text: str) -> float:
    """Return how many times smaller a text gets; short ones get larger."""
    body = text.encode()
    return len(body) / len(zlib.compress(body)) if body else 0.0
