"""What speech recognition is to the rest of the server: a clip in, its words out."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class EngineFailed(Exception):
    """The engine crashed, hung or ran out of memory; the sentence says which. The next clip may work."""


class LanguageMissing(Exception):
    """The model does not know this language."""


class Heard(Struct, frozen=True):
    """What was heard in a clip: each word from when to when in it, in ms; no text where no words were."""

    text: str
    language: str
    words: tuple[tuple[str, int, int], ...]


class Transcriber(Protocol):
    """Speech recognition; `name` tells whose words these are."""

    name: str

    async def transcribe(self, clip: bytes, language: str, *, speech_ms: int | None) -> Heard:
        """Return the words of a clip. Raises `EngineFailed` and `LanguageMissing`.

        `speech_ms` is how much of it is speech, counted before a mask; None: it is counted here.
        """

    async def close(self) -> None:
        """End what runs; may be called again."""
