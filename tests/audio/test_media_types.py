from __future__ import annotations

import pytest

from audio import media_types
from audio.media_types import MEDIA_TYPES, PLAIN


def test_the_plain_names_are_taken_and_each_kind_has_one() -> None:
    assert PLAIN == ("audio/ogg", "audio/webm", "audio/mp4", "audio/wav", "audio/aac")
    assert {kind for kinds in MEDIA_TYPES.values() for kind in kinds} == set(media_types.KINDS)
    assert all(name == name.lower() == media_types.plain(name) for name in MEDIA_TYPES)


@pytest.mark.parametrize(
    "sent", ["audio/webm;codecs=opus", 'Audio/WebM; codecs="opus"', " audio/webm ;x", "AUDIO/WEBM"]
)
def test_parameters_and_case_do_not_matter(sent: str) -> None:
    assert media_types.plain(sent) == "audio/webm"


@pytest.mark.parametrize(
    ("body", "kind", "called"),
    [
        (b"OggS\0\2", "ogg", "Ogg"),
        (b"\x1a\x45\xdf\xa3\x01", "webm", "WebM"),
        (b"\0\0\0\x18ftypM4A ", "mp4", "MP4"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mp4", "MP4"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "wav", "WAV"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "wav", "WAV"),
        (b"BW64\xff\xff\xff\xffWAVEds64", "wav", "WAV"),
        (b"RIFF\x10\0\0\0AVI LIST", None, None),
        (b"RIFX\0\0\0\x10WAVEfmt ", None, "big-endian WAV"),
        (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb", None, "Wave64"),
        (b".snd\0\0\0\x18", None, "AU"),
        (b"wvpk\x10\0\0\0", None, "WavPack"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", None, "WMA"),
        (b"\xff\xf1\x50\x80", "aac", "AAC"),
        (b"\xff\xfb\x90\x64", None, "MP3"),
        (b"ID3\x04\0\0\0\0\1\2" + bytes(130) + b"\xff\xf1\x50", "aac", "AAC"),
        (b"ID3\x04\0\0\0\0\1\2" + bytes(130) + b"\xff\xfb\x90", None, "MP3"),
        (b"ID3\x04\0", None, "MP3"),
        (b"fLaC\0", None, "FLAC"),
        (b"#!AMR\n", None, "AMR"),
        (b"<html>", None, None),
        (b"\xff", None, None),
        (b"", None, None),
    ],
)
def test_a_kind_is_told_by_its_first_bytes(body: bytes, kind: str | None, called: str | None) -> None:
    assert (media_types.kind_of(body), media_types.called(body)) == (kind, called)
