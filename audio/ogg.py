"""Ogg with one Opus stream (RFC 3533, RFC 7845), written without tags and read with hard limits.

The reader believes nothing: page checksums must hold, one stream only, nothing chained behind it, and the
duration is counted from the packets' own first bytes before anything is decoded.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

from msgspec import Struct

from audio import opus
from audio.opus import FRAME
from audio.take import FRAME_MS, LONGEST_CLIP_MS, MOST_BYTES_PER_S

HEADER = struct.Struct(
    "<4sBBqIIIB"
)  # capture pattern, version, flags, granule, serial, number, CRC, segments
CONTINUED, FIRST, LAST = 1, 2, 4
NO_GRANULE = -1  # of a page on which no packet ends
FRAMES_PER_PAGE = 50  # one second: a player may begin anywhere, and 255 segments are never reached
SLACK = 48_000  # samples by which a granule position may stand apart from what its packets hold

_MIRRORED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


class BadOgg(ValueError):
    """The bytes are not an Ogg Opus stream that we take; the sentence says why."""


class Caps(Struct, frozen=True):
    """Upper limits for what a stream may claim; the defaults fit the longest clip that we write."""

    largest_bytes: int = LONGEST_CLIP_MS * MOST_BYTES_PER_S // 1000 + 100_000
    most_packets: int = LONGEST_CLIP_MS // FRAME_MS + 2
    longest_ms: int = LONGEST_CLIP_MS + 2 * FRAME_MS


class Stream(Struct, frozen=True):
    """The Opus packets of a stream; `samples` at 48 kHz are heard after `preskip` of them are dropped."""

    packets: list[bytes]
    preskip: int
    samples: int


class Page(Struct, frozen=True):
    """One page: its segments' sizes, and the bytes they cut up."""

    flags: int
    granule: int
    serial: int
    number: int
    lacing: bytes
    body: bytes


def checksum(page: bytes) -> int:
    """Return the CRC-32 of RFC 3533 6 (polynomial 0x04c11db7, unreflected, from zero).

    zlib's is the same division with the bits of every byte in the other order.
    """
    reflected = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)


def write(frames: Sequence[bytes], *, preskip: int, samples: int) -> bytes:
    """Write 20 ms packets as Ogg Opus, mono; `samples` is what a player plays after the pre-skip.

    No tags: the mandatory comment header holds an empty vendor name and no comment.
    """
    serial = zlib.crc32(b"".join(frames))  # the same clip gives the same bytes
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, preskip, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<II", 0, 0)
    pages = [write_page([head], FIRST, 0, serial, 0), write_page([tags], 0, 0, serial, 1)]
    for start in range(0, len(frames), FRAMES_PER_PAGE):
        end = min(start + FRAMES_PER_PAGE, len(frames))
        last = end == len(frames)
        granule = min(end * FRAME, preskip + samples) if last else end * FRAME
        pages.append(write_page(frames[start:end], LAST if last else 0, granule, serial, len(pages)))
    return b"".join(pages)


def write_page(packets: Sequence[bytes], flags: int, granule: int, serial: int, number: int) -> bytes:
    """Write a page of packets; one without a granule position (-1) goes on on the next page."""
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,)) for packet in packets)
    lacing = lacing[:-1] if granule == NO_GRANULE else lacing
    rest = lacing + b"".join(packets)
    fields = (b"OggS", 0, flags, granule, serial, number)
    blank = HEADER.pack(*fields, 0, len(lacing)) + rest
    return HEADER.pack(*fields, checksum(blank), len(lacing)) + rest


def read(ogg: bytes) -> list[bytes]:
    """Return the 20 ms Opus packets of a finished clip. Raises `BadOgg`."""
    packets = read_stream(ogg).packets
    if any(packet[0] & 3 or opus.duration(packet) != FRAME for packet in packets):
        raise BadOgg("a clip has one 20 ms frame a packet")
    return packets


