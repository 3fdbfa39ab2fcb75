"""Repair WAV files (RIFF) that some programs write and libav refuses or reads wrongly."""

from __future__ import annotations

import struct
from collections.abc import Iterator

EXTENSIBLE, PCM = 0xFFFE, 1
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
