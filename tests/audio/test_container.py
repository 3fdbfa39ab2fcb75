from __future__ import annotations

import io
import random
import re
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from audio import container, opus
from audio.container import Undecodable
from audio.media_types import MEDIA_TYPES
from audio.pcm import Pcm
from tests.support import oggs, riff, speech
from tests.support.uploads import muxed, packets_in

MINUTE = 48_000 * 60
SPOKEN = speech.level(speech.say("Hello there, how are you today"), -20)
WAV = speech.wav(None, SPOKEN)
MP4 = muxed(SPOKEN, "mp4", "aac")
WEBM = muxed(SPOKEN, "webm", "libopus")
OGG = muxed(SPOKEN, "ogg", "libopus")
ADTS = muxed(SPOKEN, "adts", "aac")
PRESKIP = 312  # of libopus
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
        ("audio/wav", riff.file(riff.form(riff.PCM, 16, rate_hz=520_000_000), WAV[44:])),
        ("audio/wav", riff.file(riff.form(riff.PCM, 16, rate_hz=1), WAV[44:])),
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


# What Chromium 156 wrote on a busy machine: ms from block to block of 60 ms, while no sound was missing.
STRETCHED_MS = (
    99,
    61,
    60,
    60,
    60,
    59,
    61,
    59,
    85,
    120,
    110,
    125,
    114,
    122,
    356,
    61,
    61,
    61,
    87,
    73,
    52,
    70,
    52,
)


@pytest.mark.parametrize("kind", ["webm", "mp4"])
@pytest.mark.parametrize("times_ms", [STRETCHED_MS, (69, 47, 70, 139, 139, 93, 139, 93, 140, 93, 114, 70)])
def test_a_clock_that_stretches_leaves_no_hole_in_what_chromium_recorded(
    times_ms: tuple[int, ...], kind: str
) -> None:
    payloads = speech.opus_packets(SPOKEN, frame_ms=60)
    later = (*times_ms, *(60 for _ in payloads))
    body = _timed(payloads, [sum(later[:index]) for index in range(len(payloads))], kind)
    named = re.sub(rb"Lavf[\d.]+", lambda name: b"Chrome".ljust(len(name[0]), b"\0"), body)
    chromium = named.replace(b"ENCODER", b"COMMENT")  # a tag that Chromium does not write

    assert alike(container.decode(chromium, f"audio/{kind}", longest=MINUTE)) > 0.99


def _webm_with_a_gap(payloads: list[bytes], gap_ms: int) -> bytes:
    times = [index * 20 + (gap_ms if index >= len(payloads) else 0) for index in range(2 * len(payloads))]
    return _timed(payloads * 2, times)


def _timed(payloads: list[bytes], times_ms: list[int], kind: str = "webm") -> bytes:
    """Write Opus packets at the given times."""
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(WEBM), "r", format="matroska") as template,
        av.open(buffer, "w", format=kind) as file,
    ):
        stream = file.add_stream_from_template(template.streams.audio[0])
        for payload, at_ms in zip(payloads, times_ms, strict=True):
            packet = av.Packet(payload)
            packet.pts = packet.dts = at_ms
            packet.time_base = Fraction(1, 1_000)
            packet.stream = stream
            file.mux(packet)
    return buffer.getvalue()


def alike(heard: Pcm, spoken: Pcm = SPOKEN) -> float:
    return speech.envelope_correlation(spoken, heard)[0]


FRAGMENTED = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "300000"}
SURROUND = {"libopus.mapping_family": "1"}


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("audio/ogg", muxed(SPOKEN, "ogg", "vorbis", layout="stereo")),
        ("audio/ogg", muxed(SPOKEN, "ogg", "libopus", layout="5.1", options=SURROUND)),
        ("audio/webm", muxed(SPOKEN, "webm", "libopus", layout="5.1", options=SURROUND)),
        ("audio/webm", muxed(SPOKEN, "webm", "vorbis", layout="stereo")),
        ("audio/x-matroska", muxed(SPOKEN, "matroska", "pcm_f32le")),
        ("audio/mp4", muxed(SPOKEN, "mp4", "aac", options=FRAGMENTED)),
        ("audio/mp4", muxed(SPOKEN, "mp4", "libopus", options=FRAGMENTED)),
        ("audio/x-m4a", muxed(SPOKEN, "ipod", "alac", rate_hz=16_000)),
        ("audio/3gpp", muxed(SPOKEN, "3gp", "libopencore_amrnb", rate_hz=8_000)),
        ("video/quicktime", muxed(SPOKEN, "mov", "pcm_s16be", rate_hz=16_000)),
        ("audio/aac", muxed(SPOKEN, "adts", "aac")),
        ("audio/aac", MP4),
        ("audio/mp4a-latm", ADTS),
        ("audio/mp4a-latm", MP4),
        ("audio/aac", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + ADTS),
    ],
)
def test_files_that_telephones_and_sound_programs_make_are_heard(media_type: str, body: bytes) -> None:
    assert alike(container.decode(body, media_type, longest=MINUTE)) > 0.96


