"""Uploaded files to sound: Ogg Opus by our own reader, WebM, MP4, WAV and other Ogg by libav.

libav is told the format (never guesses), may open no further file or address, may use few decoders, and gets
bytes, never a name. It still is a large body of C: call this only in a process that may die.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import chain, groupby

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet as AvPacket
from av.stream import Disposition

from audio import boxes, media_types, ogg, opus, opusfile, riff
from audio.media_types import KINDS, MEDIA_TYPES, Kind
from audio.pcm import Pcm, mixed
from audio.take import LONGEST_LISTENED_MS, SAMPLE_RATE_HZ, SHORTEST_PACKET_MS, Packet

LARGEST_BYTES = 2_000_000
MOST_PACKETS = round(LONGEST_LISTENED_MS / SHORTEST_PACKET_MS)
# What people record; the resampling filter for a claimed 500 MHz takes 3 s to compute.
RATES_HZ = range(1_000, 768_001)
MOST_PLANES = 7  # PyAV reads past the end of a frame's list of planes when all are used
# What recorders write as a packet's time may be off by tens of ms; silence that was left out is longer.
SHORTEST_HOLE = SAMPLE_RATE_HZ // 10
# Chromium's recorder, here by the name that it writes, times its blocks by a clock that stretches on a busy
# machine: by 300 ms from one to the next, 700 ms in all, with no sound missing (156, in 9 takes of 18).
STRETCHES_TIME = "Chrome"
# What browsers, telephones and sound programs record: lossy, ALAC, and plain samples of each form.
DECODERS = (
    "opus,vorbis,aac,alac,amrnb,amrwb,pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,"
    "pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_mulaw,pcm_alaw"
)
# What recorders of these kinds write that libav cannot follow.
MENDERS = {"mp4": boxes.mended, "wav": riff.mended}


class Undecodable(ValueError):
    """The bytes are not what their media type says, or too much of it; the sentence is for logs and tests.

    `shown` is one for the visitor, where there is more to say than that it cannot be read.
    """

    def __init__(self, sentence: str, shown: str = "") -> None:
        super().__init__(sentence)
        self.shown = shown


def decode(body: bytes, media_type: str, *, longest: int) -> Pcm:
    """Return at most `longest` samples of a file, mono at 48 kHz. Raises `Undecodable`."""
    kinds = MEDIA_TYPES.get(media_types.plain(media_type))
    if kinds is None:
        raise Undecodable("not a media type that is taken")
    if len(body) > LARGEST_BYTES:
        raise Undecodable(f"more than {LARGEST_BYTES} bytes")
    kind = media_types.kind_of(body)
    if kind is None or kind not in kinds:
        raise Undecodable("it does not begin as its media type says", _wrong_type(body, media_type))
    try:
        if kind == "ogg":
            return _ogg(body, longest)
        mended = MENDERS[kind](body) if kind in MENDERS else body
        return _by_libav(mended, KINDS[kind], longest)
    except (ogg.BadOgg, opus.BadPacket, av.FFmpegError, MemoryError) as bad:
        raise Undecodable(str(bad)) from bad


def _wrong_type(body: bytes, media_type: str) -> str:
    called = media_types.called(body)
    return f"This says {media_types.plain(media_type)} but the bytes are {called}." if called else ""


def _ogg(body: bytes, longest: int) -> Pcm:
    try:
        file = opusfile.read(body, longest=longest, most_packets=MOST_PACKETS)
    except opusfile.OtherOgg:
        return _by_libav(body, KINDS["ogg"], longest)
    return opus.decode(file.packets, longest=longest + file.start)[file.start : file.end]


def _by_libav(body: bytes, kind: Kind, longest: int) -> Pcm:
    options = {"protocol_whitelist": "", "codec_whitelist": DECODERS, "format_whitelist": kind.relatives}
    source = io.BytesIO(body)
    with av.open(source, "r", format=kind.format, options=options, metadata_errors="ignore") as file:
        stream = _chosen(file)
        decoder = stream.codec_context
        decoder.thread_count = 1
        packets = _packets(file, stream)
        head = decoder.extradata or b""
        if decoder.name == "opus" and opusfile.is_plain(head):
            start = opusfile.preskip(head)
            placed = list(_placed(packets, longest + start))
            tolerance = opus.LONGEST_HOLE if _stretches_time(file) else SHORTEST_HOLE
            return opus.decode(placed, longest=longest + start, tolerance=tolerance)[start:]
        return _joined(_frames(packets), longest)


def _chosen(file: InputContainer) -> AudioStream:
    """Return the sound of a file: of those that we decode the one marked as default, else the first.

    Pictures, texts, chapters and other languages beside it are passed over. Raises `Undecodable`.
    """
    sounds = file.streams.audio
    if not sounds:
        raise Undecodable("no sound in it", "There is no sound in this file.")
    taken = [stream for stream in sounds if _coding(stream)[0] in DECODERS.split(",")]
    if not taken:
        raise Undecodable(
            "a codec that is not taken",
            f"We cannot read sound coded as {_coding(sounds[0])[1]}. Opus, AAC and plain WAV are fine.",
        )
    return next((stream for stream in taken if stream.disposition & Disposition.default), taken[0])


def _stretches_time(file: InputContainer) -> bool:
    """Tell whether gaps between timestamps need not be silence: Chromium's recorder, which signs no MP4."""
    return file.metadata.get("encoder") == STRETCHES_TIME or "mp4" in file.format.name


