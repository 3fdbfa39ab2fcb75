from __future__ import annotations

import functools
import random
from collections.abc import Callable

import numpy as np
import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import ogg, opus
from audio.finish import finish_take
from audio.take import Clip, Limits, Packet
from server.rtc.capture import MOST_PACKETS, Capture, Recording
from server.rtc.settings import Settings
from tests.support import speech

FRAME = 960
SPEECH = bytes((0x78,)) + b"speech" * 10  # CELT, 20 ms, one frame
START_MS = 50_000.0


def packet(number: int, origin: int = 0, payload: bytes | None = None) -> RtpPacket:
    said = SPEECH + number.to_bytes(4, "big") if payload is None else payload
    return RtpPacket(timestamp=(origin + number * FRAME) & 0xFFFFFFFF, sequence_number=number, payload=said)


def arrival(number: int) -> float:
    """The packet of 20 ms that begins at `number` * 20 ms is whole, and here, 20 ms later."""
    return START_MS + number * 20 + 20


def numbers(recording: Recording) -> list[int]:
    return [int.from_bytes(each.payload[-4:], "big") for each in recording.take.packets]


def heard(order: list[int], origin: int = 0) -> Capture:
    capture = Capture(preroll_ms=1_000)
    capture.begin(0.0)
    for at, number in enumerate(order):
        capture.push(packet(number, origin), arrival(max(at, number)))
    return capture


