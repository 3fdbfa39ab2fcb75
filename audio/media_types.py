"""The names under which recordings come, and what bytes look like: one table for every edge."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file: how people call it, and the format as libav names it (and its relatives)."""

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
        "audio/mp4a-latm",
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
    ("aac", "mp4"): ("audio/aac", "audio/aacp", "audio/x-aac"),
}
MEDIA_TYPES = {name: kinds for kinds, names in NAMES.items() for name in names}
PLAIN = tuple(names[0] for names in NAMES.values())

# What an MP4 or QuickTime file may begin with.
_BOXES = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_WAVES = frozenset({b"RIFF", b"RF64", b"BW64"})  # not RIFX: libav swaps the bytes of its samples
_OTHERS = {b"fLaC": "FLAC", b"ID3": "MP3", b"#!AMR": "AMR", b"caff": "CAF", b"FORM": "AIFF"}


def plain(media_type: str) -> str:
    """Return a media type without its parameters, in small letters."""
    return media_type.partition(";")[0].strip().lower()


def kind_of(body: bytes) -> str | None:
    """Tell from its beginning which kind of file it is, None for none of ours."""
    if body[:4] == b"OggS":
        return "ogg"
    if body[:4] == b"\x1a\x45\xdf\xa3":
        return "webm"
    if body[4:8] in _BOXES:
        return "mp4"
    if body[:4] in _WAVES and body[8:12] == b"WAVE":
        return "wav"
    if len(body) > 1 and body[0] == 0xFF and body[1] & 0xF6 == 0xF0:
        return "aac"  # an ADTS frame: its sync word, layer 0
    return None


def called(body: bytes) -> str | None:
    """Return what people call a file that begins so, ours or not; None when we do not know it."""
    if kind := kind_of(body):
        return KINDS[kind].name
    if len(body) > 1 and body[0] == 0xFF and body[1] & 0xE0 == 0xE0:
        return "MP3"
    return next((name for magic, name in _OTHERS.items() if body.startswith(magic)), None)