def read_stream(ogg: bytes, caps: Caps = Caps()) -> Stream:  # noqa: B008 - immutable
    """Return the Opus packets of any Ogg Opus stream within the caps. Raises `BadOgg`."""
    if len(ogg) > caps.largest_bytes:
        raise BadOgg(f"more than {caps.largest_bytes} bytes")
    packets: list[bytes] = []
    preskip, total, granule = 0, 0, 0
    for index, (packet, granule_after) in enumerate(_packets(ogg, 2 * caps.most_packets + 16)):
        if index == 0:
            preskip = _preskip(packet)
        elif index == 1:
            _must(packet[:8] == b"OpusTags", "the second packet is not OpusTags")
        else:
            total += _duration(packet)
            packets.append(packet)
            _must(len(packets) <= caps.most_packets, f"more than {caps.most_packets} packets")
            _must(total <= caps.longest_ms * 48, f"longer than {caps.longest_ms} ms")
        if granule_after is not None:
            _must(granule <= granule_after <= total + SLACK, "a granule position lies")
            granule = granule_after
    _must(bool(packets), "no sound in it")
    _must(granule >= total - SLACK, "a granule position lies")
    return Stream(packets, preskip, max(0, min(granule, total) - preskip))


def _must(holds: bool, sentence: str) -> None:
    if not holds:
        raise BadOgg(sentence)


def _duration(packet: bytes) -> int:
    try:
        opus.frames(packet)
    except opus.BadPacket as bad:
        raise BadOgg(str(bad)) from bad
    return opus.duration(packet)


def _preskip(head: bytes) -> int:
    """Check the identification header (RFC 7845 5.1) and return its pre-skip."""
    _must(len(head) >= 19 and head[:8] == b"OpusHead", "the first packet is not OpusHead")
    version, channels, preskip, _, _, family = struct.unpack_from("<BBHIhB", head, 8)
    _must(version < 16, "an unknown version of OpusHead")
    _must(family == 0 and channels in {1, 2}, "more than two channels")
    return int(preskip)


def _packets(ogg: bytes, most_pages: int) -> Iterator[tuple[bytes, int | None]]:
    """Yield (packet, granule position when it ends its page)."""
    parts: list[bytes] = []
    for page in _pages(ogg, most_pages):
        _must(bool(parts) == bool(page.flags & CONTINUED), "a packet goes on where none was begun")
        ends = _last_end(page.lacing)
        at = 0
        for index, size in enumerate(page.lacing):
            parts.append(page.body[at : at + size])
            at += size
            if size < 255:
                yield b"".join(parts), page.granule if index == ends else None
                parts = []
    _must(not parts, "the last packet is cut off")


def _last_end(lacing: bytes) -> int:
    """Return the index of the last segment on a page that ends a packet, -1 if none does."""
    return next((index for index in range(len(lacing) - 1, -1, -1) if lacing[index] < 255), -1)


def _pages(ogg: bytes, most_pages: int) -> Iterator[Page]:
    """Yield the pages of one stream from its first to its last; anything else is refused."""
    at, number, serial = 0, 0, None
    flags = 0
    while at < len(ogg):
        page, size = read_page(ogg, at)
        flags = page.flags
        _must(number < most_pages, "too many pages")
        _must(bool(flags & FIRST) == (number == 0), "a second stream begins in it")
        _must(serial in {None, page.serial}, "two streams in it")
        _must(page.number == number, "a page is missing")
        serial, at, number = page.serial, at + size, number + 1
        _must(not flags & LAST or at == len(ogg), "something follows the end of the stream")
        yield page
    _must(number > 0, "empty")


def read_page(ogg: bytes, at: int) -> tuple[Page, int]:
    """Return the page at a place and its size. Raises `BadOgg` when it is damaged or cut off."""
    _must(ogg[at : at + 4] == b"OggS", "not Ogg")
    _must(len(ogg) - at >= HEADER.size, "a page is cut off")
    _, version, flags, granule, serial, number, crc, segments = HEADER.unpack_from(ogg, at)
    start = at + HEADER.size
    lacing = ogg[start : start + segments]
    end = start + segments + sum(lacing)
    _must(version == 0 and end <= len(ogg), "a page is cut off")
    blank = ogg[at : at + 22] + b"\0\0\0\0" + ogg[at + 26 : end]
    _must(checksum(blank) == crc, "a page is damaged")
    return Page(flags, granule, serial, number, lacing, ogg[start + segments : end]), end - at
