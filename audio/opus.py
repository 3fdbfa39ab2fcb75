"""Opus packets taken apart and put together (RFC 6716 section 3), and the way to and from sound."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from audio.libopus import Decoder, Encoder, OpusError
from audio.pcm import Pcm, mixed
from audio.take import FRAME_MS, SAMPLE_RATE_HZ, Packet

FRAME = SAMPLE_RATE_HZ * FRAME_MS // 1000  # samples of a 20 ms frame
LARGEST_FRAME_BYTES = 1275
STEREO = 4  # the bit of a packet's first byte
LONGEST_PACKET = 5760  # samples: 120 ms, R5 of section 3.4
BITRATE = 32_000
# Measured, CPU for 5 s of speech: 10 costs 56 ms, 5 50 ms, 4 40 ms, 3 34 ms, 0 20 ms;
# correlation with the source: 0.933, 0.934, 0.934, 0.929, 0.926.
COMPLEXITY = 4
SHORTEST_STEP = 120  # samples: 2.5 ms, what libopus conceals in multiples of
LONGEST_HOLE = 60 * SAMPLE_RATE_HZ  # a larger jump in timestamps is an error, or a clock that restarted
WINDOW = SAMPLE_RATE_HZ  # before and after a packet: compared to tell a gap from jitter and drift

_SILK_FRAMES = (480, 960, 1920, 2880)
_HYBRID_FRAMES = (480, 960)
_CELT_FRAMES = (120, 240, 480, 960)
_FRAME_SAMPLES = _SILK_FRAMES * 3 + _HYBRID_FRAMES * 2 + _CELT_FRAMES * 4  # by configuration, table 2


class BadPacket(ValueError):
    """The bytes are not an Opus packet; the sentence says which rule of RFC 6716 3.4 is broken."""


def frame_samples(packet: bytes) -> int:
    """Return how long each frame of a packet is, in samples at 48 kHz."""
    if not packet:
        raise BadPacket("a packet has at least one byte (R1)")
    return _FRAME_SAMPLES[packet[0] >> 3]


def duration(packet: bytes) -> int:
    """Return how long a packet is, in samples at 48 kHz, from its first two bytes alone."""
    samples = frame_samples(packet)
    code = packet[0] & 3
    if code < 3:
        return samples * (1 if code == 0 else 2)
    if len(packet) < 2 or not packet[1] & 63:
        raise BadPacket("a code 3 packet counts its frames (R5, R6)")
    total = samples * (packet[1] & 63)
    if total > LONGEST_PACKET:
        raise BadPacket("a packet is at most 120 ms long (R5)")
    return total


def frames(packet: bytes) -> list[bytes]:
    """Take a packet apart: its frames without their TOC byte. Raises `BadPacket`."""
    duration(packet)
    code = packet[0] & 3
    if code == 0 and len(packet) <= LARGEST_FRAME_BYTES + 1:  # as nearly all are
        return [packet[1:]]
    body = memoryview(packet)[1:]
    if code == 0:
        parts = [body]
    elif code == 1:
        if len(body) % 2:
            raise BadPacket("two equal frames fill an even number of bytes (R3)")
        parts = [body[: len(body) // 2], body[len(body) // 2 :]]
    elif code == 2:
        size, used = _length(body)
        parts = _split(body[used:], [size])
    else:
        parts = _code_3(body)
    if any(len(part) > LARGEST_FRAME_BYTES for part in parts):
        raise BadPacket("a frame has at most 1275 bytes (R2)")
    return [bytes(part) for part in parts]


def _length(body: memoryview) -> tuple[int, int]:
    """Read a frame length (section 3.2.1): (length, bytes it took)."""
    if body and body[0] < 252:
        return body[0], 1
    if len(body) > 1:
        return body[0] + 4 * body[1], 2
    raise BadPacket("a frame length is cut off (R4, R7)")


def _split(body: memoryview, sizes: list[int]) -> list[memoryview]:
    """Cut frames of the given sizes; the last frame is what remains."""
    parts = []
    for size in sizes:
        if size > len(body):
            raise BadPacket("a frame reaches over the end of its packet (R4, R7)")
        parts.append(body[:size])
        body = body[size:]
    return [*parts, body]


def _code_3(body: memoryview) -> list[memoryview]:
    """Section 3.2.5: flags and count, padding lengths, then frame lengths when they vary."""
    count, padded, varying = body[0] & 63, body[0] & 64, body[0] & 128
    body = body[1:]
    if padded:
        body = _unpadded(body)
    if not varying:
        if len(body) % count:
            raise BadPacket("equal frames fill their packet evenly (R6)")
        size = len(body) // count
        return _split(body, [size] * (count - 1))
    sizes = []
    for _ in range(count - 1):
        size, used = _length(body)
        sizes.append(size)
        body = body[used:]
    return _split(body, sizes)


def _unpadded(body: memoryview) -> memoryview:
    padding = 0
    while True:
        if not body:
            raise BadPacket("the padding length is cut off (R6, R7)")
        step = body[0]
        body = body[1:]
        padding += 254 if step == 255 else step
        if step != 255:
            break
    if padding > len(body):
        raise BadPacket("the padding is longer than its packet (R6, R7)")
    return body[: len(body) - padding]


def repacketise(packets: Sequence[bytes], count: int) -> list[bytes]:
    """Join one-frame packets, up to `count` (and 120 ms) to a packet, by code 3 (RFC 6716 3.2.5).

    Frames of another configuration begin a new packet. Nothing is decoded; the frames stay as they are.
    """
    joined: list[bytes] = []
    group: list[bytes] = []
    for packet in packets:
        if packet[0] & 3:
            raise BadPacket("only packets of one frame (code 0) are joined")
        longest = min(count, LONGEST_PACKET // frame_samples(packet))
        if group and (len(group) >= longest or packet[0] != group[0][0]):
            joined.append(_join(group))
            group = []
        group.append(packet)
    return [*joined, _join(group)] if group else joined


def _join(group: list[bytes]) -> bytes:
    if len(group) == 1:
        return group[0]
    toc = group[0][0] | 3
    if len({len(packet) for packet in group}) == 1:
        return bytes((toc, len(group))) + b"".join(packet[1:] for packet in group)
    lengths = b"".join(_coded_length(len(packet) - 1) for packet in group[:-1])
    return bytes((toc, 128 | len(group))) + lengths + b"".join(packet[1:] for packet in group)


def _coded_length(size: int) -> bytes:
    """Write a frame length (section 3.2.1): up to 251 in one byte, up to 1275 in two."""
    if size < 252:
        return bytes((size,))
    first = 252 + (size & 3)
    return bytes((first, (size - first) // 4))


@functools.cache
def silence() -> bytes:
    """Return one 20 ms frame of silence: CELT, full band, mono, its silence flag set."""
    return b"\xf8\xff\xfe"


def encode(pcm: Pcm, *, complexity: int = COMPLEXITY) -> tuple[list[bytes], int]:
    """Encode to 20 ms packets; returns them and the pre-skip in samples.

    Silence is added so that after the pre-skip all of `pcm` comes out again.
    """
    encoder = Encoder(bitrate=BITRATE, complexity=complexity)
    preskip = encoder.lookahead()
    whole = np.zeros(-(-(len(pcm) + preskip) // FRAME) * FRAME, dtype=np.float32)
    whole[: len(pcm)] = pcm
    return encoder.encode(whole, FRAME), preskip


def decode(packets: Sequence[Packet], *, longest: int, tolerance: int | None = None) -> Pcm:
    """Decode payloads joined by `join`; what is missing between them is concealed.

    Repeats and what is not Opus are passed over. At most `longest` samples come back, whatever the packets
    claim. Raises `BadPacket` when none can be decoded.
    """
    usable = [packet for packet in join(list(_usable(packets)), tolerance) if packet.at < longest]
    if not usable:
        raise BadPacket("not one Opus packet")
    channels = 2 if any(packet.payload[0] & STEREO for packet in usable) else 1
    decoder = Decoder(channels)
    length = usable[-1].at + LONGEST_PACKET
    pcm = np.zeros(length if channels == 1 else (length, 2), dtype=np.float32)
    end = 0
    for packet in usable:
        if packet.at > end:
            _fill(decoder, pcm, end, packet)
        try:
            end = packet.at + decoder.decode(packet.payload, pcm, packet.at)
        except OpusError:
            end = max(end, packet.at)
    if not end:
        raise BadPacket("not one Opus packet")
    heard = pcm[: min(end, longest)]
    return heard if channels == 1 else mixed(heard)


def _usable(packets: Sequence[Packet]) -> Iterator[Packet]:
    """Leave out what is no Opus packet, and what came twice."""
    before: Packet | None = None
    for packet in packets:
        if packet == before:
            continue
        try:
            frames(packet.payload)
        except BadPacket:
            continue
        before = packet
        yield packet


def join(packets: Sequence[Packet], tolerance: int | None = None) -> list[Packet]:
    """Place packets end to end in the order given, with a hole only where time went on without sound.

    Times jitter (Chromium's recorder writes 47, 69, 70 ms for frames of 60), drift against the sound, and
    come late in a stall; the sound is whole all the same. So a hole is seen only where all packets of the
    next second are later, against the sound before them, than one of the second before, by more than
    `tolerance` samples: by default half a packet and at most 10 ms, so that a lost packet is a hole.
    """
    sound = list(itertools.accumulate((duration(packet.payload) for packet in packets), initial=0))
    late = [packet.at - start for packet, start in zip(packets, sound, strict=False)]
    late = late if len(set(late)) <= 1 else _steady(late)
    joined: list[Packet] = []
    holes = max(0, packets[0].at) if packets else 0
    if len(set(late)) <= 1:  # plain takes, and our own clips
        return [Packet(start + holes, packet.payload) for start, packet in zip(sound, packets, strict=False)]
    first, last = 0, 0  # the window around this packet
    for index, packet in enumerate(packets):
        while sound[index] - sound[first] > WINDOW:
            first += 1
        while last < len(packets) and sound[last] - sound[index] <= WINDOW:
            last += 1
        if index:
            least = min(sound[index + 1] - sound[index], FRAME) // 2 if tolerance is None else tolerance
            missing = min(late[index:last]) - min(late[first:index])
            if missing > least:
                first = index
                if missing <= LONGEST_HOLE:
                    holes += round(missing / SHORTEST_STEP) * SHORTEST_STEP
        joined.append(Packet(sound[index] + holes, packet.payload))
    return joined


def _steady(values: list[int]) -> list[int]:
    """Return a running median of three: it removes a single wrong time and keeps a step."""
    if len(values) < 3:
        return values
    inner = (sorted(three)[1] for three in zip(values, values[1:], values[2:], strict=False))
    return [values[0], *inner, values[-1]]


def _fill(decoder: Decoder, pcm: Pcm, start: int, following: Packet) -> None:
    """Conceal from `start` to the following packet, which may carry a copy of the last missing frame."""
    end = following.at - (following.at - start) % SHORTEST_STEP
    repaired = min(end - start, frame_samples(following.payload))
    at = start
    while at < end - repaired:
        step = min(LONGEST_PACKET, FRAME, end - repaired - at)
        at += decoder.conceal(None, pcm, at, step)
    if repaired > 0:
        decoder.conceal(following.payload, pcm, at, repaired)
