"""One line of time for one speaker, whatever its network, its clock and its streams do."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from audio import opus
from audio.take import Packet
from server.rtc.capture import Capture
from server.rtc.timeline import JOINED_MS, SSRC_SILENT_MS, Timeline

MS = 48
LENGTHS = (120, 240, 480, 960, 1_920, 2_880, 5_760)
# So many packets are longer than a packet can be overtaken: a stream is known before another begins.
KNOWN = 20
# What jumps forward by less could be silence.
FAR = 4_000 * MS
START_MS = 70_000.0


class Part(Struct, frozen=True):
    """A silence, then a number of packets, from the stream before or a new one."""

    silent_ms: int
    count: int
    anew: str  # "", "ssrc", "timestamp", "pause": its clock stood still in the silence


class Sent(Struct):
    """A packet on its way; `gone` is when its sound was over."""

    packet: RtpPacket
    gone_ms: float
    here_ms: float = 0.0


def parts(*anew: str, least: int = 1) -> st.SearchStrategy[list[Part]]:
    silence = st.sampled_from([0, 0, 0, 200, 430, 1_200, 3_000])
    return st.lists(
        st.builds(Part, silence, st.integers(least, least + 40), st.sampled_from(anew)),
        min_size=1,
        max_size=6,
    )


def payload(length: int, index: int) -> bytes:
    return bytes((0xE3, length // 120)) + index.to_bytes(2, "big") * (length // 120)


def sender(
    said: list[Part], length: int, chance: random.Random, jitter: int = 0, drift: float = 0.0
) -> list[Sent]:
    """Return what a program sends: numbers, timestamps and streams as its parts say."""
    sent: list[Sent] = []
    sequence, origin, ssrc = chance.randrange(1 << 16), chance.randrange(1 << 32), 1
    now, stood = 0, 0  # samples since the start; those that its clock did not count
    for part in said:
        now += part.silent_ms * MS
        if part.anew == "ssrc":
            ssrc, sequence, origin = ssrc + 1, chance.randrange(1 << 16), chance.randrange(1 << 32)
        elif part.anew == "timestamp":
            origin += chance.randrange(FAR, (1 << 32) - FAR)
        elif part.anew == "pause":
            stood += part.silent_ms * MS
        for _ in range(part.count):
            off = chance.randint(-jitter, jitter)
            sent.append(
                Sent(
                    RtpPacket(
                        sequence_number=sequence & 0xFFFF,
                        timestamp=round(origin + (now - stood) * (1 + drift) + off) & 0xFFFFFFFF,
                        ssrc=ssrc,
                        payload=payload(length, len(sent)),
                    ),
                    (now + length) / MS,
                )
            )
            sequence, now = sequence + 1, now + length
    return sent


def network(sent: list[Sent], chance: random.Random, *, stalls: bool) -> list[Sent]:
    """Delay, reorder, repeat, and hold back for a while."""
    at_ms, for_ms = chance.uniform(0, 2_000), chance.uniform(300, 2_400) if stalls else 0.0
    came = []
    for each in sent:
        each.here_ms = START_MS + each.gone_ms + chance.uniform(0, 45)
        if at_ms <= each.here_ms - START_MS < at_ms + for_ms:
            each.here_ms = START_MS + at_ms + for_ms + each.gone_ms / 1e6
        came += [each] * (2 if chance.random() < 0.05 else 1)
    return sorted(came, key=lambda each: each.here_ms)


def taken(came: list[Sent]) -> tuple[Packet, ...]:
    capture = Capture(preroll_ms=1_000)
    capture.begin(0.0)
    for each in came:
        capture.push(each.packet, each.here_ms)
    return capture.cut(came[-1].here_ms).take.packets


def indices(packets: tuple[Packet, ...] | list[Packet]) -> list[int]:
    return [int.from_bytes(packet.payload[-2:], "big") for packet in packets]


def holes(packets: tuple[Packet, ...]) -> Iterator[int]:
    """Return how much is missing before each packet but the first."""
    joined = opus.join(packets)
    for before, after in itertools.pairwise(joined):
        yield after.at - before.at - opus.duration(before.payload)


@given(
    parts("", "ssrc", "timestamp", "pause", least=KNOWN),
    st.sampled_from(LENGTHS),
    st.integers(0, 480),
    st.sampled_from([-1e-4, 0.0, 1e-4, 0.01]),
    st.booleans(),
    st.integers(0, 1_000_000).map(random.Random),
)
def test_no_sound_is_lost_or_doubled_and_order_holds(
    said: list[Part], length: int, jitter: int, drift: float, stalls: bool, chance: random.Random
) -> None:
    sent = sender(said, length, chance, jitter, drift)

    packets = taken(network(sent, chance, stalls=stalls))

    assert indices(packets) == list(range(len(sent)))
    assert all(after.at > before.at for before, after in itertools.pairwise(packets))


@given(
    parts("", "pause"),
    st.sampled_from(LENGTHS),
    st.sampled_from([-1e-4, 0.0, 1e-4]),
    st.booleans(),
    st.integers(0, 1_000_000).map(random.Random),
)
def test_a_hole_is_where_time_is_missing_and_as_long_as_it(
    said: list[Part], length: int, drift: float, stalls: bool, chance: random.Random
) -> None:
    """Of one clock, to 10 ms, whatever a stall did; a clock that stood still in a pause leaves none."""
    sent = sender(said, length, chance, 1, drift)
    expected = [0] * len(sent)
    at = 0
    for part in said:
        expected[at] = 0 if part.anew else part.silent_ms * MS
        at += part.count

    found = list(holes(taken(network(sent, chance, stalls=stalls))))

    assert all(abs(hole - true) <= 480 for hole, true in zip(found, expected[1:], strict=True))


@given(
    parts("ssrc", "timestamp", least=KNOWN),
    st.sampled_from(LENGTHS),
    st.integers(0, 1_000_000).map(random.Random),
)
def test_what_begins_anew_is_joined_or_stands_where_the_clock_on_the_wall_is(
    said: list[Part], length: int, chance: random.Random
) -> None:
    sent = sender(said, length, chance)

    packets = taken(network(sent, chance, stalls=False))

    found = [after.at - before.at - length for before, after in itertools.pairwise(packets)]
    assert indices(packets) == list(range(len(sent)))
    at = 0
    for before, part in itertools.pairwise(said):
        at += before.count
        assert found[at - 1] <= (part.silent_ms + 45) * MS
        assert part.silent_ms <= JOINED_MS + 45 or found[at - 1] >= (part.silent_ms - 45) * MS
        found[at - 1] = 0
    assert not any(found)


def rtp(sequence: int, timestamp: int, ssrc: int = 1) -> RtpPacket:
    return RtpPacket(
        sequence_number=sequence & 0xFFFF,
        timestamp=timestamp & 0xFFFFFFFF,
        ssrc=ssrc,
        payload=payload(960, 0),
    )


def places(*came: tuple[RtpPacket, float]) -> list[int | None]:
    timeline = Timeline()
    found = [timeline.place(packet, 960, ms) for packet, ms in came]
    return [None if place is None else place.at for place in found]


def test_a_burst_after_a_stall_leaves_no_hole() -> None:
    """The network held 2.2 s back: the timestamps tell that nothing is missing."""
    steady = [(rtp(n, n * 960), 20.0 * n) for n in range(50)]
    burst = [(rtp(n, n * 960), 3_200.0) for n in range(50, 160)]

    assert places(*steady, *burst) == [n * 960 for n in range(160)]


def test_timestamps_and_numbers_go_round() -> None:
    came = [(rtp(0xFFF0 + n, 0xFFFFE000 + n * 960), 20.0 * n) for n in range(40)]
    came[20], came[21] = came[21], came[20]

    assert sorted(at for at in places(*came) if at is not None) == [n * 960 for n in range(40)]


def test_one_timestamp_for_all_packets_is_no_reason_to_lose_any() -> None:
    packets = taken([Sent(rtp(n, 7), 0.0, 20.0 * n) for n in range(100)])

    assert len(packets) == 100
    assert not any(holes(packets))


def test_packets_that_were_stamped_together_leave_no_hole() -> None:
    """A program that stamps by the clock and sends short packets four at a time."""
    sent = [
        RtpPacket(sequence_number=n, timestamp=n // 4 * 480, ssrc=1, payload=payload(120, n))
        for n in range(400)
    ]

    packets = taken([Sent(packet, 0.0, 2.5 * n) for n, packet in enumerate(sent)])

    assert indices(packets) == list(range(400))
    assert not any(holes(packets))


def test_a_file_that_is_sent_faster_than_it_sounds_stays_whole() -> None:
    assert places(*((rtp(n, n * 960), 1.0 * n) for n in range(400))) == [n * 960 for n in range(400)]


@pytest.mark.parametrize("jump", [0x7000_0000, 0x9000_0000, 48_000 * 60])
def test_timestamps_that_jump_without_time_going_by_are_joined(jump: int) -> None:
    came = [(rtp(n, n * 960 + jump * (n >= 10)), 20.0 * n) for n in range(20)]

    assert places(*came) == [n * 960 for n in range(20)]


def test_words_whose_timestamps_all_begin_at_zero_follow_one_another() -> None:
    """A program that plays one file after the other, with one SSRC and a second between them."""
    came = [
        (rtp(word * 75 + n, n * 960), 20.0 * n + word * 2_500.0) for word in range(3) for n in range(75)
    ]  # fmt: skip

    assert places(*came) == [n * 960 + word * 2_500 * MS for word in range(3) for n in range(75)]


def test_an_hour_of_silence_is_one_however_it_was_counted() -> None:
    hour_ms = 3_600_000.0

    assert (
        places((rtp(0, 0), 20.0), (rtp(1, 960 + 3_600 * 48_000), 40.0 + hour_ms))[1] == 960 + 3_600 * 48_000
    )
    assert places((rtp(0, 0), 20.0), (rtp(1, 960), 40.0 + hour_ms)) == [0, 960]


def test_two_streams_at_once_are_not_mixed() -> None:
    """The newest is heard; the other comes again when it has been silent."""
    timeline = Timeline()
    first = [timeline.place(rtp(n, n * 960), 960, 20.0 * n) for n in range(10)]
    both = [
        (timeline.place(rtp(n, n * 960, 2), 960, 20.0 * n), timeline.place(rtp(n, n * 960), 960, 20.0 * n))
        for n in range(10, 50)
    ]
    again_ms = 20.0 * 50 + SSRC_SILENT_MS
    again = timeline.place(rtp(50, 50 * 960), 960, again_ms)

    assert all(first)
    assert all(second for second, _ in both)
    late = JOINED_MS // 20
    assert [bool(other) for _, other in both] == [True] * late + [False] * (len(both) - late)
    assert again is not None
    assert again.at == 50 * 960 + SSRC_SILENT_MS * MS


def test_one_packet_of_another_stream_stops_nobody() -> None:
    """Nor does a pause after it that is longer than anything is late."""
    before = [(rtp(n, n * 960), 20.0 * n) for n in range(10)]
    stray = (rtp(7, 7, 2), 200.0)
    after = [(rtp(n, n * 960), 20.0 * n) for n in range(10, 30)]
    later = [(rtp(n, n * 960 + 240_000), 20.0 * n + 5_000) for n in range(30, 60)]

    found = places(*before, stray, *after, *later)

    assert None not in found
    assert found[11:31] == [n * 960 for n in range(10, 30)]
    steps = [b - a for a, b in itertools.pairwise(at for at in found[31:] if at is not None)]
    assert steps == [960] * 29
    assert found[31] == pytest.approx(30 * 960 + 240_000, abs=960)
