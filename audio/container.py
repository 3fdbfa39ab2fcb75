"""Uploaded files to sound: Ogg Opus by our own reader, WebM, MP4 and WAV by libav.

libav is told the format (never guesses), may open no further file or address, may use few decoders, and gets
bytes, never a name. It still is a large body of C: call this only in a process that may die.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec import CodecContext
from av.container import InputContainer

from audio import ogg, opus
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ, Packet

LARGEST_BYTES = 2_000_000
MOST_PACKETS = 12_000  # a minute in packets of 5 ms
# What recorders write as a packet's time may be off by tens of ms; silence that was left out is longer.
SHORTEST_HOLE = SAMPLE_RATE_HZ // 10
FORMATS = {"webm": "matroska", "mp4": "mp4", "wav": "wav"}
DECODERS = "opus,aac,pcm_s16le,pcm_s24le,pcm_s32le,pcm_u8,pcm_f32le"
MEDIA_TYPES = {
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "application/ogg": "ogg",
    "audio/webm": "webm",
    "video/webm": "webm",
    "audio/mp4": "mp4",
    "audio/x-m4a": "mp4",
    "audio/m4a": "mp4",
    "video/mp4": "mp4",
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
}


class Undecodable(ValueError):
    """The bytes are not what their media type says, or too much of it; the sentence is for logs and tests."""


def decode(body: bytes, media_type: str, *, longest: int) -> Pcm:
    """Return at most `longest` samples of a file, mono at 48 kHz. Raises `Undecodable`."""
    kind = MEDIA_TYPES.get(media_type.partition(";")[0].strip().lower())
    if kind is None:
        raise Undecodable("not a media type that is taken")
    if len(body) > LARGEST_BYTES:
        raise Undecodable(f"more than {LARGEST_BYTES} bytes")
    if not _begins_as(kind, body):
        raise Undecodable("it does not begin as its media type says")
    try:
        return _ogg(body, longest) if kind == "ogg" else _by_libav(body, FORMATS[kind], longest)
    except (ogg.BadOgg, opus.BadPacket, av.FFmpegError, MemoryError) as bad:
        raise Undecodable(str(bad)) from bad


def _begins_as(kind: str, body: bytes) -> bool:
    return {
        "ogg": body[:4] == b"OggS",
        "webm": body[:4] == b"\x1a\x45\xdf\xa3",
        "mp4": body[4:8] == b"ftyp",
        "wav": body[:4] == b"RIFF" and body[8:12] == b"WAVE",
    }[kind]


def _ogg(body: bytes, longest: int) -> Pcm:
    caps = ogg.Caps(LARGEST_BYTES, MOST_PACKETS, longest * 1000 // SAMPLE_RATE_HZ)
    stream = ogg.read_stream(body, caps)
    packets, at = [], 0
    for payload in stream.packets:
        packets.append(Packet(at, payload))
        at += opus.duration(payload)
    pcm = opus.decode(packets, longest=longest + stream.preskip)
    return pcm[stream.preskip : stream.preskip + stream.samples]


def _by_libav(body: bytes, name: str, longest: int) -> Pcm:
    options = {"protocol_whitelist": "", "codec_whitelist": DECODERS, "format_whitelist": _names(name)}
    with av.open(io.BytesIO(body), "r", format=name, options=options, metadata_errors="ignore") as file:
        if len(file.streams) != 1 or len(file.streams.audio) != 1:
            raise Undecodable("not one sound alone")
        stream = file.streams.audio[0]
        decoder: CodecContext | None = stream.codec_context  # libav leaves it out when it knows no codec
        if decoder is None or decoder.name not in DECODERS.split(","):
            raise Undecodable("a codec that is not taken")
        decoder.thread_count = 1
        if decoder.name == "opus":
            return opus.decode(
                list(_packets(file, stream, longest)), longest=longest, tolerance=SHORTEST_HOLE
            )
        return _mixed(_frames(file, stream), longest)


def _names(name: str) -> str:
    """Return the names under which libav knows a format."""
    return {"matroska": "matroska,webm", "mp4": "mov,mp4,m4a,3gp,3g2,mj2"}.get(name, name)


def _packets(file: InputContainer, stream: AudioStream, longest: int) -> Iterator[Packet]:
    """Yield Opus packets at their own times: a recorder may leave out silence.

    One without a time, as all but the first of a laced block, is as late as the one before.
    """
    first: int | None = None
    at, total = 0, 0
    for count, packet in enumerate(file.demux(stream)):
        if total >= longest or count > MOST_PACKETS:
            return
        payload = bytes(packet)
        if packet.pts is not None and packet.time_base is not None:
            at = round(packet.pts * packet.time_base * SAMPLE_RATE_HZ)
        try:
            length = opus.duration(payload)
        except opus.BadPacket:
            continue
        first = at if first is None else first
        yield Packet(at - first, payload)
        at, total = at + length, total + length


def _frames(file: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    for count, packet in enumerate(file.demux(stream)):
        if count > MOST_PACKETS:
            return
        yield from packet.decode()


def _mixed(frames: Iterator[AudioFrame], longest: int) -> Pcm:
    """Join frames of any rate and layout to 48 kHz mono."""
    resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    parts, total = [], 0
    for frame in frames:
        for part in resampler.resample(frame):
            parts.append(part.to_ndarray().reshape(-1))
            total += part.samples
        if total >= longest:
            break
    if not parts:
        raise Undecodable("no sound in it")
    return np.concatenate(parts)[:longest].astype(np.float32, copy=False)
