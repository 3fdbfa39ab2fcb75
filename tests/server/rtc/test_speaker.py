"""A microphone: takes by command and by session, level, and its limits."""

from __future__ import annotations

import asyncio
import os

import pylibsrtp
import pytest
from aiortc.rtp import RtpPacket

from server.rtc import speaker
from server.rtc.capture import Recording
from server.rtc.dtls import Dtls
from server.rtc.media import Ending
from server.rtc.settings import Settings
from server.rtc.speaker import BURST_S, MOST_SSRCS, MOST_SSRCS_EVER, Speaker

pytestmark = pytest.mark.virtual_time
PT = 111
SPEECH = b"\x78" + bytes(60)
QUICK = Settings(late_ms=20)


class Hears:
    def __init__(self) -> None:
        self.takes: list[tuple[Recording, Ending]] = []
        self.levels: list[bool] = []
        self.news = asyncio.Event()

    def took(self, recording: Recording, ending: Ending) -> None:
        self.takes.append((recording, ending))
        self.news.set()

    def level(self, *, on: bool) -> None:
        self.levels.append(on)
        self.news.set()

    async def next(self) -> None:
        self.news.clear()
        await asyncio.wait_for(self.news.wait(), 5)


class Keys(Dtls):
    """Nothing but the keys of both sides."""

    def __init__(self) -> None:
        self.key = os.urandom(28)

    def incoming(self, window: int = 1_024) -> pylibsrtp.Session:
        return self._session(pylibsrtp.Policy.SSRC_ANY_INBOUND)

    def outgoing(self, ssrc: int) -> pylibsrtp.Session:
        return self._session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)

    def _session(self, kind: int) -> pylibsrtp.Session:
        profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
        return pylibsrtp.Session(pylibsrtp.Policy(key=self.key, ssrc_type=kind, srtp_profile=profile))


class Microphone:
    """A speaker and what it takes to send to it."""

    def __init__(self, settings: Settings = QUICK, *, commanded: bool = True, limit_ms: int = 400) -> None:
        keys = Keys()
        self.hears = Hears()
        self.speaker = Speaker(keys, PT, self.hears, settings, commanded=commanded, limit_ms=limit_ms)
        self._out = keys.outgoing(0)
        self._number = 0

    def datagram(self, payload: bytes = SPEECH, *, ssrc: int = 5, pt: int = PT) -> bytes:
        self._number += 1
        packet = RtpPacket(
            payload_type=pt,
            sequence_number=self._number & 0xFFFF,
            timestamp=self._number * 960,
            ssrc=ssrc,
            payload=payload,
        )
        protected: bytes = self._out.protect(packet.serialize())
        return protected

    def say(self, payload: bytes = SPEECH, *, ssrc: int = 5, pt: int = PT) -> bool:
        return self.speaker.media(self.datagram(payload, ssrc=ssrc, pt=pt))


class Clock:
    """The clock of the loop, which stands still until it is told to go."""

    def __init__(self) -> None:
        self.now_s = asyncio.get_running_loop().time()

    async def go(self, seconds: float) -> None:
        """Let time go by, and let happen what is due then."""
        self.now_s += seconds
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: made.now_s)
    return made


async def test_a_commanded_take_has_what_came_before_and_after_the_command() -> None:
    microphone = Microphone()
    microphone.say()
    assert microphone.speaker.begin(5_000)
    microphone.say()
    assert microphone.speaker.end()
    microphone.say()  # late, and waited for
    await microphone.hears.next()

    ((recording, ending),) = microphone.hears.takes
    assert ending == "stopped"
    assert len(recording.take.packets) == 3


async def test_a_take_can_neither_begin_nor_end_twice() -> None:
    microphone = Microphone()
    assert not microphone.speaker.end()
    assert microphone.speaker.begin(5_000)
    assert not microphone.speaker.begin(5_000)
    assert microphone.speaker.end()
    assert not microphone.speaker.end()
    await microphone.hears.next()

    assert len(microphone.hears.takes) == 1
    assert microphone.speaker.begin(5_000)
    microphone.speaker.close(keep_ms=1)


async def test_a_take_ends_at_its_limit() -> None:
    microphone = Microphone()
    microphone.speaker.begin(30)
    microphone.say()
    await microphone.hears.next()

    assert [ending for _, ending in microphone.hears.takes] == ["limit"]


