from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import ogg, opus, opusfile
from audio.ogg import FIRST, LAST, BadOgg
from audio.opusfile import File, OtherOgg
from tests.support import oggs, speech

PACKETS = speech.opus_packets(speech.say("Hello there, how are you today"))
LENGTH = len(PACKETS) * opus.FRAME
MINUTE = 48_000 * 60


def read(body: bytes) -> File:
    return opusfile.read(body, longest=MINUTE, most_packets=12_000)


def payloads(file: File) -> list[bytes]:
    return [packet.payload for packet in file.packets]


def places(file: File) -> list[int]:
    return [packet.at // opus.FRAME for packet in file.packets]


@pytest.mark.parametrize("per_page", [1, 7, 25, 50])
@pytest.mark.parametrize("frame_ms", [10, 20, 60])
def test_a_plain_file_is_read_whole(per_page: int, frame_ms: int) -> None:
    packets = speech.opus_packets(speech.say("hello"), frame_ms)

    file = read(oggs.written(oggs.pages(packets, per_page=per_page)))

    assert payloads(file) == packets
    assert [packet.at for packet in file.packets] == [48 * frame_ms * n for n in range(len(packets))]
    assert (file.start, file.end) == (oggs.PRESKIP, 48 * frame_ms * len(packets))


@pytest.mark.parametrize("offset", [-8, 1, 240_000, 2**40, -(2**40)])
def test_granule_positions_may_begin_anywhere(offset: int) -> None:
    pages = oggs.pages(PACKETS)
    for page in pages[2:]:
        page.granule += offset

    file = read(oggs.written(pages))

    assert (payloads(file), file.end) == (PACKETS, LENGTH)


@pytest.mark.parametrize("jump", [100, 96_000, 2**40, -96_000])
def test_a_jump_of_granule_positions_between_whole_pages_moves_nothing(jump: int) -> None:
    pages = oggs.pages(PACKETS, per_page=20)
    for page in pages[4:]:
        page.granule += jump

    file = read(oggs.written(pages))

    assert places(file) == list(range(len(PACKETS)))
    assert file.end == LENGTH


def test_granule_positions_of_another_clock_trim_nothing() -> None:
    """Some count at the rate of the microphone, 16 kHz, as Speex did."""
    pages = oggs.pages(PACKETS, per_page=20)
    for page in pages:
        page.granule //= 3

    assert read(oggs.written(pages)).end == LENGTH


@pytest.mark.parametrize("granule", [0, -1, 7])
def test_granule_positions_that_say_nothing_are_not_believed(granule: int) -> None:
    pages = oggs.pages(PACKETS)
    for page in pages[2:]:
        page.granule = granule

    file = read(oggs.written(pages))

    assert (payloads(file), file.end) == (PACKETS, LENGTH)


@pytest.mark.parametrize("trimmed", [1, 960, 47_000])
def test_the_end_of_the_last_page_is_dropped_as_it_says(trimmed: int) -> None:
    pages = oggs.pages(PACKETS, per_page=50)
    pages[-1].granule -= trimmed

    held = len(pages[-1].packets) * opus.FRAME
    assert read(oggs.written(pages)).end == LENGTH - min(trimmed, held)


def test_a_short_file_of_one_page_is_trimmed_too() -> None:
    pages = oggs.pages(PACKETS[:20])
    pages[-1].granule -= 1_000

    assert read(oggs.written(pages)).end == 20 * opus.FRAME - 1_000


@pytest.mark.parametrize("damage", ["lost", "its head changed", "in the middle"])
def test_the_rest_is_in_its_place_where_a_page_is_missing(damage: str) -> None:
    pages = [page.written() for page in oggs.pages(PACKETS, per_page=20)]
    if damage == "lost":
        del pages[3]
    elif damage == "its head changed":
        pages[3] = pages[3][:30] + b"\xff" + pages[3][31:]
    else:
        pages[3] = pages[3][:300] + b"what does not belong here" + pages[3][300:]

    file = read(b"".join(pages))

    assert places(file) == [*range(20), *range(40, len(PACKETS))]
    assert payloads(file) == [*PACKETS[:20], *PACKETS[40:]]


def test_a_byte_that_is_wrong_costs_its_packet_alone() -> None:
    body = bytearray(oggs.written(oggs.pages(PACKETS, per_page=20)))
    at = body.index(PACKETS[30])
    body[at + 3] ^= 255

    read_back = payloads(read(bytes(body)))

    assert len(read_back) == len(PACKETS)
    assert [index for index, payload in enumerate(read_back) if payload != PACKETS[index]] == [30]


def test_a_page_that_comes_twice_is_read_once() -> None:
    pages = oggs.pages(PACKETS, per_page=20)

    assert payloads(read(oggs.written([*pages[:3], pages[2], *pages[3:]]))) == PACKETS


def test_lost_tags_and_large_ones_are_no_sound() -> None:
    pages = oggs.pages(PACKETS)
    picture = oggs.TAGS + bytes(100_000)
    large = oggs.written(pages[:1]) + _over_pages(picture)
    for number, page in enumerate(pages[2:], 3):
        page.number = number
        large += page.written()

    assert payloads(read(oggs.written([pages[0], *pages[2:]]))) == PACKETS
    assert payloads(read(large)) == PACKETS


def _over_pages(packet: bytes) -> bytes:
    """Put one packet on two pages, as a picture among the tags needs it."""
    first, rest = packet[: 255 * 255], packet[255 * 255 :]
    pages = []
    for number, (part, flags) in enumerate([(first, 0), (rest, ogg.CONTINUED)], 1):
        lacing = b"\xff" * (len(part) // 255) + (bytes((len(part) % 255,)) if number == 2 else b"")
        fields = (b"OggS", 0, flags, -1 if number == 1 else 0, oggs.SERIAL, number)
        blank = ogg.HEADER.pack(*fields, 0, len(lacing)) + lacing + part
        pages.append(ogg.HEADER.pack(*fields, ogg.checksum(blank), len(lacing)) + lacing + part)
    return b"".join(pages)


@pytest.mark.parametrize(
    "rest", [bytes(128), b"OggS", b"OggS" * 9, b"TAG" + bytes(125), b"OggS\0\4" + bytes(40)]
)
def test_bytes_behind_the_end_are_left_alone(rest: bytes) -> None:
    assert payloads(read(oggs.written(oggs.pages(PACKETS)) + rest)) == PACKETS


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("serial", [oggs.SERIAL, 99])
def test_of_chained_files_the_first_is_read(serial: int, ended: bool) -> None:
    first, second = oggs.pages(PACKETS), oggs.pages(PACKETS[:10])
    if not ended:
        first[-1].flags = 0
    for page in second:
        page.serial = serial

    assert payloads(read(oggs.written([*first, *second]))) == PACKETS


def test_streams_of_other_things_beside_it_are_passed_over() -> None:
    pages = oggs.pages(PACKETS)
    other = [oggs.Page([b"fishead\0" + bytes(40)], 0, 0, FIRST, 99), oggs.Page([b"x" * 90], 0, 1, 0, 99)]

    mixed = [other[0], pages[0], other[1], *pages[1:], oggs.Page([], 0, 2, LAST, 99)]

    assert payloads(read(oggs.written(mixed))) == PACKETS


def test_of_a_last_page_that_is_cut_off_the_whole_packets_are_read() -> None:
    body = oggs.written(oggs.pages(PACKETS))
    size = len(PACKETS[-1])

    assert payloads(read(body[:-1])) == PACKETS[:-1]
    assert payloads(read(body[: -size - 1])) == PACKETS[:-2]


def test_broken_packets_are_passed_over() -> None:
    pages = oggs.pages(PACKETS)
    pages[3].packets = [b"\x03\x00", *pages[3].packets, b""]
    assert payloads(read(oggs.written(pages))) == PACKETS


@pytest.mark.parametrize(("channels", "coupled"), [(1, 0), (2, 1)])
@pytest.mark.parametrize("family", [1, 255])
def test_one_stream_of_any_channel_mapping_is_plain_opus(family: int, channels: int, coupled: int) -> None:
    head = oggs.mapped(family, channels, 1, coupled)

    assert payloads(read(oggs.written(oggs.pages(PACKETS, head=head)))) == PACKETS


@pytest.mark.parametrize(
    "head",
    [
        oggs.mapped(1, 6, 4, 2),
        oggs.mapped(255, 2, 2, 0),
        b"\x01vorbis" + bytes(23),
        b"OpusHead\x10" + oggs.HEAD[9:],
        oggs.HEAD[:18],
    ],
)
def test_other_streams_are_told_apart(head: bytes) -> None:
    with pytest.raises(OtherOgg):
        read(oggs.written(oggs.pages(PACKETS, head=head)))


def test_no_more_is_read_than_is_wanted() -> None:
    body = oggs.written(oggs.pages([PACKETS[0]] * 4_000, per_page=50))

    file = opusfile.read(body, longest=48_000, most_packets=12_000)
    assert 48_000 <= len(file.packets) * opus.FRAME <= 3 * 48_000
    assert len(opusfile.read(body, longest=MINUTE, most_packets=75).packets) == 75


@pytest.mark.parametrize("body", [b"", b"OggS", b"OggS" * 50_000, oggs.written(oggs.pages(PACKETS)[:2])])
def test_a_file_without_sound_is_refused(body: bytes) -> None:
    with pytest.raises(BadOgg):
        read(body)


def mutated(seed: int) -> bytes:
    """Change, cut, repeat, drop or swap pages; mend most of the checksums, so that it gets further."""
    chance = random.Random(seed)
    pages = oggs.pages(PACKETS, per_page=chance.choice([1, 10, 40]))
    for _ in range(chance.randint(1, 5)):
        page = chance.choice(pages)
        match chance.randrange(8):
            case 0:
                page.granule = chance.choice(
                    [-1, 0, 2**62, -(2**62), page.granule + chance.randint(-(10**6), 10**6)]
                )
            case 1:
                page.number = chance.choice([0, page.number ^ 1, 2**32 - 1])
            case 2:
                page.flags = chance.randrange(8)
            case 3:
                page.serial = chance.randrange(9)
            case 4:
                page.packets = [chance.randbytes(chance.choice([0, 1, 30, 300])) for _ in range(30)]
            case 5:
                pages.remove(page)
            case 6:
                pages.insert(chance.randrange(len(pages) + 1), page)
            case _:
                page.packets = page.packets[::-1]
        pages = pages or oggs.pages(PACKETS)
    body = bytearray(oggs.written(pages))
    if chance.random() < 0.3:
        at = chance.randrange(len(body))
        body[at : at + chance.randint(0, 60)] = chance.randbytes(chance.randint(0, 60))
    return bytes(body)


def test_mutations_are_read_or_refused_within_bounds() -> None:
    for seed in range(1_000):
        try:
            file = read(mutated(seed))
        except BadOgg:
            continue
        ends = [packet.at + opus.duration(packet.payload) for packet in file.packets]
        starts = [packet.at for packet in file.packets]
        assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
        assert 0 <= file.start < 2**16
        assert 0 < file.end <= ends[-1]


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(body: bytes) -> None:
    for whole in (body, b"OggS\0" + body, oggs.written(oggs.pages(PACKETS)[:2]) + body):
        with pytest.raises(BadOgg):
            read(whole)


def test_the_end_is_trimmed_in_what_is_heard() -> None:
    pages = oggs.pages(PACKETS)
    pages[-1].granule -= 4_800
    body = oggs.written(pages)
    file = read(body)

    heard = opus.decode(file.packets, longest=MINUTE)

    assert len(heard) == LENGTH
    assert struct.unpack_from("<H", body, 28 + 10) == (file.start,)
    assert np.abs(heard[file.start : file.end]).max() > 0.01
