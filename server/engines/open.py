"""Which engine a setting means."""

from __future__ import annotations

from pathlib import Path

from server.engines import espeak
from server.engines.espeak import Espeak
from server.engines.piper import Piper
from server.engines.speech import Speech
from server.engines.speech_url import SpeechUrl

NOTHING_SPEAKS = "neither what `make run` installs nor the program espeak-ng is there"


def open_speech(setting: str) -> Speech | None:
    """Return the engine that `--speech` names; nothing runs before the first text.

    None means that it is off, or that `auto` finds nothing that speaks.
    """
    kind, _, where = setting.partition(":")
    match kind:
        case "off":
            return None
        case "auto":
            return Espeak() if espeak.source() else None
        case "espeak":
            return Espeak()
        case "piper":
            return Piper(Path(where))
        case _:
            return SpeechUrl(setting)


def described(setting: str) -> str:
    """Return in words what a setting lets speak."""
    return espeak.source() or setting if setting in ("auto", "espeak") else setting
