from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import boxes

WEBKIT = (Path(__file__).parents[1] / "cases/webkit-gtk-recorder.m4a").read_bytes()


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(body) if size is None else size, kind) + body


def broken(body: bytes) -> list[int]:
    """Return which frames cannot be decoded, of all."""
    found = []
    with av.open(io.BytesIO(body), "r") as file:
        for index, packet in enumerate(file.demux(file.streams.audio[0])):
            try:
                packet.decode()
            except av.FFmpegError:
                found.append(index)
    return found


def test_all_frames_that_webkit_recorded_are_decoded() -> None:
    assert len(broken(WEBKIT)) == 36
    assert broken(boxes.mended(WEBKIT)) == []


def test_of_two_heads_of_one_fragment_the_first_becomes_free_space() -> None:
    head = box(b"moof", b"abcd")
    rest = box(b"mdat", b"sound")

    assert boxes.mended(head + head + rest) == box(b"free", b"abcd") + head + rest
    assert boxes.mended(head * 3 + rest) == box(b"free", b"abcd") * 2 + head + rest


@pytest.mark.parametrize(
    "body",
    [
        box(b"ftyp", b"M4A ") * 2 + box(b"mdat", b"x") * 2,
        box(b"moof", b"a") + box(b"mdat", b"x") + box(b"moof", b"a"),
        box(b"moof", b"a") + box(b"moof", b"b"),
        box(b"moof", b"a", size=4) * 2,
        box(b"moof", b"a", size=900) * 2,
        box(b"moof", struct.pack(">Q", 2**63), size=1) * 2,
    ],
)
def test_other_files_stay_as_they_are(body: bytes) -> None:
    assert boxes.mended(body) == body


def test_a_size_of_64_bits_is_understood() -> None:
    large = struct.pack(">I4sQ", 1, b"mdat", 21) + b"sound"
    head = box(b"moof", b"a")

    assert boxes.mended(large + head + head) == large + box(b"free", b"a") + head


@given(st.binary(max_size=200))
def test_any_bytes_keep_their_length(body: bytes) -> None:
    assert len(boxes.mended(body)) == len(body)
