from __future__ import annotations

import io
import random
import struct
import tracemalloc

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import ogg, opus
from audio.ogg import HEADER, BadOgg, Caps
from tests.support import speech


def clip(seconds: float = 1.0) -> bytes:
    pcm = speech.room_noise(seconds, -30, 1)
    frames, preskip = opus.encode(pcm)
    return ogg.write(frames, preskip=preskip, samples=len(pcm))


CLIP = clip()


def split(body: bytes) -> list[bytes]:
    """Cut Ogg into its pages."""
    pages, at = [], 0
    while at < len(body):
        segments = body[at + 26]
        size = HEADER.size + segments + sum(body[at + 27 : at + 27 + segments])
        pages.append(body[at : at + size])
        at += size
    return pages


def sealed(page: bytes) -> bytes:
    """Give a changed page the checksum it needs."""
    blank = page[:22] + bytes(4) + page[26:]
    return page[:22] + struct.pack("<I", ogg.checksum(blank)) + page[26:]


def changed(page: bytes, at: int, new: bytes) -> bytes:
    return sealed(page[:at] + new + page[at + len(new) :])


def with_pages(**replaced: bytes) -> bytes:
    pages = split(CLIP)
    for number, page in replaced.items():
        pages[int(number[1:])] = page
    return b"".join(pages)


def test_a_clip_is_read_as_it_was_written() -> None:
    frames, preskip = opus.encode(speech.room_noise(2.5, -30, 1))
    body = ogg.write(frames, preskip=preskip, samples=120_000)

    assert ogg.read(body) == frames
    assert ogg.read_stream(body).preskip == preskip
    assert ogg.read_stream(body).samples == 120_000


def test_another_reader_hears_a_clip_of_the_same_length_without_tags() -> None:
    pcm = speech.say("Hello there, how are you today")
    frames, preskip = opus.encode(pcm)

    with av.open(io.BytesIO(ogg.write(frames, preskip=preskip, samples=len(pcm))), "r", format="ogg") as file:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
        tags = {**file.metadata, **file.streams[0].metadata}

    assert len(heard) == len(pcm)
    assert speech.envelope_correlation(pcm, heard)[0] > 0.99
    assert not {name for name in tags if name != "encoder"}
    assert not tags.get("encoder")


def test_what_another_writer_wrote_is_read() -> None:
    pcm = speech.say("Hello there")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=48_000, layout="stereo")
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=48_000)
        frame = av.AudioFrame.from_ndarray(pcm[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))

    stream_read = ogg.read_stream(buffer.getvalue())

    assert stream_read.samples == len(pcm)
    assert stream_read.preskip == 312


def test_the_same_clip_gives_the_same_bytes() -> None:
    assert clip() == CLIP


def test_the_checksum_is_the_one_of_rfc_3533() -> None:
    slow = 0
    for byte in CLIP[:500]:
        slow ^= byte << 24
        for _ in range(8):
            slow = (slow << 1) ^ (0x04C11DB7 if slow & 0x80000000 else 0)
            slow &= 0xFFFFFFFF

    assert ogg.checksum(CLIP[:500]) == slow


def test_damaged_and_cut_off_streams_are_refused() -> None:
    for body in (b"", b"OggS", CLIP[:-1], CLIP[1:], CLIP[:40], CLIP + b"x", CLIP[:500] + b"y" + CLIP[501:]):
        with pytest.raises(BadOgg):
            ogg.read_stream(body)


def test_a_stream_chained_behind_another_is_refused() -> None:
    with pytest.raises(BadOgg, match="follows the end"):
        ogg.read_stream(CLIP + clip())


def test_a_stream_chained_behind_one_without_an_end_is_refused() -> None:
    endless = split(CLIP)
    endless[-1] = changed(endless[-1], 5, bytes((0,)))

    with pytest.raises(BadOgg, match="second stream"):
        ogg.read_stream(b"".join(endless) + CLIP)


def test_two_streams_in_one_file_are_refused() -> None:
    other = [changed(page, 14, b"\1\2\3\4") for page in split(CLIP)]

    with pytest.raises(BadOgg, match="stream"):
        ogg.read_stream(b"".join(page for pair in zip(split(CLIP), other, strict=True) for page in pair))


@pytest.mark.parametrize("granule", [0, 2**62, 48_000 * 400])
def test_a_lying_granule_position_is_refused(granule: int) -> None:
    last = split(clip(3))
    last[-1] = changed(last[-1], 6, struct.pack("<Q", granule))

    with pytest.raises(BadOgg, match="granule"):
        ogg.read_stream(b"".join(last))


