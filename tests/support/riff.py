"""WAV files by hand, in the forms that recorders and sound programs write."""

from __future__ import annotations

import struct

import numpy as np

from tests.support.speech import Pcm, resample

PCM, FLOAT, ALAW, MULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
GUID = bytes.fromhex("000000001000800000aa00389b71")  # behind the two bytes that say which coding


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    """Write one chunk; `size` is what its head claims."""
    claimed = len(body) if size is None else size
    return name + struct.pack("<I", claimed) + body + b"\0" * (len(body) % 2)


def form(coding: int, bits: int, channels: int = 1, rate_hz: int = 16_000, more: bytes = b"") -> bytes:
    """Write a `fmt ` chunk."""
    block = channels * bits // 8
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", coding, channels, rate_hz, rate_hz * block, block, bits) + more
    )


def extensible(coding: int, bits: int, channels: int = 1, more: bytes = b"", valid: int = 0) -> bytes:
    """Write a `fmt ` chunk of the extensible sort; `more` are bytes that nobody expects behind it.

    `valid` is how many bits of a sample count, by default all.
    """
    size = 22 + len(more)
    tail = struct.pack("<HHIH", size, valid or bits, 3 if channels == 2 else 4, coding) + GUID + more
    return form(EXTENSIBLE, bits, channels, more=tail)


def file(fmt: bytes, samples: bytes, **claims: int | bytes) -> bytes:
    """Write a whole file. `claims` are its `name`, `size`, `data_size`, and chunks `before` the first."""
    name, before = bytes(claims.get("name", b"RIFF")), bytes(claims.get("before", b""))
    data_size = int(claims.get("data_size", len(samples)))
    body = b"WAVE" + before + fmt + chunk(b"data", samples, data_size)
    return name + struct.pack("<I", int(claims.get("size", len(body)))) + body


def large(fmt: bytes, samples: bytes, name: bytes = b"RF64") -> bytes:
    """Write a file whose sizes stand in a chunk of 64 bits (EBU Tech 3306)."""
    sizes = chunk(b"ds64", struct.pack("<QQQI", 72 + len(fmt) + len(samples), len(samples), len(samples), 0))
    return file(fmt, samples, name=name, size=0xFFFFFFFF, data_size=0xFFFFFFFF, before=sizes)


def samples(pcm: Pcm, form: str, rate_hz: int = 16_000) -> bytes:
    """Return sound as numpy writes a number format (`<i2`, `<f8`, ...)."""
    narrow = resample(pcm, 48_000, rate_hz)
    if form[1] == "f":
        return bytes(narrow.astype(form).tobytes())
    return bytes((np.clip(narrow, -1, 1) * (2 ** (8 * int(form[2:]) - 1) - 1)).astype(form).tobytes())


def mulaw(pcm: Pcm, rate_hz: int = 16_000) -> bytes:
    """Return sound in mu-law (ITU-T G.711), a byte a sample."""
    value = np.clip(np.abs(resample(pcm, 48_000, rate_hz)) * 32_635 + 132, 132, 32_767).astype(np.int32)
    exponent = np.log2(value).astype(np.int32) - 7
    mantissa = (value >> (exponent + 3)) & 15
    sign = (resample(pcm, 48_000, rate_hz) < 0) * 128
    return bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8).tobytes())


def alaw(pcm: Pcm, rate_hz: int = 16_000) -> bytes:
    """Return sound in A-law (ITU-T G.711), a byte a sample."""
    narrow = resample(pcm, 48_000, rate_hz)
    value = np.clip(np.abs(narrow) * 4_096, 0, 4_095).astype(np.int32)
    exponent = np.maximum(np.log2(np.maximum(value, 1)).astype(np.int32) - 4, 0)
    mantissa = np.where(exponent < 2, value >> 1, value >> np.maximum(exponent, 1)) & 15
    exponent = np.where(value < 32, 0, exponent)
    return bytes((((narrow >= 0) * 128 | exponent << 4 | mantissa) ^ 0x55).astype(np.uint8).tobytes())