@pytest.mark.parametrize("name", list(MEDIA_TYPES))
def test_every_name_of_a_kind_is_taken_in_any_case_and_with_parameters(name: str) -> None:
    body = {"ogg": OGG, "webm": WEBM, "mp4": MP4, "wav": WAV, "aac": ADTS}[MEDIA_TYPES[name][0]]

    assert len(container.decode(body, f"{name.upper()} ; codecs=opus", longest=4_800)) == 4_800


def refused(body: bytes, media_type: str) -> Undecodable:
    with pytest.raises(Undecodable) as refusal:
        container.decode(body, media_type, longest=MINUTE)
    return refusal.value


@pytest.mark.parametrize(
    ("media_type", "body", "name"),
    [
        ("audio/ogg", WEBM, "WebM"),
        ("audio/x-wav; rate=8000", MP4, "MP4"),
        ("audio/mp4", muxed(SPOKEN, "mp3", "libmp3lame"), "MP3"),
        ("Audio/WebM", WAV, "WAV"),
    ],
)
def test_a_wrong_type_is_told_which_one_the_bytes_are(media_type: str, body: bytes, name: str) -> None:
    says = media_type.partition(";")[0].lower()

    assert refused(body, media_type).shown == f"This says {says} but the bytes are {name}."


@pytest.mark.parametrize(
    ("media_type", "body", "name"),
    [
        ("audio/wav", muxed(SPOKEN, "wav", "adpcm_ms"), "ADPCM Microsoft"),
        ("audio/wav", muxed(SPOKEN, "wav", "libmp3lame"), "MP3"),
        ("audio/mp4", muxed(SPOKEN, "mp4", "libmp3lame"), "MP3"),
        ("audio/ogg", muxed(SPOKEN, "ogg", "flac"), "FLAC"),
        ("audio/webm", muxed(SPOKEN, "matroska", "flac"), "FLAC"),
        ("audio/wav", riff.file(riff.form(0x1234, 16), bytes(9_000)), "something that we do not know"),
    ],
)
def test_a_coding_that_is_not_taken_is_named(media_type: str, body: bytes, name: str) -> None:
    shown = refused(body, media_type).shown
    assert shown.startswith(f"We cannot read sound coded as {name}")