def test_a_bomb_of_long_packets_is_refused_before_anything_is_decoded() -> None:
    second = b"\x1b\x02"  # 120 ms of SILK in two bytes
    body = bomb([second] * 5_000)

    with pytest.raises(BadOgg, match=r"longer than|more than"):
        ogg.read_stream(body)
    with pytest.raises(BadOgg, match="longer than"):
        ogg.read_stream(bomb([second] * 300))


def bomb(packets: list[bytes]) -> bytes:
    pages = split(CLIP)[:2]
    serial = struct.unpack_from("<I", pages[0], 14)[0]
    for start in range(0, len(packets), 200):
        part = packets[start : start + 200]
        granule = (start + len(part)) * 5_760
        pages.append(ogg.write_page(part, 0, granule, serial, len(pages)))
    return b"".join(pages)


def test_caps_on_bytes_packets_and_pages_hold() -> None:
    with pytest.raises(BadOgg, match="bytes"):
        ogg.read_stream(CLIP, Caps(largest_bytes=1_000))
    with pytest.raises(BadOgg, match="packets"):
        ogg.read_stream(CLIP, Caps(most_packets=10))
    empty = [changed(sealed(split(CLIP)[2][:26] + b"\0"), 18, struct.pack("<I", n)) for n in range(2, 4_000)]
    with pytest.raises(BadOgg, match="pages"):
        ogg.read_stream(b"".join([*split(CLIP)[:2], *empty]))


@pytest.mark.parametrize(
    "body",
    [
        with_pages(p0=changed(split(CLIP)[0], 28, b"Vorbis!!")),
        with_pages(p0=changed(split(CLIP)[0], 36, b"\x10")),  # version
        with_pages(p0=changed(split(CLIP)[0], 37, b"\x06")),  # channels
        with_pages(p0=changed(split(CLIP)[0], 46, b"\x01")),  # mapping family
        with_pages(p1=changed(split(CLIP)[1], 28, b"NotTags!")),
        with_pages(p2=changed(split(CLIP)[2], 18, b"\x09")),  # page number
        with_pages(p2=changed(split(CLIP)[2], 5, b"\x01")),  # continued from nowhere
        b"".join(split(CLIP)[:2]),
    ],
)
def test_streams_that_are_not_opus_as_rfc_7845_has_it_are_refused(body: bytes) -> None:
    with pytest.raises(BadOgg):
        ogg.read_stream(body)


def test_a_clip_has_frames_of_20_ms_alone() -> None:
    long = speech.opus_packets(speech.silence(1), 60)
    body = ogg.write(long, preskip=312, samples=len(long) * 960)

    with pytest.raises(BadOgg):
        ogg.read(body)


def test_a_packet_may_go_on_over_pages() -> None:
    frames = [b"\xf8" + bytes(600)]
    pages = split(ogg.write(frames, preskip=312, samples=600))
    serial = struct.unpack_from("<I", pages[0], 14)[0]
    first = HEADER.pack(b"OggS", 0, 0, -1, serial, 2, 0, 2) + b"\xff\xff" + frames[0][:510]
    second = HEADER.pack(b"OggS", 0, 5, 912, serial, 3, 0, 1) + b"\x5b" + frames[0][510:]

    assert ogg.read(pages[0] + pages[1] + sealed(first) + sealed(second)) == frames


def mutated(seed: int) -> bytes:
    """Change, cut, repeat or insert somewhere; mend half of the checksums, so that it gets further."""
    chance = random.Random(seed)
    pages = split(CLIP)
    for _ in range(chance.randint(1, 4)):
        number = chance.randrange(len(pages))
        page = bytearray(pages[number])
        at = chance.randrange(len(page))
        match chance.randrange(5):
            case 0:
                page[at] = chance.randrange(256)
            case 1:
                del page[at : at + chance.randint(1, 40)]
            case 2:
                page[at:at] = chance.randbytes(chance.randint(1, 40))
            case 3:
                pages.insert(number, bytes(page))
            case _:
                page[4:27] = chance.randbytes(23)
        pages[number] = sealed(bytes(page)) if len(page) >= 27 and chance.random() < 0.5 else bytes(page)
    return b"".join(pages)


def test_mutations_are_read_or_refused_in_little_memory() -> None:
    tracemalloc.start()
    for seed in range(1_000):
        try:
            stream = ogg.read_stream(mutated(seed))
        except BadOgg:
            continue
        assert len(stream.packets) <= Caps().most_packets
        assert 0 <= stream.samples <= 48 * Caps().longest_ms
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert highest < 32_000_000


@settings(max_examples=150)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(BadOgg):
        ogg.read_stream(body)
    with pytest.raises(BadOgg):
        ogg.read_stream(b"OggS\0" + body)
