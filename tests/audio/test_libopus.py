from __future__ import annotations

import ctypes.util
from collections.abc import Iterator

import numpy as np
import pytest

from audio import libopus
from audio.libopus import Decoder, Encoder, OpusError


def test_the_lookahead_is_what_browsers_use_too() -> None:
    assert Encoder(bitrate=32_000, complexity=4).lookahead() == 312


def test_a_setting_out_of_range_is_refused() -> None:
    with pytest.raises(OpusError):
        Encoder(bitrate=32_000, complexity=11)


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(959, dtype=np.float32),
        np.zeros(960, dtype=np.float64),
        np.zeros(1_920, dtype=np.float32)[::2],
    ],
)
def test_only_whole_frames_of_plain_floats_are_encoded(pcm: np.typing.NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="whole frames"):
        Encoder(bitrate=32_000, complexity=4).encode(pcm, 960)


def test_a_packet_is_never_decoded_beyond_the_end_of_its_array() -> None:
    packet = Encoder(bitrate=32_000, complexity=4).encode(np.ones(960, dtype=np.float32), 960)[0]
    pcm = np.full(2_000, 7.0, dtype=np.float32)

    with pytest.raises(OpusError):
        Decoder().decode(packet, pcm[:100], 0)

    assert (pcm[100:] == 7.0).all()


def test_bytes_that_are_no_packet_are_refused() -> None:
    with pytest.raises(OpusError):
        Decoder().decode(b"\xff\x3f", np.zeros(5_760, dtype=np.float32), 0)


def test_without_the_library_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> Iterator[str]:
        yield "no-such-library.so"

    monkeypatch.setattr(libopus, "_candidates", nothing)
    libopus.library.cache_clear()
    try:
        with pytest.raises(OSError, match="libopus0"):
            libopus.library()
    finally:
        libopus.library.cache_clear()


def test_the_library_of_the_system_is_tried_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: f"lib{name}.so.of.the.system")

    assert list(libopus._candidates())[-1] == "libopus.so.of.the.system"
