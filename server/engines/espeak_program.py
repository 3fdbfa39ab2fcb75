"""The program around the shared library of eSpeak NG: says what its standard input holds, as WAV.

It is a process of its own because eSpeak NG is under the GPL, and imports nothing of ours. It does what
`espeak-ng --stdin --stdout` does, where the library is installed and that program is not.
"""

from __future__ import annotations

import ctypes
import struct
import sys

TEXT_BYTES = 4_096
# 20 s at its 22,050 samples of 16 bits a second; what is longer is refused by whoever asked.
SOUND_BYTES = 900_000
HEAD = struct.Struct("<4sI4s4sIHHIIHH4sI")
# Of its speak_lib.h: hand the samples over, never end the process, text is UTF-8, words a minute.
RETRIEVAL, DO_NOT_EXIT, CHARACTERS, UTF8, RATE = 1, 0x8000, 1, 1, 1
GO_ON, END = 0, 1
TAKE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def main(arguments: list[str]) -> None:
    """Say a text: by a library, with a folder's `espeak-ng-data`, a voice, so many words a minute."""
    library, folder, voice, rate = arguments
    espeak = ctypes.CDLL(library)
    rate_hz = espeak.espeak_Initialize(RETRIEVAL, 0, folder.encode(), DO_NOT_EXIT)
    if rate_hz <= 0:
        raise SystemExit("its data cannot be read")
    sound = bytearray()

    def take(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            sound.extend(ctypes.string_at(samples, 2 * count))
        return GO_ON if len(sound) < SOUND_BYTES else END

    taken = TAKE(take)  # kept: the library holds its address only
    espeak.espeak_SetSynthCallback(taken)
    if espeak.espeak_SetVoiceByName(voice.encode()) or espeak.espeak_SetParameter(RATE, int(rate), 0):
        raise SystemExit(f"it lacks the voice {voice}")
    body = sys.stdin.buffer.read(TEXT_BYTES) + b"\0"
    espeak.espeak_Synth(body, len(body), 0, CHARACTERS, 0, UTF8, None, None)
    espeak.espeak_Synchronize()
    sys.stdout.buffer.write(_head(len(sound), rate_hz) + sound)


def _head(size: int, rate_hz: int) -> bytes:
    """Return the head of a mono WAV file with samples of 16 bits."""
    form = (b"fmt ", 16, 1, 1, rate_hz, 2 * rate_hz, 2, 16)
    return HEAD.pack(b"RIFF", HEAD.size - 8 + size, b"WAVE", *form, b"data", size)


if __name__ == "__main__":
    main(sys.argv[1:])