S16 = riff.samples(SPOKEN, "<i2")
PLAIN = riff.form(riff.PCM, 16)
FORMS = {
    "of an unknown length": riff.file(PLAIN, S16, size=0xFFFFFFFF, data_size=0xFFFFFFFF),
    "never finished": riff.file(PLAIN, S16, size=0, data_size=0),
    "RF64": riff.large(PLAIN, S16),
    "BW64": riff.large(PLAIN, S16, b"BW64"),
    "float64": riff.file(riff.form(riff.FLOAT, 64), riff.samples(SPOKEN, "<f8")),
    "mu-law": riff.file(riff.form(riff.MULAW, 8), riff.mulaw(SPOKEN)),
    "A-law": riff.file(riff.form(riff.ALAW, 8), riff.alaw(SPOKEN)),
    "extensible": riff.file(riff.extensible(riff.PCM, 16), S16),
    "extensible, longer": riff.file(riff.extensible(riff.PCM, 16, more=bytes(8)), S16),
    "extensible float32": riff.file(riff.extensible(riff.FLOAT, 32), riff.samples(SPOKEN, "<f4")),
    "extensible mu-law": riff.file(riff.extensible(riff.MULAW, 8), riff.mulaw(SPOKEN)),
    "24 bits in 32": riff.file(riff.extensible(riff.PCM, 32, valid=24), riff.samples(SPOKEN, "<i4")),
    "before broken tags": riff.file(PLAIN, S16) + riff.chunk(b"LIST", b"abc") + b"zzz",
    "after other chunks": riff.file(
        PLAIN, S16, before=riff.chunk(b"LIST", b"INFOabc") + riff.chunk(b"JUNK", b"")
    ),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_wav_of_every_form_is_heard(form: str) -> None:
    assert alike(container.decode(FORMS[form], "audio/wav", longest=MINUTE)) > 0.99


OPPOSITE = np.stack([SPOKEN, -SPOKEN], axis=1)


@pytest.mark.parametrize(
    ("media_type", "kind", "codec"),
    [
        ("audio/wav", "wav", "pcm_s16le"),
        ("audio/ogg", "ogg", "libopus"),
        ("audio/webm", "webm", "libopus"),
        ("audio/mp4", "mp4", "aac"),
    ],
)
def test_sides_that_are_opposite_are_heard(media_type: str, kind: str, codec: str) -> None:
    heard = container.decode(muxed(OPPOSITE, kind, codec, layout="stereo"), media_type, longest=MINUTE)

    assert alike(heard) > 0.96
    assert np.std(heard) > np.std(SPOKEN) / 2


@pytest.mark.parametrize("codec", ["aac", "libopus"])
@pytest.mark.parametrize("kind", ["mp4", "matroska"])
@pytest.mark.parametrize("beside", ["video", "silence"])
def test_what_is_beside_the_sound_is_passed_over(kind: str, codec: str, beside: str) -> None:
    body = muxed(SPOKEN, kind, codec, beside=beside)

    assert alike(container.decode(body, f"audio/{kind}", longest=MINUTE)) > 0.96


def test_of_several_sounds_the_default_one_is_heard() -> None:
    body = muxed(SPOKEN, "matroska", "libopus", beside="default silence")

    assert np.abs(container.decode(body, "audio/webm", longest=MINUTE)).max() < 0.001


@pytest.mark.parametrize("junk", [b"\xff", b"\0", b"\x21"])
@pytest.mark.parametrize("which", [0, 1, 40, -1])
def test_a_frame_that_is_none_costs_itself_alone(which: int, junk: bytes) -> None:
    at, size = packets_in(MP4, "mp4")[which]
    body = MP4[:at] + junk * size + MP4[at + size :]

    heard = container.decode(body, "audio/mp4", longest=MINUTE)

    assert alike(heard) > 0.96
    assert len(heard) == pytest.approx(len(SPOKEN), abs=48 * 50)


@pytest.mark.parametrize("layout", ["5.1", "7.1"])
def test_a_frame_that_is_none_costs_itself_alone_in_many_channels(layout: str) -> None:
    whole = muxed(SPOKEN, "mp4", "aac", layout=layout)
    at, size = packets_in(whole, "mp4")[40]

    heard = container.decode(whole[:at] + bytes(size) + whole[at + size :], "audio/mp4", longest=MINUTE)

    assert alike(heard) > 0.9


def test_frames_of_other_rates_and_channels_on_the_way_are_joined() -> None:
    """As ADTS says with each frame what it holds, files of it may follow one another."""
    parts = [muxed(SPOKEN, "adts", "aac", rate_hz=rate, layout=layout) for rate, layout in CHANGES]

    heard = container.decode(b"".join(parts), "audio/aac", longest=MINUTE)

    assert len(heard) == pytest.approx(3 * len(SPOKEN), abs=48 * 200)
    third = len(heard) // 3
    for index in range(3):
        assert alike(heard[index * third : (index + 1) * third]) > 0.9


CHANGES = [(48_000, "mono"), (24_000, "stereo"), (44_100, "mono")]


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("audio/ogg", OGG),
        ("audio/webm", WEBM),
        ("audio/wav", WAV),
        ("audio/aac", ADTS),
        ("audio/mp4", muxed(SPOKEN, "mp4", "aac", options=FRAGMENTED)),
    ],
)
@pytest.mark.parametrize("share", [0.5, 0.75, 0.97])
def test_of_a_file_that_is_cut_off_the_beginning_is_heard(media_type: str, body: bytes, share: float) -> None:
    heard = container.decode(body[: int(len(body) * share)], media_type, longest=MINUTE)

    assert len(heard) > (share - 0.25) * len(SPOKEN)
    assert alike(heard, SPOKEN[: len(heard)]) > 0.88  # AAC begins 20 ms later, so the ends differ


def test_an_ogg_file_of_more_than_a_minute_is_cut() -> None:
    packets = speech.opus_packets(speech.silence(0.06), 60)
    body = oggs.written(oggs.pages(packets * 1_050, per_page=16))

    assert len(container.decode(body, "audio/ogg", longest=MINUTE)) == MINUTE


@pytest.mark.parametrize("off", [[0, 1, -1], [0, -13, -4, 5], [0, 60, 0]])
def test_block_times_that_jitter_lose_no_sound(off: list[int]) -> None:
    payloads = speech.opus_packets(SPOKEN, 60)
    times = [60 * index + off[index % len(off)] for index in range(len(payloads))]

    heard = container.decode(_timed(payloads, times), "audio/webm", longest=MINUTE)

    assert alike(heard) > 0.96
    assert len(heard) == len(payloads) * 2_880 - PRESKIP


FILES = (Path(__file__).parents[1] / "cases").iterdir()
CASES = sorted(path for path in FILES if path.suffix not in {"", ".md"})
CASE_TYPES = {".ogg": "audio/ogg", ".webm": "audio/webm", ".wav": "audio/wav"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.name))
def test_mutated_recordings_give_bounded_sound_or_a_refusal(path: Path) -> None:
    body = path.read_bytes()
    for seed in range(12):
        chance = random.Random(seed)
        changed = bytearray(body)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(16, len(changed) if chance.random() < 0.5 else 1_000)
            changed[at : at + chance.choice([1, 1, 4, 40])] = chance.randbytes(chance.choice([0, 1, 1, 4]))
        media_type = CASE_TYPES.get(path.suffix, "audio/mp4")
        try:
            heard = container.decode(bytes(changed), media_type, longest=480_000)
        except Undecodable:
            continue
        assert len(heard) <= 480_000
        assert heard.dtype == np.float32


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