async def test_a_microphone_that_vanishes_in_a_take_ends_it_before_its_limit(clock: Clock) -> None:
    """C5: whoever waits for the take waits 3 s, not until consent is lost."""
    microphone = Microphone()
    microphone.speaker.begin(60_000)
    for _ in range(8):
        await clock.go(0.02)
        microphone.say()
    await clock.go((speaker.VANISHED_MS - speaker.LOOK_MS) / 1000)
    assert microphone.speaker.open
    await clock.go(speaker.LOOK_MS / 1000 + 0.1)
    await clock.go(speaker.SILENT_LATE_MS / 1000)

    ((recording, ending),) = microphone.hears.takes
    assert (len(recording.take.packets), ending) == (8, "gone")
    assert microphone.speaker.begin(5_000)
    microphone.speaker.close(keep_ms=1)


async def test_a_microphone_that_is_still_waking_up_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "VANISHED_MS", 10)
    monkeypatch.setattr(speaker, "LOOK_MS", 5)
    microphone = Microphone()
    microphone.say()
    microphone.speaker.begin(100)
    await microphone.hears.next()

    assert [ending for _, ending in microphone.hears.takes] == ["limit"]


async def test_a_take_in_which_nothing_came_is_told_and_empty() -> None:
    microphone = Microphone()
    microphone.speaker.begin(5_000)
    microphone.speaker.end()
    await microphone.hears.next()

    ((recording, _),) = microphone.hears.takes
    assert recording.take.packets == ()


async def test_a_session_that_is_one_take_begins_with_its_first_packet() -> None:
    microphone = Microphone(commanded=False)
    was_open = microphone.speaker.open
    before_ms = asyncio.get_running_loop().time() * 1000
    microphone.say()
    assert (was_open, microphone.speaker.open) == (False, True)
    microphone.speaker.close(keep_ms=0)

    ((recording, ending),) = microphone.hears.takes
    assert ending == "gone"
    assert recording.take.preroll_ms == 0
    assert before_ms - 20 <= recording.began_ms <= asyncio.get_running_loop().time() * 1000 - 20


async def test_a_session_that_is_one_take_has_no_second() -> None:
    microphone = Microphone(Settings(late_ms=10), commanded=False, limit_ms=30)
    microphone.say()
    await microphone.hears.next()
    microphone.say()
    microphone.speaker.close(keep_ms=0)

    assert [ending for _, ending in microphone.hears.takes] == ["limit"]


@pytest.mark.parametrize(("packets", "kept"), [(49, 0), (50, 1)])
async def test_a_vanished_speakers_second_is_kept_and_less_is_not(packets: int, kept: int) -> None:
    """C5: exactly one ending, or none."""
    microphone = Microphone(commanded=False)
    for _ in range(packets):
        assert microphone.say()
    microphone.speaker.close(keep_ms=1_000)
    microphone.speaker.close(keep_ms=1_000)

    assert len(microphone.hears.takes) == kept


async def test_the_level_is_told_on_changes_only() -> None:
    microphone = Microphone()
    for _ in range(10):
        microphone.say()
    for _ in range(3):
        microphone.say(b"\x78")
    await microphone.hears.next()

    assert microphone.hears.levels == [True, False]


async def test_a_speaker_that_closes_while_it_speaks_is_silent_after() -> None:
    microphone = Microphone()
    for _ in range(5):
        microphone.say()
    microphone.speaker.close(keep_ms=0)

    assert microphone.hears.levels == [True, False]


async def test_streams_without_end_leave_the_state_of_a_few() -> None:
    """P4, H5: stock never closes again after 300 SSRCs."""
    microphone = Microphone(Settings(packets_per_second=10_000, bytes_per_second=10_000_000))
    microphone.speaker.begin(5_000)
    taken = [microphone.say(ssrc=ssrc) for ssrc in range(1, 301)]

    assert sum(taken) == microphone.speaker.heard == MOST_SSRCS_EVER
    assert list(microphone.speaker._ssrcs) == list(
        range(MOST_SSRCS_EVER - MOST_SSRCS + 1, MOST_SSRCS_EVER + 1)
    )
    microphone.speaker.close(keep_ms=0)


async def test_a_stream_that_was_forgotten_cannot_be_replayed() -> None:
    """libsrtp would take its old packets for new ones."""
    microphone = Microphone()
    old = [microphone.datagram(ssrc=1) for _ in range(2)]
    assert microphone.speaker.media(old[0])
    assert all(microphone.say(ssrc=ssrc) for ssrc in range(2, 2 + MOST_SSRCS))

    assert not any(map(microphone.speaker.media, old))
    assert microphone.say(ssrc=1 + MOST_SSRCS)


