"""How many innocent sentences are held when they are spoken: python -m bench.false_alarms.

Each line of `tests/texts/en_innocent.txt` is spoken by Piper and by Flite, goes through the product's own
finish, is read, and passes all three filters as a caption. The German ones are spoken by eSpeak, read
badly: words that nobody said trip filters, too, if any do.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import wave
from collections.abc import Callable

import av
import numpy as np
from msgspec.structs import replace

from audio import finish
from audio.take import Unfit
from bench.captions import LONG
from server.engines.models import find
from server.engines.transcribing import Listen, Reader
from server.engines.worker import ENVIRONMENT
from server.room.events import ClipCaptioned, Language
from server.room.held import tripped as tripped_by
from server.room.state import EMPTY
from tests.support import spoken
from tests.support.shape import ROOT
from tests.support.texts import innocent

FLITE = ROOT / ".build/programs/usr/bin/flite"

Say = Callable[[str], spoken.Pcm]


def piper() -> Say:
    """Return Piper with its voice."""
    from piper import PiperVoice  # noqa: PLC0415 - the extra `speech`

    voice = PiperVoice.load(spoken.piper_voice())

    def say(text: str) -> spoken.Pcm:
        with io.BytesIO() as file, wave.open(file, "wb") as sound:
            voice.synthesize_wav(text, sound)
            sound.close()
            return pcm_of(file.getvalue())

    return say


def program(*command: str) -> Say:
    """Return a program that writes a WAV file of the text behind its arguments."""

    def say(text: str) -> spoken.Pcm:
        done = subprocess.run([*command, text], capture_output=True, check=True)
        return pcm_of(done.stdout)

    return say


def pcm_of(body: bytes) -> spoken.Pcm:
    """Return a WAV file as samples at 48 kHz."""
    resampler = av.AudioResampler("flt", "mono", spoken.RATE_HZ)
    with av.open(io.BytesIO(body), "r") as file:
        frames = [part for frame in [*file.decode(audio=0), None] for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)


def held(reader: Reader, say: Say, language: Language) -> tuple[int, list[str]]:
    """Return how many sentences were read, and what was read of those that a filter held."""
    read, tripped = 0, []
    for text in innocent(language):
        try:
            clip = finish.finish(say(text), LONG).ogg
        except Unfit:
            continue
        words = reader.read(Listen(clip, language)).text
        read += bool(words)
        state = replace(EMPTY, kind="arena", language=language)  # it has all filters
        name = tripped_by(state, ClipCaptioned("clip", words, language))
        if name:
            tripped.append(f"{name}: {text!r} was read as {words!r}")
    return read, tripped


def main() -> None:
    """Print what is held."""
    os.environ.update(ENVIRONMENT, HF_HUB_OFFLINE="1")
    tiny, base = (Reader(find(str(folder()), ROOT).folder) for folder in (spoken.tiny_en, spoken.base))
    flite = program(str(FLITE), "-voice", "slt", "-o", "/dev/stdout", "-t")
    espeak = program("espeak-ng", "-v", "de", "--stdout", "--")
    tries: tuple[tuple[str, Reader, Say, Language], ...] = (
        ("tiny.en, Piper", tiny, piper(), "en"),
        ("tiny.en, Flite", tiny, flite, "en"),
        ("base, Piper", base, piper(), "en"),
        ("base, eSpeak, German", base, espeak, "de"),
    )
    for name, reader, say, language in tries:
        read, tripped = held(reader, say, language)
        print(f"{name}: {len(tripped)} held of {read} read of {len(innocent(language))}", flush=True)
        for line in tripped:
            print(f"  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
