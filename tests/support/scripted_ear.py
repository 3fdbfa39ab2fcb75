"""Speech recognition by a script: what it hears is written in the sound, or told by the test."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from server.engines.transcriber import Heard, LanguageMissing
from server.engines.worker import EngineFailed


def worded(text: str, *, word_ms: int = 200) -> tuple[tuple[str, int, int], ...]:
    """Return the words of a text, each as long as the other."""
    return tuple((word, at * word_ms, (at + 1) * word_ms - 20) for at, word in enumerate(text.split()))


class ScriptedEar:
    """Hears what `script` says of a sound, else its bytes as words; `gate` holds it back.

    A sound on which it fails is in `failures`, with how often.
    """

    name = "scripted"

    def __init__(self, script: Mapping[bytes, str] | None = None, languages: tuple[str, ...] = ()) -> None:
        self.script, self.languages = dict(script or {}), languages
        self.failures: Counter[bytes] = Counter()
        self.asked: list[bytes] = []
        self.speech_ms: list[int | None] = []
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def transcribe(self, clip: bytes, language: str, *, speech_ms: int | None) -> Heard:
        self.asked.append(clip)
        self.speech_ms.append(speech_ms)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
        finally:
            self.at_once -= 1
        if self.failures[clip] > 0:
            self.failures[clip] -= 1
            raise EngineFailed("the engine crashed")
        if self.languages and language not in self.languages:
            raise LanguageMissing(language)
        text = self.script.get(clip, clip.decode("ascii", "replace"))
        return Heard(text, language, worded(text))

    async def close(self) -> None:
        self.gate.set()
