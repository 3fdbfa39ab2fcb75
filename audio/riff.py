"""WAV files (RIFF): those that libav refuses or reads wrongly are repaired, plain ones are read."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from audio.pcm import Pcm

EXTENSIBLE, PCM = 0xFFFE, 1
PLAIN = struct.Struct("<HHIIHH")
FORM = struct.Struct("<HHIIHHHHIH")  # up to the first two bytes of the extensible form's GUID


def mended(body: bytes) -> bytes:
    """Return a file whose samples are as wide as their containers, with nothing behind its sound.

    Samples of 24 bits in 32 are left-aligned, so that they may be read as 32; libav takes them for floats.
    And it refuses a file because of tags behind the sound that are broken.
    """
    whole = bytearray(body)
    for at, name, size in _chunks(body):
        if name == b"fmt " and FORM.size <= min(size, len(body) - at):
            coding, _, _, _, _, bits, _, _, _, form = FORM.unpack_from(body, at)
            if (coding, form) == (EXTENSIBLE, PCM):
                struct.pack_into("<H", whole, at + 18, bits)
        elif name == b"data" and 0 < size <= len(body) - at:
            return bytes(whole[: at + size])
        elif name == b"data":
            break
    return bytes(whole)


def _chunks(body: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield where the content of each chunk begins, the chunk's name, and its size."""
    at = 12
    while at + 8 <= len(body):
        size = int.from_bytes(body[at + 4 : at + 8], "little")
        yield at + 8, body[at : at + 4], size
        at += 8 + size + size % 2


def samples(body: bytes) -> tuple[Pcm, int]:
    """Return the sound of a plain mono WAV file and its rate in Hz. Raises `ValueError`.

    What writes to a pipe does not know how long it gets: a size that is too large means all the rest.
    """
    if body[:4] != b"RIFF" or body[8:12] != b"WAVE":
        raise ValueError("no WAV file")
    rate_hz = 0
    for at, name, size in _chunks(body):
        if name == b"fmt " and len(body) >= at + PLAIN.size:
            coding, channels, rate_hz, _, _, bits = PLAIN.unpack_from(body, at)
            if (coding, channels, bits) != (PCM, 1, 16):
                raise ValueError("not 16 bits and mono")
        elif name == b"data" and rate_hz:
            sound = body[at : at + size]
            whole = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2")
            return whole.astype(np.float32) / np.float32(32_768), rate_hz
    raise ValueError("no sound in it")
