from __future__ import annotations

import itertools
import random

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


def test_repeated_and_broken_packets_are_passed_over() -> None:
    packets = placed(speech.opus_packets(speech.say("hello")))
    whole = opus.decode(packets, longest=MINUTE)

    disturbed = [*packets[:3], packets[2], Packet(packets[3].at, b""), *packets[3:], packets[-1]]

    assert np.array_equal(opus.decode(disturbed, longest=MINUTE), whole)


TENTH = 4_800
times = st.lists(st.integers(-480, 480), min_size=2, max_size=150)


def stamped(lengths: list[int], at: list[int]) -> list[Packet]:
    """Make packets of the given lengths in multiples of 2.5 ms, all different, at the given times."""
    return [
        Packet(time, bytes((0xE3, length // 120)) + index.to_bytes(2, "big") * (length // 120))
        for index, (length, time) in enumerate(zip(lengths, at, strict=True))
    ]


def steps(joined: list[Packet]) -> list[int]:
    """Return how much is missing before each packet but the first."""
    ends = [packet.at + opus.duration(packet.payload) for packet in joined]
    return [after.at - end for end, after in zip(ends, joined[1:], strict=False)]


@given(times, st.sampled_from([120, 240, 480, 960, 1_920, 2_880]), st.floats(-0.03, 0.03))
def test_times_that_jitter_and_drift_leave_no_hole(jitter: list[int], length: int, drift: float) -> None:
    at = [round(index * length * (1 + drift)) + 48 * off // 10 for index, off in enumerate(jitter)]
    packets = stamped([length] * len(at), [time - at[0] for time in at])

    joined = opus.join(packets, TENTH)

    assert [packet.payload for packet in joined] == [packet.payload for packet in packets]
    assert not any(steps(joined))


@pytest.mark.parametrize("per_million", [-100, 100])
@pytest.mark.parametrize("frame", [120, 240, 480, 960, 2_880])
def test_a_clock_that_runs_wrong_leaves_live_sound_whole(frame: int, per_million: int) -> None:
    """A minute of it is off by 6 ms: more than a short packet, which may not be seen as missing."""
    count = MINUTE // frame
    at = [round(index * frame * (1 + per_million / 1e6)) for index in range(count)]

    assert not any(steps(opus.join(stamped([frame] * count, at))))
    lost = {count // 3, count // 2}
    kept = [time for index, time in enumerate(at) if index not in lost]
    holes = [step for step in steps(opus.join(stamped([frame] * len(kept), kept))) if step]
    assert holes == [frame, frame]


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(7_200, 96_000)), min_size=1, max_size=8),
    st.sampled_from([480, 960, 2_880]),
    st.floats(-0.001, 0.001),
    st.randoms(use_true_random=False),
)
def test_silence_that_was_not_sent_keeps_its_length_and_place(
    parts: list[tuple[int, int]], length: int, drift: float, chance: random.Random
) -> None:
    at, expected, end = [], [], 0.0
    for count, silent in parts:
        for _ in range(count):
            at.append(round(end * (1 + drift)) + chance.randint(0, 960))
            end += length
        expected.append(silent)
        end += silent
    packets = stamped([length] * len(at), [max(0, time - at[0]) for time in at])

    holes = steps(opus.join(packets, TENTH))

    at_ends = list(itertools.accumulate(count for count, _ in parts))[:-1]
    assert [index + 1 for index, hole in enumerate(holes) if hole] == at_ends
    for end_index, silent in zip(at_ends, expected, strict=False):
        assert abs(holes[end_index - 1] - silent) <= 2_400 + 96


def test_many_holes_do_not_add_up_to_a_wrong_place() -> None:
    """DTX sends a frame each 400 ms: with times that jitter by 20 ms the last is where it belongs."""
    chance = random.Random(1)
    at = [0, *(index * 19_200 + chance.randint(0, 960) for index in range(1, 100)), 1_920_000]

    joined = opus.join(stamped([960] * 101, at))

    assert abs(joined[-1].at - 1_920_000) <= 960 + 120


def test_a_stall_that_delayed_the_times_of_a_recording_leaves_no_hole() -> None:
    """A recorder stamps by arrival: nothing for 400 ms, then all at once, in order."""
    at = [max(index * 960, 24_000 if index > 5 else 0) for index in range(100)]

    assert not any(steps(opus.join(stamped([960] * 100, at), TENTH)))


@pytest.mark.parametrize("wrong", [-48_000, 2**40, 96_000])
def test_one_wrong_time_moves_nothing(wrong: int) -> None:
    at = [index * 960 for index in range(100)]
    at[50] += wrong

    assert not any(steps(opus.join(stamped([960] * 100, at))))


def test_times_that_begin_anew_are_joined_to_what_was_before() -> None:
    at = [index * 960 for index in range(100)] * 2

    assert not any(steps(opus.join(stamped([960] * 200, at), TENTH)))


@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.integers(1, 48)), max_size=80), st.booleans())
def test_joined_packets_never_overlap_whatever_their_times(raw: list[tuple[int, int]], live: bool) -> None:
    packets = stamped([120 * units for _, units in raw], [at for at, _ in raw])

    joined = opus.join(packets, None if live else TENTH)

    assert [packet.payload for packet in joined] == [packet.payload for packet in packets]
    assert all(step >= 0 for step in steps(joined))
    assert not joined or joined[0].at >= 0