async def test_a_new_stream_is_followed_at_once_and_joined() -> None:
    microphone = Microphone()
    microphone.speaker.begin(5_000)
    assert all(microphone.say(SPEECH + bytes([n]), ssrc=1 + n // 10) for n in range(40))
    microphone.speaker.end()
    await microphone.hears.next()

    ((recording, _),) = microphone.hears.takes
    assert [packet.payload[-1] for packet in recording.take.packets] == list(range(40))
    assert [packet.at for packet in recording.take.packets] == [n * 960 for n in range(40)]


async def test_what_listens_along_hears_places_and_not_timestamps() -> None:
    """So that a new stream, or a clock that begins anew, goes on where the old one was."""
    microphone, heard = Microphone(), list[int]()
    microphone.speaker.begin(5_000)
    microphone.speaker.begin_live_relay(lambda at, _: heard.append(at))
    for n in range(30):
        microphone.say(ssrc=1 + n // 10)
        microphone._number += 500 * (n % 10 == 9)
    microphone.speaker.close(keep_ms=0)

    assert heard == [n * 960 for n in range(30)]


@pytest.mark.parametrize("packet_ms", [2.5, 5, 10, 120])
async def test_packets_of_any_length_are_all_taken(packet_ms: float) -> None:
    """Those of three seconds may come at once: a network that stalled brings what it held."""
    payload = bytes((0xE3, round(packet_ms / 2.5))) + bytes(30)
    microphone = Microphone()
    microphone.speaker.begin(20_000)
    count = round(3_000 / packet_ms)

    assert sum(microphone.say(payload) for _ in range(count)) == count
    microphone.speaker.close(keep_ms=0)
    assert len(microphone.hears.takes[0][0].take.packets) == count


async def test_the_end_of_a_take_in_long_packets_is_waited_for(clock: Clock) -> None:
    """120 ms of a packet go by before it comes: that is no pause."""
    microphone = Microphone(Settings())
    microphone.speaker.begin(5_000)
    microphone.say(bytes((0xE3, 48)) + bytes(30))
    microphone.speaker._capture._timeline.heard_ms -= 110
    microphone.speaker.end()
    timer = microphone.speaker._timer
    assert timer is not None
    waits_ms = (timer.when() - asyncio.get_running_loop().time()) * 1000
    microphone.speaker.close(keep_ms=0)

    assert round(waits_ms) == Settings().late_ms


async def test_what_comes_again_is_heard_once_also_where_the_numbers_go_round() -> None:
    """RFC 3711 3.3.2: over 65535, with the packet before it late, and everything repeated."""
    microphone = Microphone()
    microphone._number = 0xFFFC
    first, second, late, fourth = (microphone.datagram() for _ in range(4))

    assert all(map(microphone.speaker.media, (first, second, fourth, late)))
    assert not any(map(microphone.speaker.media, (first, second, late, fourth)))
    assert microphone.speaker.heard == 4


async def test_a_flood_is_dropped_before_it_costs_anything(clock: Clock) -> None:
    """M4, H5."""
    microphone = Microphone()
    datagrams = [microphone.datagram() for _ in range(2_000)]
    taken = sum(map(microphone.speaker.media, datagrams))

    assert taken == BURST_S * Settings().packets_per_second


async def test_large_packets_are_bounded_by_their_bytes(clock: Clock) -> None:
    microphone = Microphone(Settings(packets_per_second=10_000))

    taken = sum(microphone.say(b"\x78" + bytes(1_200)) for _ in range(600))

    assert 190 < taken < BURST_S * Settings().bytes_per_second / 1_200


@pytest.mark.parametrize(
    "datagram",
    [
        b"\x80",
        b"\x80\x6f",
        bytes((0x80, PT)) + bytes(10),
        bytes((0x80, PT)) + os.urandom(80),
        b"\x80\xc8" + bytes(60),
    ],
    ids=["a byte", "two", "no payload", "noise", "a report"],
)
async def test_what_is_not_genuine_rtp_is_dropped(datagram: bytes) -> None:
    microphone = Microphone()

    assert not microphone.speaker.media(datagram)
    assert microphone.say()


async def test_another_payload_type_is_dropped() -> None:
    assert not Microphone().say(pt=63)


async def test_authentic_rubbish_is_dropped() -> None:
    """A speaker holds the keys: the RTP inside may be anything."""
    microphone = Microphone(Settings(packets_per_second=10_000, bytes_per_second=10_000_000))
    for tail in (b"\xff\xff", b"", bytes(3), os.urandom(40)):
        for first in (0x9F, 0xB0, 0xA0, 0xBF):
            head = bytes((first, PT)) + microphone._number.to_bytes(2, "big") + bytes(4) + b"\0\0\0\5"
            microphone._number += 1
            try:
                microphone.speaker.media(microphone._out.protect(head + tail))
            except pylibsrtp.Error:
                continue  # libsrtp itself does not send such a packet
    assert microphone.say()
    microphone.speaker.close(keep_ms=0)
