from __future__ import annotations

import io
from functools import cache

import av
import numpy as np
import pytest

from audio import m4a, m4a_stream, ogg, opus
from audio.m4a import CHUNK
from tests.support import speech
from tests.support.recorded import recorded

SOUNDS = tuple(speech.white_noise(seconds, -20, seed) for seed, seconds in enumerate((0.5, 0.31, 0.9)))
PLACES = (10, 60, 110)  # in frames
FRAMES = 170
CHAPTERS = ((0, "Erstens"), (1_280, "Second: " + "ä" * 200))


@cache
def clip(number: int) -> bytes:
    frames, preskip = opus.encode(SOUNDS[number])
    return m4a.from_ogg(ogg.write(frames, preskip=preskip, samples=len(SOUNDS[number])))


@cache
def recording() -> bytes:
    """Return three clips with silence between them, each a fragment."""
    parts = [m4a_stream.begin(), m4a_stream.head(FRAMES * CHUNK * 1000 // 48_000, "Wonder", CHAPTERS)]
    at = 0
    for number, place in enumerate(PLACES):
        frames = [m4a_stream.SILENCE] * (place - at) + m4a_stream.frames(clip(number))
        parts.append(m4a_stream.fragment(number + 1, at, frames))
        at += len(frames)
    return b"".join([*parts, m4a_stream.fragment(4, at, [m4a_stream.SILENCE] * (FRAMES - at))])


def test_players_find_length_title_and_chapters_before_any_sound() -> None:
    body = recording()
    found = recorded(body)
    assert found.title == "Wonder"
    assert found.duration_ms == pytest.approx(FRAMES * CHUNK / 48, abs=50)
    assert found.chapters == [(0, "Erstens"), (1_280, "Second: " + "ä" * 123)]
    assert body.index(b"chpl") < body.index(b"moof")
    with av.open(io.BytesIO(body), "r") as file:
        context = file.streams.audio[0].codec_context
        assert (context.name, context.sample_rate, context.layout.name) == ("aac", 48_000, "mono")


def test_each_clip_is_heard_at_its_frame_and_nothing_between_them() -> None:
    whole = recorded(recording()).sound
    for place, sound in zip(PLACES, SOUNDS, strict=True):
        start = place * CHUNK
        part = whole[start - 4_800 : start + len(sound) + 4_800]
        lag = int(np.argmax(np.correlate(part, sound, "valid"))) - 4_800
        assert abs(lag) <= 48  # 1 ms
        after = whole[start + len(sound) + 2 * CHUNK :][: 10 * CHUNK]
        assert float(np.abs(after).max()) < 1e-3


def test_a_fragment_begins_where_the_one_before_ended() -> None:
    with av.open(io.BytesIO(recording()), "r") as file:
        times = [packet.pts or 0 for packet in file.demux(audio=0) if packet.size]
    assert set(np.diff(times)) == {CHUNK}


@pytest.mark.parametrize("body", [b"", b"\0\0\0\x08ftyp", b"\0\0\0\x04moov"])
def test_what_is_no_clip_has_no_frames(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of two kinds
        m4a_stream.frames(body)