def _coding(stream: AudioStream) -> tuple[str, str]:
    """Return the name of a stream's codec and what people call it; libav knows some by number only."""
    context = stream.codec_context
    return (context.name, context.codec.long_name) if context else ("", "something that we do not know")


def _packets(file: InputContainer, stream: AudioStream) -> Iterator[AvPacket[AudioStream]]:
    """Yield packets up to where the file is damaged, if it is."""
    try:
        for count, packet in enumerate(file.demux(stream)):
            if count > MOST_PACKETS:
                return
            yield packet
    except av.FFmpegError:
        return


def _placed(packets: Iterable[AvPacket[AudioStream]], longest: int) -> Iterator[Packet]:
    """Yield Opus packets at their own times: a recorder may leave out silence.

    One without a time, as all but the first of a laced block, follows the one before.
    """
    first: int | None = None
    at, total = 0, 0
    for packet in packets:
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
        if total >= longest:
            return


def _frames(packets: Iterable[AvPacket[AudioStream]]) -> Iterator[AudioFrame]:
    """Yield decoded frames, and silence for those that cannot be decoded: some encoders write broken ones."""
    last: AudioFrame | None = None
    broken = 0
    for packet in packets:
        try:
            frames = packet.decode()
        except av.FFmpegError:
            broken += 1
            continue
        if frames and last is not None and last.layout.nb_channels <= MOST_PLANES:
            yield from [_silent(last)] * broken
        if frames:
            last, broken = frames[-1], 0
        yield from frames


def _silent(frame: AudioFrame) -> AudioFrame:
    silence = np.zeros_like(frame.to_ndarray())
    silent = AudioFrame.from_ndarray(silence, format=frame.format.name, layout=frame.layout.name)
    silent.sample_rate = frame.sample_rate
    return silent


def _joined(frames: Iterator[AudioFrame], longest: int) -> Pcm:
    """Join frames to 48 kHz mono; rate and layout change on the way when somebody puts a headset on."""
    parts: list[Pcm] = []
    left = longest
    for _, run in groupby(
        frames, key=lambda frame: (frame.format.name, frame.layout.name, frame.sample_rate)
    ):
        part = _resampled(run, left)
        parts.append(part)
        left -= len(part)
        if left <= 0:
            break
    if left == longest:
        raise Undecodable("no sound in it")
    return np.concatenate(parts)


def _resampled(run: Iterator[AudioFrame], longest: int) -> Pcm:
    """Resample frames of one sample rate and layout to 48 kHz mono."""
    first = next(run)
    if first.sample_rate not in RATES_HZ:
        raise Undecodable("a sample rate that nobody records with")
    channels = min(2, first.layout.nb_channels)
    layout = "mono" if channels == 1 else "stereo"
    resampler = AudioResampler(format="flt", layout=layout, rate=SAMPLE_RATE_HZ)
    parts: list[Pcm] = []
    left = longest
    for frame in chain((first,), run, (None,)):
        for part in resampler.resample(frame):
            parts.append(part.to_ndarray().reshape(-1, channels).astype(np.float32, copy=False))
            left -= part.samples
        if left <= 0:
            break
    sides = np.concatenate(parts)[:longest] if parts else np.zeros((0, channels), dtype=np.float32)
    return mixed(sides) if channels == 2 else sides[:, 0]
