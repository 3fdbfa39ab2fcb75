"""M4A that is written while it is made: fragmented MP4 (ISO/IEC 14496-12 8.8), chapters in its head.

Sound comes as AAC frames of clips that were encoded one by one: each begins with a frame that only primes its
decoder and ends in silence, so frames of clips follow each other as they are, with silence between them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from audio.m4a import BITRATE, CHUNK, boxes
from audio.ogg_stream import Chapter
from audio.take import SAMPLE_RATE_HZ

# AAC-LC, mono: a frame in which no band has anything.
SILENCE = bytes.fromhex("00c800802380")
SETUP = bytes.fromhex("1188")  # ISO/IEC 14496-3 1.6.2.1: AAC-LC, 48 kHz, one channel
PRIMING = 1  # frames before a sound's first sample
# The list of chapters (`chpl`) counts them in one byte, and the bytes of a title in another.
CHAPTERS_MOST, TITLE_BYTES = 255, 255
CHPL_PER_MS = 10_000
SCALE = 1_000  # of the movie's own times
_PLAIN = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)  # a matrix that changes nothing
_PATH = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def frames(mp4: bytes) -> list[bytes]:
    """Return the AAC frames of a clip as `m4a.from_ogg` writes it: one track, in one piece."""
    table = mp4
    for kind in _PATH:
        table = _inner(table, kind)
    sizes = _inner(table, b"stsz")
    same, count = struct.unpack_from(">II", sizes, 4)
    each = [same] * count if same else struct.unpack_from(f">{count}I", sizes, 12)
    sound, at, found = _inner(mp4, b"mdat"), 0, []
    for size in each:
        found.append(sound[at : at + size])
        at += size
    return found


def _inner(body: bytes, wanted: bytes) -> bytes:
    for kind, _, content, end in boxes(body, 0, len(body)):
        if kind == wanted:
            return body[content:end]
    raise ValueError(f"no {wanted.decode()} in it")


def begin() -> bytes:
    """Return the kind of the file, which is the same whatever follows."""
    return _box(b"ftyp", b"M4A ", bytes(4), b"M4A ", b"isom", b"iso5", b"mp42")


def head(duration_ms: int, title: str, chapters: Sequence[Chapter]) -> bytes:
    """Return what stands before the first fragment: that there will be some, and how long all of them are."""
    movie = _full(
        b"mvhd", 0, 0, struct.pack(">4IIHHQ", 0, 0, SCALE, duration_ms, 0x10000, 0x100, 0, 0), _PLAIN,
        bytes(24), struct.pack(">I", 2),
    )  # fmt: skip
    extends = _full(b"trex", 0, 0, struct.pack(">5I", 1, 1, CHUNK, 0, 0))
    fragments = _box(b"mvex", _full(b"mehd", 0, 0, struct.pack(">I", duration_ms)), extends)
    known = _box(b"udta", _chapters(chapters), _named(title))
    return _box(b"moov", movie, _track(duration_ms), fragments, known)


def fragment(number: int, first: int, sound: Sequence[bytes]) -> bytes:
    """Return frames as a fragment of its own; `first` is the place of its first frame among all, from 0."""
    sizes = b"".join(struct.pack(">I", len(frame)) for frame in sound)
    place = _full(b"tfdt", 1, 0, struct.pack(">Q", first * CHUNK))
    track = _full(b"tfhd", 0, 0x20000, struct.pack(">I", 1))  # offsets count from this fragment
    before = _full(b"mfhd", 0, 0, struct.pack(">I", number))
    run_bytes = 12 + 8 + len(sizes)
    at = 8 + len(before) + 8 + len(track) + len(place) + run_bytes + 8
    run = _full(b"trun", 0, 0x201, struct.pack(">II", len(sound), at), sizes)
    return _box(b"moof", before, _box(b"traf", track, place, run)) + _box(b"mdat", *sound)


def _track(duration_ms: int) -> bytes:
    samples = duration_ms * SAMPLE_RATE_HZ // SCALE
    header = _full(
        b"tkhd", 0, 7, struct.pack(">5IQHHHH", 0, 0, 1, 0, duration_ms, 0, 0, 1, 0x100, 0), _PLAIN, bytes(8)
    )
    # What primes the decoder is not heard.
    edit = _box(b"edts", _full(b"elst", 0, 0, struct.pack(">IIiI", 1, 0, PRIMING * CHUNK, 0x10000)))
    length = _full(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, SAMPLE_RATE_HZ, samples, 0x55C4, 0))
    handler = _full(b"hdlr", 0, 0, bytes(4), b"soun", bytes(13))
    data = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    nothing = (_full(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco"))
    kind = _full(b"stsd", 0, 0, struct.pack(">I", 1), _sound_entry())
    table = _box(b"stbl", kind, *nothing, _full(b"stsz", 0, 0, bytes(8)))
    media = _box(b"mdia", length, handler, _box(b"minf", _full(b"smhd", 0, 0, bytes(4)), data, table))
    return _box(b"trak", header, edit, media)


def _sound_entry() -> bytes:
    """Return what the frames are (ISO/IEC 14496-1 7.2.6): AAC by its setup."""
    decoder = b"\x40\x15" + bytes(3) + struct.pack(">II", 2 * BITRATE, BITRATE) + b"\x05" + _sized(SETUP)
    stream = bytes(2) + b"\0" + b"\x04" + _sized(decoder) + b"\x06\x01\x02"
    told = _full(b"esds", 0, 0, b"\x03" + _sized(stream))
    shape = struct.pack(">6xH8xHHHHI", 1, 1, 16, 0, 0, SAMPLE_RATE_HZ << 16)
    return _box(b"mp4a", shape, told)


def _sized(body: bytes) -> bytes:
    return bytes((len(body),)) + body


def _chapters(chapters: Sequence[Chapter]) -> bytes:
    rows = b"".join(struct.pack(">Q", at_ms * CHPL_PER_MS) + _sized(_cut(title)) for at_ms, title in chapters)
    return _full(b"chpl", 1, 0, bytes(4), bytes((len(chapters),)), rows)


def _cut(title: str) -> bytes:
    """Return as much of a title as fits, in whole letters."""
    return title.encode()[:TITLE_BYTES].decode(errors="ignore").encode()


def _named(title: str) -> bytes:
    """Return the title as players look for it."""
    if not title:
        return b""
    handler = _full(b"hdlr", 0, 0, bytes(4), b"mdirappl", bytes(9))
    data = _box(b"data", struct.pack(">II", 1, 0), title.encode())
    return _full(b"meta", 0, 0, handler, _box(b"ilst", _box(b"\xa9nam", data)))


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)
