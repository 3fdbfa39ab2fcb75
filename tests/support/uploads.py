"""Files as recorders and other programs make them: sound in WebM, MP4, Ogg and WAV, written by libav."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream

from tests.support.speech import RATE_HZ, Pcm

SAMPLE_FORMATS = {
    "libopus": "flt",
    "aac": "fltp",
    "flac": "s16",
    "pcm_s16le": "s16",
    "pcm_f32le": "flt",
    "pcm_s24le": "s32",
    "libmp3lame": "fltp",
}


def muxed(pcm: Pcm, container: str, codec: str, *, rate_hz: int = RATE_HZ, layout: str = "mono") -> bytes:
    """Encode 48 kHz mono sound and put it into a file of the given kind."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream = cast(AudioStream, file.add_stream(codec, rate=rate_hz, layout=layout))
        resampler = av.AudioResampler(format=SAMPLE_FORMATS[codec], layout=layout, rate=rate_hz)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm[None]), format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return buffer.getvalue()
