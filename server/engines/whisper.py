"""Whisper on short clips, through CTranslate2's own interface: as many words in a quarter of the time.

faster-whisper always computes a window of 30 s; a clip is 0.3 to 30 s. To be imported in
processes of its own only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

RATE_HZ = 16_000
# Silence in the sound behind the clip. Zeros among the features instead: a quarter of single words fewer;
# less than 5 s: sentences are written again and again.
PADDING_S = 5.0
# Silence before it, for whole sentences: 133 words have 4 errors with tiny.en instead of 9 (base 3
# both ways), but single words are read worse.
LEAD_S, LEAD_FROM_S = 0.5, 2.0
WINDOW_FRAMES = 3_000  # what Whisper was trained on: 30 s
FRAME_S = 0.01
TOKEN_S = 0.02
# Single words need timestamps (82 of 100 right instead of 63); on long clips they cost words.
TIMESTAMPS_UNTIL_S = 12.0
LATEST_BEGIN = 50  # in 20 ms: the first word begins within a second
REPEATED_TOKENS = 6  # no so many twice; with 4 people who repeat themselves lose words
TOKENS_AT_LEAST, TOKENS_A_SECOND = 14, 6
EDGE_S = 0.05  # what is said to begin so near the end of the clip is invented
SMOOTHING = 7  # frames of the median filter over the attention that times words

Samples = NDArray[np.float32]


class Reading(Struct, frozen=True):
    """What was read: its words with their times (ms), and what the model itself says about them."""

    text: str
    words: tuple[tuple[str, int, int], ...]
    no_speech: float
    log_probability: float


class Whisper:
    """A loaded model."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        import ctranslate2  # noqa: PLC0415 - the extra `captions`

        self.device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        try:
            self._model = _loaded(folder, self.device, threads)
        except RuntimeError:
            if self.device == "cpu":
                raise
            self.device = "cpu"  # a card without CUDA's libraries
            self._model = _loaded(folder, self.device, threads)
        self._tokenizers: dict[str, Any] = {}

    def read(self, samples: Samples, language: str) -> Reading:
        """Return what is said in a sound of 16 kHz."""
        seconds = len(samples) / RATE_HZ
        lead_s = LEAD_S if seconds >= LEAD_FROM_S else 0.0
        model, tokenizer = self._model, self._tokenizer(language)
        padded = np.pad(samples, (int(lead_s * RATE_HZ), int(PADDING_S * RATE_HZ)))
        features = model.feature_extractor(padded, padding=0)
        features = features[:, : min(WINDOW_FRAMES, features.shape[1] // 2 * 2)]
        encoded = model.encode(features)
        prompt = model.get_prompt(tokenizer, [], without_timestamps=seconds > TIMESTAMPS_UNTIL_S)
        result = model.model.generate(
            encoded,
            [prompt],
            beam_size=1,
            no_repeat_ngram_size=REPEATED_TOKENS,
            max_length=len(prompt) + TOKENS_AT_LEAST + int(seconds * TOKENS_A_SECOND),
            max_initial_timestamp_index=LATEST_BEGIN,
            suppress_blank=True,
            suppress_tokens=[-1],
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = said(result.sequences_ids[0], tokenizer.timestamp_begin, tokenizer.eot, lead_s + seconds)
        count = len(result.sequences_ids[0])
        return Reading(
            tokenizer.decode(tokens).strip(),
            self._timed(tokens, tokenizer, encoded, lead_s, seconds) if tokens else (),
            float(result.no_speech_prob),
            float(result.scores[0]) * count / (count + 1),
        )

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415 - the extra `captions`

        if language not in self._tokenizers:
            model = self._model
            self._tokenizers[language] = Tokenizer(
                model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language
            )
        return self._tokenizers[language]

    def _timed(
        self, tokens: list[int], tokenizer: Any, encoded: Any, lead_s: float, seconds: float
    ) -> tuple[tuple[str, int, int], ...]:
        """Return the words with their times, from where the model looks while it writes them."""
        frames = min(WINDOW_FRAMES, int((lead_s + seconds) / FRAME_S))
        found = self._model.model.align(
            encoded, tokenizer.sot_sequence, [tokens], frames, median_filter_width=SMOOTHING
        )[0]
        words, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        begins: dict[int, int] = {}
        for token, frame in found.alignments:
            begins.setdefault(token, frame)
        edges = np.cumsum([0, *(len(part) for part in parts)])[: len(words)]
        lead, last = int(lead_s / TOKEN_S), int(seconds / TOKEN_S)
        at = [max(0, min(begins.get(int(edge), lead + last) - lead, last)) for edge in edges]
        return joined(
            list(zip(words, at, [*at[1:], last], strict=True))[: len(words) - 1], int(seconds * 1000)
        )


def said(tokens: list[int], first_timestamp: int, end: int, seconds: float) -> list[int]:
    """Return the tokens of text; what is said to begin after the clip's end is invented."""
    text = []
    for token in tokens:
        if token >= first_timestamp:
            if (token - first_timestamp) * TOKEN_S >= seconds - EDGE_S:
                break
        elif token < end:
            text.append(token)
    return text


def joined(timed: list[tuple[str, int, int]], clip_ms: int) -> tuple[tuple[str, int, int], ...]:
    """Return words as they are shown, marks with the word they follow, and times in ms that never go back."""
    words: list[tuple[str, int, int]] = []
    for text, start, end in timed:
        start_ms, end_ms = (min(clip_ms, round(frame * TOKEN_S * 1000)) for frame in (start, end))
        is_part = not any(map(str.isalnum, text)) or not (text[0].isspace() or text[0].isalnum())
        if words and is_part:  # a mark, or what follows a hyphen
            before, begin, until = words.pop()
            words.append((before + text.strip(), begin, max(until, end_ms)))
        elif text.strip():
            start_ms = max(start_ms, words[-1][2] if words else 0)
            words.append((text.strip(), start_ms, max(start_ms, end_ms)))
    return tuple(words)


def _loaded(folder: Path, device: str, threads: int) -> Any:
    from faster_whisper import WhisperModel  # noqa: PLC0415 - the extra `captions`

    kind = "int8" if device == "cpu" else "int8_float16"
    return WhisperModel(
        str(folder), device=device, compute_type=kind, cpu_threads=threads, local_files_only=True
    )