@pytest.mark.parametrize("frame_ms", [5, 20, 60])
@pytest.mark.parametrize(
    ("off", "tolerance"),
    [([0, 1, -1], None), ([0, 48, 0, -48], None), ([0, -623, -191, 241], TENTH), ([0, 0, 4_000], TENTH)],
)
def test_speech_whose_times_jitter_sounds_as_it_does_without(
    frame_ms: int, off: list[int], tolerance: int | None
) -> None:
    packets = placed(speech.opus_packets(speech.say(SENTENCE), frame_ms))
    jittered = [Packet(p.at + off[i % len(off)], p.payload) for i, p in enumerate(packets)]

    heard = opus.decode(jittered, longest=MINUTE, tolerance=tolerance)

    assert np.array_equal(heard, opus.decode(packets, longest=MINUTE))


def test_a_broken_payload_counts_as_lost() -> None:
    packets = placed(speech.opus_packets(speech.say("hello")))
    broken = [*packets[:5], Packet(packets[5].at, b"\x03\x00"), *packets[6:]]

    assert len(opus.decode(broken, longest=MINUTE)) == len(opus.decode(packets, longest=MINUTE))


def test_times_far_away_cost_neither_memory_nor_sound() -> None:
    packets = placed(speech.opus_packets(speech.say("hello")))
    jumped = [
        Packet(packet.at + (2**40 if index > 10 else 0), packet.payload)
        for index, packet in enumerate(packets)
    ]

    assert np.array_equal(opus.decode(jumped, longest=MINUTE), opus.decode(packets, longest=MINUTE))


def test_more_than_is_wanted_is_not_decoded() -> None:
    payloads = speech.opus_packets(speech.silence(3))

    assert len(opus.decode(placed(payloads), longest=48_000)) == 48_000


def test_packets_with_nothing_to_decode_are_refused() -> None:
    for packets in ([], [Packet(0, b"")], [Packet(0, b"\x03\x00")]):
        with pytest.raises(BadPacket):
            opus.decode(packets, longest=MINUTE)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-200_000, 200_000), st.binary(max_size=60)), max_size=12))
def test_decoding_any_bytes_gives_bounded_sound_or_a_refusal(raw: list[tuple[int, bytes]]) -> None:
    try:
        heard = opus.decode([Packet(at, payload) for at, payload in raw], longest=96_000)
    except BadPacket:
        return
    assert 0 < len(heard) <= 96_000
    assert heard.dtype == np.float32
