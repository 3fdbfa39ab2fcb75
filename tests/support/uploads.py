"""Files as recorders and other programs make them: sound in WebM, MP4, Ogg and WAV, written by libav."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition

from tests.support.speech import RATE_HZ, Pcm

# What an encoder wants to get.
SAMPLE_FORMATS = {
    "libopus": "flt",
    "aac": "fltp",
    "vorbis": "fltp",
    "flac": "s16",
    "alac": "s16p",
    "libopencore_amrnb": "s16",
    "adpcm_ms": "s16",
    "adpcm_ima_wav": "s16p",
    "pcm_u8": "u8",
    "pcm_s16le": "s16",
    "pcm_s16be": "s16",
    "pcm_f32le": "flt",
    "pcm_f64le": "dbl",
    "pcm_s24le": "s32",
    "pcm_mulaw": "s16",
    "pcm_alaw": "s16",
    "libmp3lame": "fltp",
}
# The encoder of libav for Vorbis is one of those that it calls experimental.
CODING_OPTIONS = {"vorbis": {"strict": "experimental"}}


def muxed(
    pcm: Pcm,
    container: str,
    codec: str,
    *,
    rate_hz: int = RATE_HZ,
    layout: str = "mono",
    options: dict[str, str] | None = None,
    beside: str = "",
) -> bytes:
    """Encode 48 kHz sound, mono or of two sides, and put it into a file of the given kind.

    `options` are the container's, or with the name of the codec in front (`libopus.`) its own. `beside` is
    what else is in the file: `video`, or `silence` or `default silence`, a sound before it.
    """
    buffer = io.BytesIO()
    own = {k.removeprefix(codec + "."): v for k, v in (options or {}).items() if k.startswith(codec + ".")}
    rest = {k: v for k, v in (options or {}).items() if not k.startswith(codec + ".")}
    with av.open(buffer, "w", format=container, options=rest) as file:
        if "silence" in beside:
            other = cast(AudioStream, file.add_stream(codec, rate=rate_hz, layout=layout))
        stream = cast(
            AudioStream,
            file.add_stream(codec, rate=rate_hz, layout=layout, options=CODING_OPTIONS.get(codec, {}) | own),
        )
        if "silence" in beside:
            other.disposition = Disposition.default if "default" in beside else Disposition(0)
            stream.disposition = Disposition(0) if "default" in beside else Disposition.default
            _encode(file, other, np.zeros_like(pcm))
        if beside == "video":
            _add_video(file)
        _encode(file, stream, pcm)
    return buffer.getvalue()


def _encode(file: OutputContainer, stream: AudioStream, pcm: Pcm) -> None:
    context = stream.codec_context
    resampler = av.AudioResampler(
        format=SAMPLE_FORMATS[context.name],
        layout=context.layout.name,
        rate=context.sample_rate,
        frame_size=context.frame_size,
    )
    sides = np.ascontiguousarray(pcm.reshape(1, -1))
    layout = "mono" if pcm.ndim == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(sides, format="flt", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        file.mux(stream.encode(part))
    file.mux(stream.encode(None))


def _add_video(file: OutputContainer) -> None:
    """Put in a second of grey pictures."""
    stream = file.add_stream("mpeg4", rate=10)
    stream.width = stream.height = 32
    stream.pix_fmt = "yuv420p"
    for index in range(10):
        frame = av.VideoFrame.from_ndarray(np.full((48, 32), 128, dtype=np.uint8), format="yuv420p")
        frame.pts = index
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def packets_in(body: bytes, container: str) -> list[tuple[int, int]]:
    """Return where the packets of a file are, and how long."""
    with av.open(io.BytesIO(body), "r", format=container) as file:
        return [(packet.pos or 0, packet.size) for packet in file.demux(file.streams.audio[0]) if packet.size]
