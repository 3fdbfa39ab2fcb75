"""Encode a clip as AAC in MP4 for players without Opus, index first so that playback starts at once."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame

from audio import ogg, opus
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ, Packet

BITRATE = 64_000
CHUNK = 1024  # samples of an AAC frame
_NESTING = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}


def from_ogg(body: bytes) -> bytes:
    """Return a finished clip (Ogg Opus) as M4A without tags. Raises `ogg.BadOgg`."""
    stream = ogg.read_stream(body)
    packets = [Packet(index * opus.FRAME, payload) for index, payload in enumerate(stream.packets)]
    pcm = opus.decode(packets, longest=len(packets) * opus.FRAME)
    return index_first(_encoded(pcm[stream.preskip : stream.preskip + stream.samples]))


def _encoded(pcm: Pcm) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono", options={"flags": "+bitexact"})
        stream.bit_rate = BITRATE
        for frame in _frames(pcm):
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def _frames(pcm: Pcm) -> Iterator[AudioFrame]:
    for at in range(0, len(pcm), CHUNK):
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(pcm[None, at : at + CHUNK]), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, at, Fraction(1, SAMPLE_RATE_HZ)
        yield frame


def index_first(mp4: bytes) -> bytes:
    """Move the index (`moov`) before the sound (`mdat`) and correct its offsets: "fast start"."""
    found = [(kind, mp4[start:end]) for kind, start, _, end in boxes(mp4, 0, len(mp4))]
    index = bytearray(next(box for kind, box in found if kind == b"moov"))
    head = b"".join(box for kind, box in found if kind == b"ftyp")
    rest = b"".join(box for kind, box in found if kind not in {b"ftyp", b"moov"})
    before = mp4.index(rest[:16], len(head))
    _shift(index, len(head) + len(index) - before)
    return head + bytes(index) + rest


def boxes(body: bytes | bytearray, at: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield (kind, start, start of the content, end) of each box."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", body, at)
        if size < 8 or at + size > end:
            raise ValueError("a box has no proper size")
        yield kind, at, at + 8, at + size
        at += size


def _shift(index: bytearray, by: int) -> None:
    """Add `by` to each chunk offset (`stco`) in the index."""
    areas = [(0, len(index))]
    while areas:
        for kind, _, content, end in boxes(index, *areas.pop()):
            if kind in _NESTING:
                areas.append((content, end))
            elif kind == b"stco":
                (count,) = struct.unpack_from(">I", index, content + 4)
                offsets = struct.unpack_from(f">{count}I", index, content + 8)
                struct.pack_into(f">{count}I", index, content + 8, *(offset + by for offset in offsets))
