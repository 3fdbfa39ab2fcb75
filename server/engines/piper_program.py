"""The program around Piper: reads texts from its standard input (a socket), writes sound.

A text comes as its language, a tab, the words and a line's end; what goes back is the rate and the size as
two big-endian numbers of 4 bytes, then samples of 16 bits. It is a process of its own because Piper is under
the GPL, and imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from pathlib import Path
from typing import Any

HEAD = struct.Struct(">II")
LINE_BYTES = 4_096
MEMORY_BYTES = 3 * 1024**3  # of addresses; it uses 250 MB


def main(folder: str) -> None:
    """Answer until the socket ends."""
    _bound()
    from piper import PiperVoice  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - an extra

    voices = {
        path.name[:2].lower(): PiperVoice.load(str(path)) for path in sorted(Path(folder).glob("*.onnx"))
    }
    with socket.socket(fileno=0) as channel, channel.makefile("rwb") as pipe:
        while line := pipe.readline(LINE_BYTES):
            language, _, text = line.decode("utf-8", "replace").partition("\t")
            rate_hz, sound = _said(voices.get(language), text.strip())
            pipe.write(HEAD.pack(rate_hz, len(sound)) + sound)
            pipe.flush()


def _said(voice: Any, text: str) -> tuple[int, bytes]:
    """Return rate and samples, two noughts for a language without a voice."""
    if voice is None or not text:
        return 0, b""
    parts = list(voice.synthesize(text))
    return parts[0].sample_rate if parts else 0, b"".join(part.audio_int16_bytes for part in parts)


def _bound() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on every platform

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    main(sys.argv[1])
