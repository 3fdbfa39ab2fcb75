"""Media types of recordings and the first bytes of their files: one table for every edge."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file: its everyday name, and the names of its format in libav."""

    name: str
    format: str
    relatives: str


KINDS = {
    "ogg": Kind("Ogg", "ogg", "ogg"),
    "webm": Kind("WebM", "matroska", "matroska,webm"),
    "mp4": Kind("MP4", "mp4", "mov,mp4,m4a,3gp,3g2,mj2"),
    "wav": Kind("WAV", "wav", "wav"),
    "aac": Kind("AAC", "aac", "aac"),
}
# The first of a kind is its plain name; an .aac file is MP4 now and then.
NAMES = {
    ("ogg",): ("audio/ogg", "audio/opus", "audio/x-opus+ogg", "audio/x-ogg", "application/ogg", "video/ogg"),
    ("webm",): (
        "audio/webm",
        "audio/matroska",
        "audio/x-matroska",
        "video/webm",
        "video/matroska",
        "video/x-matroska",
    ),
    ("mp4",): (
        "audio/mp4",
        "audio/m4a",
        "audio/x-m4a",
        "audio/3gpp",
        "audio/3gpp2",
        "application/mp4",
        "video/mp4",
        "video/x-m4v",
        "video/quicktime",
        "video/3gpp",
        "video/3gpp2",
    ),
    ("wav",): ("audio/wav", "audio/wave", "audio/x-wav", "audio/x-pn-wav", "audio/vnd.wave"),
    # Android calls any AAC so, with ADTS or in MP4.
    ("aac", "mp4"): ("audio/aac", "audio/aacp", "audio/x-aac", "audio/mp4a-latm"),
}
MEDIA_TYPES = {name: kinds for kinds, names in NAMES.items() for name in names}
PLAIN = tuple(names[0] for names in NAMES.values())

# What an MP4 or QuickTime file may begin with.
_BOXES = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_WAVES = frozenset({b"RIFF", b"RF64", b"BW64"})  # not RIFX: libav swaps the bytes of its samples
_OTHERS = {
    b"fLaC": "FLAC",
    b"ID3": "MP3",
    b"#!AMR": "AMR",
    b"caff": "CAF",
    b"FORM": "AIFF",
    b"riff\x2e\x91\xcf\x11": "Wave64",
    b"RIFX": "big-endian WAV",
    b".snd": "AU",
    b"wvpk": "WavPack",
    b"\x30\x26\xb2\x75": "WMA",
}


def plain(media_type: str) -> str:
    """Return a media type without its parameters, in small letters."""
    return media_type.partition(";")[0].strip().lower()


def kind_of(body: bytes) -> str | None:
    """Return the kind of a file by its first bytes, None if it is not one that we accept."""
    if body[:4] == b"OggS":
        return "ogg"
    if body[:4] == b"\x1a\x45\xdf\xa3":
        return "webm"
    if body[4:8] in _BOXES:
        return "mp4"
    if body[:4] in _WAVES and body[8:12] == b"WAVE":
        return "wav"
    return "aac" if _layer(body) == 0 else None


def _layer(body: bytes) -> int | None:
    """Return the layer of an MPEG sound frame behind tags that may be in front: 0 is AAC's (ADTS)."""
    start = 0
    if body[:3] == b"ID3" and len(body) >= 10:
        start = 10 + sum(
            (byte & 127) << shift for byte, shift in zip(body[6:10], (21, 14, 7, 0), strict=True)
        )
    sync = body[start : start + 2]
    return sync[1] >> 1 & 3 if len(sync) == 2 and sync[0] == 0xFF and sync[1] & 0xF0 == 0xF0 else None


def called(body: bytes) -> str | None:
    """Return the everyday name of a file by its first bytes, also of kinds we refuse; None if unknown."""
    if kind := kind_of(body):
        return KINDS[kind].name
    if _layer(body):
        return "MP3"
    return next((name for magic, name in _OTHERS.items() if body.startswith(magic)), None)
