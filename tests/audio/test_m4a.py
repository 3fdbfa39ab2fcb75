from __future__ import annotations

import io

import av
import numpy as np
import pytest

from audio import m4a, ogg, opus
from audio.pcm import Pcm
from tests.support import speech


def clip(pcm: Pcm) -> bytes:
    frames, preskip = opus.encode(pcm)
    return ogg.write(frames, preskip=preskip, samples=len(pcm))


def test_a_clip_is_aac_with_its_index_in_front_and_sounds_the_same() -> None:
    pcm = speech.level(speech.say("Hello there, how are you today"), -20)
    body = m4a.from_ogg(clip(pcm))

    with av.open(io.BytesIO(body), "r", format="mp4") as file:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
        codec, tags = file.streams.audio[0].codec_context.name, file.metadata

    assert body[4:8] == b"ftyp"
    assert body.index(b"moov") < body.index(b"mdat")
    assert codec == "aac"
    assert "encoder" not in tags
    correlation, lag_ms = speech.envelope_correlation(pcm, heard)
    assert correlation > 0.98
    assert abs(lag_ms) <= 20


@pytest.mark.parametrize("samples", [1_000, 1_024, 14_400, 336_000])
def test_clips_of_any_length_become_m4a(samples: int) -> None:
    body = m4a.from_ogg(clip(speech.white_noise(samples / 48_000, -30, 1)))

    with av.open(io.BytesIO(body), "r", format="mp4") as file:
        heard = sum(frame.samples for frame in file.decode(audio=0))

    assert samples <= heard <= samples + 2 * 1_024


def test_what_is_no_clip_is_refused() -> None:
    with pytest.raises(ogg.BadOgg):
        m4a.from_ogg(b"no clip")


@pytest.mark.parametrize("body", [b"\0\0\0\x04moov", b"\0\0\1\0ftyp"])
def test_boxes_without_a_proper_size_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="box"):
        m4a.index_first(body)
