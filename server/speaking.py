"""`wonder speech test`: how an engine says a text, and how fast."""

from __future__ import annotations

import asyncio
import time
import wave
from pathlib import Path

import numpy as np

from audio import loudness, ogg, opus
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ
from server.config import BadSetting, Config
from server.engines import speech
from server.engines.open import NOTHING_SPEAKS, described, open_speech
from server.engines.worker import EngineFailed
from server.log.base import Unusable

ENDINGS = (".wav", ".ogg")


async def report(config: Config, text: str, file: Path | None, language: str) -> str:
    """Say a text, write it where it is wanted, and return the line of the command.

    Raises `BadSetting` and `Unusable`, each with a sentence.
    """
    if file is not None and file.suffix.lower() not in ENDINGS:
        raise BadSetting(f"{file}: it must end in {' or '.join(ENDINGS)}.")
    if not (words := speech.cleaned(text)):
        raise BadSetting("There is no word in that text.")
    sound, took_s = await said(config, words, language)
    if file is not None:
        try:
            await asyncio.to_thread(_write, file, sound)
        except OSError as error:
            raise Unusable(f"{file} cannot be written ({error.strerror}).") from None
    length_s = len(sound) / SAMPLE_RATE_HZ
    speed = f"{length_s:.1f} s said in {took_s:.2f} s ({length_s / max(took_s, 0.001):.0f} times as fast)"
    loud = f"{loudness.loudness_lufs(sound):.1f} LUFS"
    return f"{described(config.speech)}: {speed}, {loud}" + (f", in {file}" if file is not None else "")


async def said(config: Config, text: str, language: str) -> tuple[Pcm, float]:
    """Return a text spoken, and how many seconds that took. Raises `BadSetting` and `Unusable`."""
    engine = open_speech(config.speech)
    if engine is None and config.speech == "off":
        raise BadSetting("--speech off: name an engine to try.")
    if engine is None:
        raise Unusable(f"Nothing speaks: {NOTHING_SPEAKS}.")
    begun_s = time.monotonic()
    try:
        sound = await engine.say(text, language)
    except EngineFailed as failed:
        raise Unusable(f"--speech {config.speech} does not speak: {failed}") from None
    finally:
        await engine.close()
    if sound is None:
        raise Unusable(f"--speech {config.speech} has no voice for the language {language}.")
    return sound, time.monotonic() - begun_s


def _write(file: Path, sound: Pcm) -> None:
    if file.suffix.lower() == ".ogg":
        frames, preskip = opus.encode(sound)
        file.write_bytes(ogg.write(frames, preskip=preskip, samples=len(frames) * opus.FRAME - preskip))
        return
    with file.open("wb") as out, wave.open(out) as wav:
        wav.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        wav.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