def test_packets_are_kept_as_they_came_and_placed_by_their_timestamps() -> None:
    recording = heard([0, 1, 2, 7, 8]).cut(0)

    assert [each.at // FRAME for each in recording.take.packets] == [0, 1, 2, 7, 8]
    assert recording.take.packets[0].payload == SPEECH + bytes(4)
    assert recording.duration_ms == 180


def test_one_lost_packet_costs_itself_alone() -> None:
    """P18: stock loses 14 packets after it and stays 200 ms late."""
    order = [number for number in range(50) if number != 20]

    assert numbers(heard(order).cut(0)) == order


@settings(deadline=None)
@given(st.permutations(list(range(6))), st.integers(0, 2**32 - 1), st.lists(st.integers(0, 5)))
def test_any_order_within_100_ms_gives_the_same_take(order: list[int], origin: int, again: list[int]) -> None:
    assert numbers(heard([*order, *again], origin).cut(0)) == sorted(order)


@pytest.mark.parametrize("seed", range(5))
def test_loss_and_jitter_change_no_length_and_cost_only_what_is_lost(seed: int) -> None:
    """C11: 5 % loss, 100 ms of jitter, ten seconds; the cut waits for late packets as a speaker does."""
    chance = random.Random(seed)
    capture = Capture(preroll_ms=1_000)
    came = [number for number in range(500) if number in (0, 499) or chance.random() >= 0.05]
    order = sorted((arrival(number) + chance.uniform(0, 100), number) for number in came)
    capture.begin(START_MS)
    for now_ms, number in order:
        capture.push(packet(number), now_ms)
    ended_ms = arrival(499)

    assert order[-1][0] <= ended_ms + Settings().late_ms
    assert capture.reaches(ended_ms, order[-1][0])
    recording = capture.cut(ended_ms + Settings().late_ms)
    assert numbers(recording) == came
    assert abs(recording.duration_ms - 10_000) <= 60
    assert abs(recording.began_ms - recording.take.preroll_ms - START_MS) <= 60


def test_a_packet_later_than_all_that_is_kept_by_more_than_100_ms_is_dropped() -> None:
    capture = heard([10])

    assert not capture.push(packet(4), arrival(11))
    assert capture.push(packet(5), arrival(11))


@pytest.mark.parametrize("number", [2, 3])
def test_a_number_that_came_is_dropped_whatever_its_timestamp(number: int) -> None:
    capture = heard([0, 1, 2])
    again = RtpPacket(timestamp=number * FRAME, sequence_number=2, payload=SPEECH + b"again")

    assert not capture.push(again, arrival(3))
    assert numbers(capture.cut(0)) == [0, 1, 2]


def test_what_is_no_opus_is_dropped() -> None:
    capture = heard([0])

    assert not capture.push(packet(1, payload=b""), arrival(1))
    assert not capture.push(packet(1, payload=b"\x7b"), arrival(1))
    assert not capture.push(packet(1, payload=b"\x7b\x3f"), arrival(1))  # 63 frames


def test_silence_that_was_not_sent_keeps_its_length() -> None:
    recording = heard([0, 1, 100, 101]).cut(0)

    assert recording.duration_ms == 2_040


def test_the_second_before_the_beginning_is_pre_roll() -> None:
    capture = Capture(preroll_ms=1_000)
    for number in range(200):
        capture.push(packet(number), arrival(number))
    began_ms = arrival(199)
    capture.begin(began_ms)
    for number in range(200, 220):
        capture.push(packet(number), arrival(number))

    recording = capture.cut(arrival(220))

    assert numbers(recording) == list(range(150, 220))
    assert recording.take.preroll_ms == 1_000
    assert recording.began_ms == began_ms


def test_the_beginning_is_told_to_20_ms_whatever_the_jitter() -> None:
    capture = Capture(preroll_ms=1_000)
    for number in range(100):
        capture.push(packet(number), arrival(number) + (number * 7919) % 40)
    began_ms = arrival(99) + 30
    capture.begin(began_ms)

    recording = capture.cut(began_ms + 500)

    first_ms = START_MS + numbers(recording)[0] * 20
    assert abs(recording.began_ms - recording.take.preroll_ms - first_ms) <= 20
    assert abs(recording.began_ms - began_ms) <= 1


def test_a_take_that_begins_in_silence_begins_with_its_first_packet() -> None:
    capture = Capture(preroll_ms=1_000)
    capture.begin(START_MS)
    capture.push(packet(25), arrival(25))

    recording = capture.cut(START_MS + 1_000)

    assert recording.take.preroll_ms == 0
    assert recording.began_ms == START_MS + 500


def test_an_empty_take_is_a_take() -> None:
    capture = Capture(preroll_ms=1_000)
    capture.begin(START_MS)

    assert capture.cut(START_MS + 900) == Recording(capture.cut(0).take, START_MS, 0)


def test_a_speaker_who_waits_holds_one_second() -> None:
    capture = Capture(preroll_ms=1_000)
    for number in range(500):
        capture.push(packet(number), arrival(number))

    capture.begin(arrival(499))

    assert len(numbers(capture.cut(arrival(499)))) == 50


def test_timestamps_that_jump_begin_anew_where_the_clock_is() -> None:
    capture = Capture(preroll_ms=1_000)
    capture.begin(0.0)
    for number in range(10):
        capture.push(packet(number), arrival(number))
    for number in range(10, 20):
        capture.push(packet(number, origin=1_000_000_000), arrival(number))

    recording = capture.cut(0)

    assert numbers(recording) == list(range(20))
    assert 380 <= recording.duration_ms <= 440


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1),
            st.one_of(st.integers(0, 2**16 - 1), st.integers(0, 60)),
            st.integers(1, 3),
            st.integers(0, 5_000),
            st.binary(max_size=4),
        ),
        max_size=60,
    )
)
def test_hostile_packets_give_a_take_in_order(sent: list[tuple[int, int, int, int, bytes]]) -> None:
    capture, now_ms = Capture(preroll_ms=1_000), START_MS
    for at, (timestamp, sequence, ssrc, later_ms, payload) in enumerate(sent):
        now_ms += later_ms
        rtp = RtpPacket(timestamp=timestamp, sequence_number=sequence, ssrc=ssrc, payload=payload)
        capture.push(rtp, now_ms)
        if at == len(sent) // 2:
            capture.begin(now_ms)

    places = [each.at for each in capture.cut(now_ms).take.packets]

    assert places == sorted(set(places))
    assert places[:1] in ([], [0])


def test_a_take_is_bounded() -> None:
    capture = heard([])
    for number in range(MOST_PACKETS + 10):
        capture.push(packet(number, payload=opus.silence()), arrival(number))

    assert len(capture.cut(0).take.packets) == MOST_PACKETS


SENTENCE = "Purple elephants borrow my umbrella on Tuesday"


@functools.cache
def spoken(packet_ms: float) -> list[bytes]:
    """Return speech in packets of a length that encoders have; of shorter frames, many in one."""
    return speech.opus_packets(np.concatenate([speech.silence(0.4), speech.say(SENTENCE)]), packet_ms)


