"""What writing captions costs, how right they are, and how soon they come: python -m bench.captions.

Clips are recorded people through the product's own finish. Beside it the same clips by faster-whisper alone,
as it is meant to be used: same model, one thread, beam 1, temperature 0, word times. From landing to caption
is measured on the real server, by the times of its events: one clip of 3 s after the other is uploaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import quantiles
from time import process_time
from typing import Any

from audio import finish
from audio.pcm import Pcm
from audio.take import LONGEST_CLIP_MS, SAMPLE_RATE_HZ, Limits, Unfit
from bench.chat import Subject, serving
from server.engines.models import Model, find
from server.engines.transcribing import Listen, Reader, samples_of
from server.engines.worker import ENVIRONMENT
from tests.support import noises, spoken
from tests.support.shape import ROOT
from tests.support.visitor import events, upload

LONG = Limits(longest_ms=LONGEST_CLIP_MS)
CLIP_SAMPLES, TIMES, LIMIT_S = 3 * SAMPLE_RATE_HZ, 4, 60.0
KEY = "b" * 43
MODELS = {"tiny_en": spoken.tiny_en, "base": spoken.base}

Clips = list[tuple[str, bytes, str]]  # what is said, the clip, its language


def measure() -> dict[str, float]:
    """Return the figures, each model in a process set up as the transcriber's is."""
    figures: dict[str, float] = {}
    for name in MODELS:
        code = f"import json; from bench import captions; print(json.dumps(captions.figures('{name}')))"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        figures |= {f"{name}_{figure}": value for figure, value in json.loads(done.stdout).items()}
        figures |= {f"{name}_{figure}": value for figure, value in waits(name).items()}
    return figures


def figures(name: str) -> dict[str, float]:
    """Measure one model in this process."""
    model = find(str(MODELS[name]()), ROOT)
    reader = Reader(model.folder)
    alone = plain(model)

    def read(clip: bytes, language: str) -> str:
        return reader.read(Listen(clip, language)).text

    said, singles = clips(spoken.sentences()), clips(spoken.words())
    ours_s, ours = timed(said, read)
    theirs_s, theirs = timed(said, alone)
    singles_s, words = timed(singles, read)
    some = singles[::6]
    some_s, _ = timed(some, alone)
    invented, others = non_speech(reader)
    found = {
        "cpu_ms_a_sentence": 1000 * ours_s / len(said),
        "clips_a_second_and_core": len(said) / ours_s,
        "times_faster_whisper_alone": theirs_s / ours_s,
        "times_faster_whisper_alone_words": (some_s / len(some)) / (singles_s / len(singles)),
        "word_errors_percent": wrong_percent(said, ours),
        "word_errors_percent_faster_whisper_alone": wrong_percent(said, theirs),
        "cpu_ms_a_word": 1000 * singles_s / len(singles),
        "single_words_kept_percent": 100 * sum(map(bool, words)) / len(singles),
        "single_words_wrong_percent": wrong_percent(singles, words),
        "invented_percent": 100 * invented / others,
    }
    if "de" in model.languages:
        german = clips(spoken.german_words())
        found["german_single_words_wrong_percent"] = wrong_percent(german, timed(german, read)[1])
    return found


def waits(name: str) -> dict[str, float]:
    """Return how long clips of 3 s wait for their words on a server with one worker."""
    with serving(captions=str(MODELS[name]())) as server:
        room = server.new_room()
        said = [each.pcm[:CLIP_SAMPLES] for each in spoken.sentences() if len(each.pcm) >= CLIP_SAMPLES]

        def wait_ms(pcm: Pcm) -> float:
            return caption_after_ms(server, room, upload(server.url, room, KEY, pcm))

        wait_ms(said[0])  # the worker starts, and reads its model
        waited_ms = [wait_ms(pcm) for pcm in said * TIMES]
    cuts = quantiles(waited_ms, n=100, method="inclusive")
    return {"landing_to_caption_p50_ms": cuts[49], "landing_to_caption_p99_ms": cuts[98]}


def caption_after_ms(server: Subject, room: str, clip: str) -> float:
    """Return the time between the events of a clip's landing and of its caption. Raises `TimeoutError`."""
    ends_s = time.monotonic() + LIMIT_S
    while time.monotonic() < ends_s:
        at_ms = {e["kind"]: e["at_ms"] for e in events(server.url, room) if e["data"].get("clip") == clip}
        if "clip.captioned" in at_ms:
            return float(at_ms["clip.captioned"] - at_ms["clip.landed"])
        time.sleep(0.05)
    raise TimeoutError(f"no words came for clip {clip}")


def clips(recordings: list[spoken.Spoken]) -> Clips:
    """Return recordings as clips."""
    return [(each.text, finish.finish(each.pcm, LONG).ogg, each.language) for each in recordings]


def timed(said: Clips, read: Callable[[bytes, str], str]) -> tuple[float, list[str]]:
    """Return CPU in seconds, and what was read."""
    read(said[0][1], said[0][2])
    begun_s = process_time()
    texts = [read(clip, language) for _, clip, language in said]
    return process_time() - begun_s, texts


def wrong_percent(said: Clips, texts: list[str]) -> float:
    """Return how many of the words are wrong, missing or too many."""
    errors = [spoken.word_errors(text, found) for (text, _, _), found in zip(said, texts, strict=True)]
    return 100 * sum(wrong for wrong, _ in errors) / sum(words for _, words in errors)


def plain(model: Model) -> Callable[[bytes, str], str]:
    """Return faster-whisper as it is."""
    from faster_whisper import WhisperModel  # noqa: PLC0415 - the extra `captions`

    whisper: Any = WhisperModel(str(model.folder), device="cpu", compute_type="int8", cpu_threads=1)

    def read(clip: bytes, language: str) -> str:
        segments, _ = whisper.transcribe(
            samples_of(clip),
            language=language,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)

    return read


def non_speech(reader: Reader) -> tuple[int, int]:
    """Return how many sounds without speech are given words, and how many there are."""
    invented = others = 0
    for _, pcm in noises.every():
        others += 1
        try:
            invented += bool(reader.read(Listen(finish.finish(pcm, LONG).ogg, "en")).text)
        except Unfit:
            continue
    return invented, others


def main() -> None:
    for name, value in measure().items():
        print(f"{name:>55} {value:8.2f}")


if __name__ == "__main__":
    main()
