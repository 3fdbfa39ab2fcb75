"""`wonder captions test`: what a model hears in a recording, and how fast."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from audio import media_types
from audio.take import LONGEST_CLIP_MS, Clip, Limits, Unfit
from server.config import BadSetting, Config
from server.engines import models
from server.engines.transcriber import Heard, LanguageMissing, WhisperTranscriber
from server.engines.worker import EngineFailed
from server.log.base import Unusable
from server.takes.finisher import Finisher


async def report(config: Config, file: Path, language: str) -> str:
    """Return the lines of the command. Raises `BadSetting` and `Unusable`, each with a sentence."""
    if config.captions == "off":
        raise BadSetting("--captions off: name a model to try.")
    try:
        model = models.find(config.captions, config.data)
    except models.NoModel as missing:
        raise Unusable(f"{missing.found}. {missing.advice}") from None
    clip = await _finished(file)
    transcriber = WhisperTranscriber(model)
    try:
        began_s = time.monotonic()
        await transcriber.warm_up()
        loaded_s = time.monotonic()
        heard = await transcriber.transcribe(clip.ogg, language)
        took_s = time.monotonic() - loaded_s
    except (EngineFailed, LanguageMissing) as failed:
        raise Unusable(str(failed)) from None
    finally:
        await transcriber.close()
    return "\n".join(_lines(heard, clip, loaded_s - began_s, took_s, transcriber.name))


async def _finished(file: Path) -> Clip:
    """Return a recording as the clip that the server would make of it."""
    body = await asyncio.to_thread(file.read_bytes)
    finisher = Finisher()
    try:
        kind = media_types.kind_of(body) or "wav"
        return await finisher.upload(body, f"audio/{kind}", Limits(longest_ms=LONGEST_CLIP_MS))
    except Unfit as unfit:
        raise Unusable(f"{file}: {unfit.message}") from None
    finally:
        await finisher.close()


def _lines(heard: Heard, clip: Clip, load_s: float, took_s: float, name: str) -> list[str]:
    said = [f"{start / 1000:7.2f} {end / 1000:7.2f}  {word}" for word, start, end in heard.words]
    length_s = clip.duration_ms / 1000
    speed = (
        f"{length_s:.1f} s read in {took_s:.2f} s ({length_s / max(took_s, 0.001):.0f} times as fast as said)"
    )
    return [*said, heard.text or "(no words)", f"{name}: loaded in {load_s:.1f} s, {speed}"]
