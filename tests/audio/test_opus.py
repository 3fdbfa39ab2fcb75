from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import opus
from audio.opus import BadPacket
from audio.pcm import Pcm
from audio.take import Packet
from tests.support import speech

SENTENCE = "Hello there, how are you today"
MINUTE = 48_000 * 60


def placed(payloads: list[bytes], *, without: set[int] | None = None) -> list[Packet]:
    """Put payloads one after another, some left out."""
    packets, at = [], 0
    for index, payload in enumerate(payloads):
        if index not in (without or set()):
            packets.append(Packet(at, payload))
        at += opus.duration(payload)
    return packets


def roughness(pcm: Pcm) -> float:
    """Return the greatest step between neighbouring samples: a click shows here."""
    return float(np.abs(np.diff(pcm)).max())


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
def test_durations_are_told_from_the_first_bytes(frame_ms: int) -> None:
    for payload in speech.opus_packets(speech.say("one"), frame_ms):
        assert opus.duration(payload) == 48 * frame_ms


@pytest.mark.parametrize(
    ("packet", "rule"),
    [
        (b"", "R1"),
        (b"\x01\x00", "R3"),
        (b"\x02", "R4"),
        (b"\x02\xff", "R4"),
        (b"\x02\x05\x01\x02", "R4"),
        (b"\x03", "R5"),
        (b"\x03\x00", "R5"),
        (b"\x1b\x03", "R5"),  # 3 frames of 60 ms
        (b"\x03\x02\x00", "R6"),
        (b"\x03\x42", "R6"),
        (b"\x03\x42\xff\x01\x00", "R6"),
        (b"\x03\x82\x09\x00", "R7"),
        (b"\x00" + bytes(1276), "R2"),
    ],
)
def test_packets_against_the_rules_of_rfc_6716_are_refused(packet: bytes, rule: str) -> None:
    with pytest.raises(BadPacket, match=rule):
        opus.frames(packet)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (b"\xf8", [b""]),
        (b"\xf8abc", [b"abc"]),
        (b"\xf9abcd", [b"ab", b"cd"]),
        (b"\xfa\x01abc", [b"a", b"bc"]),
        (b"\xfb\x03abcdef", [b"ab", b"cd", b"ef"]),
        (b"\xfb\x43\x02abcdef\x00\x00", [b"ab", b"cd", b"ef"]),
        (b"\xfb\x83\x01\x00aef", [b"a", b"", b"ef"]),
        (b"\xfa\xfd\x01" + bytes(257) + b"x", [bytes(257), b"x"]),
    ],
)
def test_packets_of_every_code_are_taken_apart(packet: bytes, expected: list[bytes]) -> None:
    assert opus.frames(packet) == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_refused(packet: bytes) -> None:
    try:
        frames = opus.frames(packet)
    except BadPacket:
        return
    assert 0 < opus.duration(packet) <= opus.LONGEST_PACKET
    assert opus.duration(packet) == len(frames) * opus.frame_samples(packet)
    assert sum(len(frame) for frame in frames) < len(packet)


