"""Which engine writes the lines of a room's character."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.engines.fallback import Fallback
from server.engines.tally import Tally
from server.engines.text import TextEngine
from server.engines.worker import EngineFailed

if TYPE_CHECKING:
    from server.engines.openai_text import OpenAiText

EXTRA = "Run `make extras`."  # what to do where the library is missing


def open_text(engine: str, openai: OpenAiText | None, embedded: TextEngine) -> TextEngine | None:
    """Return the engine that `--host-engine` names, with the embedded one behind it; None where it is off."""
    if engine == "off":
        return None
    return Fallback(openai, embedded) if engine == "openai" and openai is not None else embedded


def open_openai(url: str, model: str, key: str, tally: Tally) -> OpenAiText:
    """Return the engine that asks a model; nothing is asked yet. Raises `EngineFailed`."""
    try:
        from server.engines.openai_text import OpenAiText  # noqa: PLC0415 - of an extra, and slow to load
    except ImportError:
        raise EngineFailed("the library openai is not installed.") from None
    return OpenAiText(url, model, key, tally=tally)