@functools.cache
def whole(packet_ms: float) -> Clip:
    """Return the clip of what came without a fault."""
    return clip_of([(payload, n * round(packet_ms * 48), 1) for n, payload in enumerate(spoken(packet_ms))])


def clip_of(sent: list[tuple[bytes, int, int]], late_ms: Callable[[int], float] = lambda _: 0.0) -> Clip:
    """Send (payload, timestamp, SSRC) over a network that is late, and finish what was captured."""
    capture, at_ms = Capture(preroll_ms=1_000), START_MS
    capture.begin(0.0)
    came = []
    for number, (payload, timestamp, ssrc) in enumerate(sent):
        at_ms += opus.duration(payload) / 48
        rtp = RtpPacket(
            sequence_number=number,
            timestamp=(timestamp + 2**32 - 40_000) & 0xFFFFFFFF,
            ssrc=ssrc,
            payload=payload,
        )
        came.append((at_ms + late_ms(number), number, rtp))
    for now_ms, _, rtp in sorted(came, key=lambda each: each[:2]):
        capture.push(rtp, now_ms)
    return finish_take(capture.cut(at_ms).take, Limits(longest_ms=10_000))


def heard_alike(clip: Clip, packet_ms: float) -> float:
    """Return the envelope correlation of a clip with the one that came without a fault."""
    return speech.envelope_correlation(sound_of(whole(packet_ms)), sound_of(clip))[0]


def sound_of(clip: Clip) -> speech.Pcm:
    frames = [Packet(n * FRAME, frame) for n, frame in enumerate(ogg.read(clip.ogg))]
    return opus.decode(frames, longest=48_000 * 20)


FAULTS: dict[str, Callable[[int, int], int]] = {
    "one sample short": lambda at, n: at - n % 2,
    "one sample long": lambda at, n: at + n % 3,
    "a clock 100 ppm slow": lambda at, n: round(at * 0.9999),
    "a clock 100 ppm fast": lambda at, n: round(at * 1.0001),
    "a clock of 44.1 kHz": lambda at, n: at * 441 // 480,
    "stamps of whole milliseconds": lambda at, n: at // 48 * 48 + 48 * (n * 7919 % 5),
    "stamps that jitter by 9 ms": lambda at, n: at + (n * 7919) % 864 - 432,
}


@pytest.mark.parametrize("packet_ms", [2.5, 5, 10, 20, 60])
@pytest.mark.parametrize("fault", FAULTS)
def test_speech_with_wrong_timestamps_is_whole(fault: str, packet_ms: float) -> None:
    sent = [
        (payload, FAULTS[fault](n * round(packet_ms * 48), n), 1)
        for n, payload in enumerate(spoken(packet_ms))
    ]

    clip = clip_of(sent, lambda n: (n * 104_729) % 40)

    assert clip.duration_ms == pytest.approx(whole(packet_ms).duration_ms, abs=20)
    assert heard_alike(clip, packet_ms) >= 0.95


@pytest.mark.parametrize("packet_ms", [5, 20])
def test_speech_is_whole_through_a_stall_and_a_burst(packet_ms: float) -> None:
    """2.2 s of it come at once: a hole of two seconds was laid where nothing was missing."""
    first, last = round(600 / packet_ms), round(2_800 / packet_ms)
    sent = [(payload, n * round(packet_ms * 48), 1) for n, payload in enumerate(spoken(packet_ms))]

    clip = clip_of(sent, lambda n: max(0.0, (last - n) * packet_ms) if n >= first else 0.0)

    assert clip.duration_ms == pytest.approx(whole(packet_ms).duration_ms, abs=20)
    assert heard_alike(clip, packet_ms) >= 0.99


@pytest.mark.parametrize("packet_ms", [5, 20])
def test_speech_is_whole_through_new_streams_and_clocks(packet_ms: float) -> None:
    """A program that starts its sound anew: another SSRC, and timestamps from anywhere, twice."""
    length = round(packet_ms * 48)
    third = len(spoken(packet_ms)) // 3
    sent = [
        (payload, n * length + 77_777_777 * (n // third), 1 + n // third)
        for n, payload in enumerate(spoken(packet_ms))
    ]

    clip = clip_of(sent, lambda n: (n * 104_729) % 30)

    assert clip.duration_ms == pytest.approx(whole(packet_ms).duration_ms, abs=20)
    assert heard_alike(clip, packet_ms) >= 0.99