@given(st.lists(st.binary(max_size=600), min_size=1, max_size=20), st.integers(1, 6))
def test_repacketised_frames_come_out_as_they_went_in(frames: list[bytes], count: int) -> None:
    joined = opus.repacketise([b"\xf8" + frame for frame in frames], count)

    assert [frame for packet in joined for frame in opus.frames(packet)] == frames
    assert len(joined) == -(-len(frames) // count)
    assert all(opus.duration(packet) <= opus.LONGEST_PACKET for packet in joined)


def test_repacketising_keeps_to_120_ms_and_to_one_configuration() -> None:
    long, short = b"\x18abc", b"\xf8ab"  # SILK 60 ms, CELT 20 ms

    joined = opus.repacketise([long] * 3 + [short] * 2, 6)

    assert [opus.duration(packet) for packet in joined] == [5_760, 2_880, 1_920]


def test_only_single_frames_are_repacketised() -> None:
    with pytest.raises(BadPacket):
        opus.repacketise([b"\xf9ab"], 2)


def test_repacketised_speech_sounds_the_same_to_the_sample() -> None:
    frames, _ = opus.encode(speech.say(SENTENCE))
    plain = opus.decode(placed(frames), longest=MINUTE)

    for count in range(1, 7):
        joined = opus.repacketise(frames, count)
        assert np.array_equal(opus.decode(placed(joined), longest=MINUTE), plain)


def test_silence_is_one_frame_and_silent() -> None:
    assert opus.duration(opus.silence()) == opus.FRAME
    assert np.abs(opus.decode([Packet(0, opus.silence())], longest=MINUTE)).max() < 1e-4


@pytest.mark.parametrize("samples", [1, 959, 960, 961, 50_000])
def test_all_of_a_sound_comes_out_again_after_the_preskip(samples: int) -> None:
    frames, preskip = opus.encode(np.zeros(samples, dtype=np.float32))

    assert len(frames) * opus.FRAME >= samples + preskip


def test_encoded_speech_keeps_its_envelope() -> None:
    pcm = speech.say(SENTENCE)
    frames, preskip = opus.encode(pcm)

    correlation, lag_ms = speech.envelope_correlation(
        pcm, opus.decode(placed(frames), longest=MINUTE)[preskip:]
    )

    assert correlation > 0.99
    assert lag_ms == 0
    assert 20_000 < sum(map(len, frames)) * 8 / (len(pcm) / 48_000) < 44_000


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
def test_packets_of_any_length_are_decoded(frame_ms: int) -> None:
    pcm = speech.say(SENTENCE)

    heard = opus.decode(placed(speech.opus_packets(pcm, frame_ms)), longest=MINUTE)

    correlation, lag_ms = speech.envelope_correlation(pcm, heard)
    assert correlation > 0.95
    assert abs(lag_ms) <= 10


def test_left_out_silence_keeps_its_place() -> None:
    word = speech.opus_packets(speech.say("hello"))
    gap = 48_000
    second = (len(word) * opus.FRAME) + gap
    packets = placed(word) + [Packet(packet.at + second, packet.payload) for packet in placed(word)]

    heard = opus.decode(packets, longest=MINUTE)

    assert len(heard) == 2 * len(word) * opus.FRAME + gap
    once = opus.decode(placed(word), longest=MINUTE)
    assert speech.envelope_correlation(once, heard[second:])[1] == 0


def test_one_lost_packet_is_concealed_without_a_click() -> None:
    pcm = speech.level(speech.say(SENTENCE), -20)
    payloads = speech.opus_packets(pcm)
    whole = opus.decode(placed(payloads), longest=MINUTE)

    for lost in range(20, 60, 5):
        heard = opus.decode(placed(payloads, without={lost}), longest=MINUTE)
        around = slice((lost - 1) * 960, (lost + 2) * 960)
        assert len(heard) == len(whole)
        assert roughness(heard[around]) <= 2 * max(roughness(whole), 0.01)
        assert speech.envelope_correlation(whole, heard)[0] > 0.95


def test_repeated_late_and_broken_packets_are_passed_over() -> None:
    payloads = speech.opus_packets(speech.say("hello"))
    packets = placed(payloads)
    whole = opus.decode(packets, longest=MINUTE)

    disturbed = [*packets[::-1], packets[3], Packet(5_000, payloads[0]), Packet(10_000, b"")]

    assert np.array_equal(opus.decode(disturbed, longest=MINUTE), whole)


def test_a_broken_payload_counts_as_lost() -> None:
    packets = placed(speech.opus_packets(speech.say("hello")))
    broken = [*packets[:5], Packet(packets[5].at, b"\x03\x00"), *packets[6:]]

    assert len(opus.decode(broken, longest=MINUTE)) == len(opus.decode(packets, longest=MINUTE))


def test_a_claimed_time_far_away_costs_nothing() -> None:
    packets = [Packet(0, opus.silence()), Packet(2**40, opus.silence())]

    assert len(opus.decode(packets, longest=MINUTE)) == opus.FRAME


def test_more_than_is_wanted_is_not_decoded() -> None:
    payloads = speech.opus_packets(speech.silence(3))

    assert len(opus.decode(placed(payloads), longest=48_000)) == 48_000


def test_packets_with_nothing_to_decode_are_refused() -> None:
    for packets in ([], [Packet(0, b"")], [Packet(0, b"\x03\x00")]):
        with pytest.raises(BadPacket):
            opus.decode(packets, longest=MINUTE)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200_000), st.binary(max_size=60)), max_size=12))
def test_decoding_any_bytes_gives_bounded_sound_or_a_refusal(raw: list[tuple[int, bytes]]) -> None:
    try:
        heard = opus.decode([Packet(at, payload) for at, payload in raw], longest=96_000)
    except BadPacket:
        return
    assert 0 < len(heard) <= 96_000
    assert heard.dtype == np.float32
