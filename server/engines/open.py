"""Which engine a setting means."""

from __future__ import annotations

from pathlib import Path

from server.engines.espeak import Espeak
from server.engines.piper import Piper
from server.engines.speech import Speech
from server.engines.speech_url import SpeechUrl


def open_speech(setting: str) -> Speech | None:
    """Return the engine that `--speech` names; nothing runs before the first text."""
    if setting == "off":
        return None
    if setting == "espeak":
        return Espeak()
    kind, _, where = setting.partition(":")
    return Piper(Path(where)) if kind == "piper" else SpeechUrl(setting)
