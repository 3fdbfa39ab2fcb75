from __future__ import annotations

import io
import random
import zipfile
from fractions import Fraction

import av
import numpy as np
import pytest

from audio import container, opus
from audio.container import Undecodable
from tests.support import speech
from tests.support.uploads import muxed

MINUTE = 48_000 * 60
SPOKEN = speech.level(speech.say("Hello there, how are you today"), -20)
WAV = speech.wav(None, SPOKEN)
MP4 = muxed(SPOKEN, "mp4", "aac")
WEBM = muxed(SPOKEN, "webm", "libopus")
OGG = muxed(SPOKEN, "ogg", "libopus")
BY_LIBAV = [("audio/wav", WAV), ("audio/webm", WEBM), ("audio/mp4", MP4)]


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("audio/ogg", OGG),
        ("audio/ogg; codecs=opus", muxed(SPOKEN, "ogg", "libopus", layout="stereo")),
        ("audio/webm;codecs=opus", WEBM),
        ("audio/webm", muxed(SPOKEN, "webm", "libopus", layout="stereo")),
        ("audio/mp4", MP4),
        ("Audio/MP4", muxed(SPOKEN, "mp4", "aac", rate_hz=44_100, layout="stereo")),
        ("audio/mp4", muxed(SPOKEN, "mp4", "libopus")),
        ("audio/wav", WAV),
        ("audio/x-wav", muxed(SPOKEN, "wav", "pcm_s16le", rate_hz=44_100, layout="stereo")),
        ("audio/wav", muxed(SPOKEN, "wav", "pcm_f32le", rate_hz=16_000)),
        ("audio/wav", muxed(SPOKEN, "wav", "pcm_s24le")),
    ],
)
def test_files_that_recorders_make_are_heard(media_type: str, body: bytes) -> None:
    heard = container.decode(body, media_type, longest=MINUTE)

    correlation, lag_ms = speech.envelope_correlation(SPOKEN, heard)
    assert correlation > 0.96
    assert abs(lag_ms) <= 10
    assert abs(len(heard) - len(SPOKEN)) < 48 * 50


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("clip.ogg", OGG)
    return buffer.getvalue()


HLS = b"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/clip.ogg\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"
POLYGLOTS = {"hls": HLS, "svg": SVG, "html": HTML, "zip": zipped(), "concat": CONCAT, "wav": WAV, "mp4": MP4}
POLYGLOTS |= {"webm": WEBM, "ogg": OGG, "empty": b"", "flac": muxed(SPOKEN, "ogg", "flac")}


@pytest.mark.parametrize("media_type", ["audio/ogg", "audio/webm", "audio/mp4", "audio/wav"])
@pytest.mark.parametrize("name", list(POLYGLOTS))
def test_a_file_under_another_name_is_refused(name: str, media_type: str) -> None:
    if media_type == f"audio/{name}":
        return
    with pytest.raises(Undecodable):
        container.decode(POLYGLOTS[name], media_type, longest=MINUTE)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("audio/mp4", MP4[:32] + HLS),
        ("audio/webm", WEBM[:40] + HTML),
        ("audio/wav", WAV[:12] + HLS),
        ("audio/wav", WAV[:44]),
        ("audio/mp4", muxed(SPOKEN, "mp4", "libmp3lame")),
        ("audio/webm", muxed(SPOKEN, "matroska", "flac")),
        ("audio/flac", WAV),
        ("", WAV),
        ("audio/wav", WAV[:100] + bytes(3_000_000)),
    ],
)
def test_what_is_not_taken_is_refused(media_type: str, body: bytes) -> None:
    with pytest.raises(Undecodable):
        container.decode(body, media_type, longest=MINUTE)


@pytest.mark.parametrize(("media_type", "body"), BY_LIBAV)
def test_no_more_than_wanted_is_decoded(media_type: str, body: bytes) -> None:
    assert len(container.decode(body, media_type, longest=24_000)) <= 24_000 + opus.FRAME


def test_silence_that_a_recorder_left_out_keeps_its_place() -> None:
    word = speech.level(speech.say("hello"), -20)
    payloads = speech.opus_packets(word)
    body = _webm_with_a_gap(payloads, gap_ms=1_000)

    heard = container.decode(body, "audio/webm", longest=MINUTE)

    assert len(heard) == pytest.approx(2 * len(payloads) * 960 + 48_000, abs=48 * 40)


def _webm_with_a_gap(payloads: list[bytes], gap_ms: int) -> bytes:
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(WEBM), "r", format="matroska") as template,
        av.open(buffer, "w", format="webm") as file,
    ):
        stream = file.add_stream_from_template(template.streams.audio[0])
        for index, payload in enumerate(payloads * 2):
            packet = av.Packet(payload)
            packet.pts = packet.dts = index * 20 + (gap_ms if index >= len(payloads) else 0)
            packet.time_base = Fraction(1, 1_000)
            packet.stream = stream
            file.mux(packet)
    return buffer.getvalue()


@pytest.mark.parametrize(("media_type", "body"), BY_LIBAV)
def test_mutated_files_give_bounded_sound_or_a_refusal(media_type: str, body: bytes) -> None:
    for seed in range(25):
        chance = random.Random(seed)
        changed = bytearray(body)
        for _ in range(chance.randint(1, 12)):
            changed[chance.randrange(16, min(len(changed), 2_000))] = chance.randrange(256)
        try:
            heard = container.decode(bytes(changed), media_type, longest=MINUTE)
        except Undecodable:
            continue
        assert len(heard) <= MINUTE
        assert heard.dtype == np.float32
