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


class Stage:
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
    stage = Stage()
    stage.say()
    assert stage.speaker.begin(5_000)
    stage.say()
    assert stage.speaker.end()
    stage.say()  # late, and waited for
    await stage.hears.next()

    ((recording, ending),) = stage.hears.takes
    assert ending == "stopped"
    assert len(recording.take.packets) == 3


async def test_a_take_can_neither_begin_nor_end_twice() -> None:
    stage = Stage()
    assert not stage.speaker.end()
    assert stage.speaker.begin(5_000)
    assert not stage.speaker.begin(5_000)
    assert stage.speaker.end()
    assert not stage.speaker.end()
    await stage.hears.next()

    assert len(stage.hears.takes) == 1
    assert stage.speaker.begin(5_000)
    stage.speaker.close(keep_ms=1)


async def test_a_take_ends_at_its_limit() -> None:
    stage = Stage()
    stage.speaker.begin(30)
    stage.say()
    await stage.hears.next()

    assert [ending for _, ending in stage.hears.takes] == ["limit"]


async def test_a_microphone_that_vanishes_in_a_take_ends_it_before_its_limit(clock: Clock) -> None:
    """C5: whoever waits for the take waits 3 s, not until consent is lost."""
    stage = Stage()
    stage.speaker.begin(60_000)
    for _ in range(8):
        await clock.go(0.02)
        stage.say()
    await clock.go((speaker.VANISHED_MS - speaker.LOOK_MS) / 1000)
    assert stage.speaker.open
    await clock.go(speaker.LOOK_MS / 1000 + 0.1)
    await clock.go(speaker.SILENT_LATE_MS / 1000)

    ((recording, ending),) = stage.hears.takes
    assert (len(recording.take.packets), ending) == (8, "gone")
    assert stage.speaker.begin(5_000)
    stage.speaker.close(keep_ms=1)


async def test_a_microphone_that_is_still_waking_up_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "VANISHED_MS", 10)
    monkeypatch.setattr(speaker, "LOOK_MS", 5)
    stage = Stage()
    stage.say()
    stage.speaker.begin(100)
    await stage.hears.next()

    assert [ending for _, ending in stage.hears.takes] == ["limit"]


async def test_a_take_in_which_nothing_came_is_told_and_empty() -> None:
    stage = Stage()
    stage.speaker.begin(5_000)
    stage.speaker.end()
    await stage.hears.next()

    ((recording, _),) = stage.hears.takes
    assert recording.take.packets == ()


async def test_a_session_that_is_one_take_begins_with_its_first_packet() -> None:
    stage = Stage(commanded=False)
    was_open = stage.speaker.open
    before_ms = asyncio.get_running_loop().time() * 1000
    stage.say()
    assert (was_open, stage.speaker.open) == (False, True)
    stage.speaker.close(keep_ms=0)

    ((recording, ending),) = stage.hears.takes
    assert ending == "gone"
    assert recording.take.preroll_ms == 0
    assert before_ms - 20 <= recording.began_ms <= asyncio.get_running_loop().time() * 1000 - 20


async def test_a_session_that_is_one_take_has_no_second() -> None:
    stage = Stage(Settings(late_ms=10), commanded=False, limit_ms=30)
    stage.say()
    await stage.hears.next()
    stage.say()
    stage.speaker.close(keep_ms=0)

    assert [ending for _, ending in stage.hears.takes] == ["limit"]


@pytest.mark.parametrize(("packets", "kept"), [(49, 0), (50, 1)])
async def test_a_vanished_speakers_second_is_kept_and_less_is_not(packets: int, kept: int) -> None:
    """C5: exactly one ending, or none."""
    stage = Stage(commanded=False)
    for _ in range(packets):
        assert stage.say()
    stage.speaker.close(keep_ms=1_000)
    stage.speaker.close(keep_ms=1_000)

    assert len(stage.hears.takes) == kept


async def test_the_level_is_told_on_changes_only() -> None:
    stage = Stage()
    for _ in range(10):
        stage.say()
    for _ in range(3):
        stage.say(b"\x78")
    await stage.hears.next()

    assert stage.hears.levels == [True, False]


async def test_a_speaker_that_closes_while_it_speaks_is_silent_after() -> None:
    stage = Stage()
    for _ in range(5):
        stage.say()
    stage.speaker.close(keep_ms=0)

    assert stage.hears.levels == [True, False]


async def test_streams_without_end_leave_the_state_of_a_few() -> None:
    """P4, H5: stock never closes again after 300 SSRCs."""
    stage = Stage(Settings(packets_per_second=10_000, bytes_per_second=10_000_000))
    stage.speaker.begin(5_000)
    taken = [stage.say(ssrc=ssrc) for ssrc in range(1, 301)]

    assert sum(taken) == stage.speaker.heard == MOST_SSRCS_EVER
    assert list(stage.speaker._ssrcs) == list(range(MOST_SSRCS_EVER - MOST_SSRCS + 1, MOST_SSRCS_EVER + 1))
    stage.speaker.close(keep_ms=0)


async def test_a_stream_that_was_forgotten_cannot_be_replayed() -> None:
    """libsrtp would take its old packets for new ones."""
    stage = Stage()
    old = [stage.datagram(ssrc=1) for _ in range(2)]
    assert stage.speaker.media(old[0])
    assert all(stage.say(ssrc=ssrc) for ssrc in range(2, 2 + MOST_SSRCS))

    assert not any(map(stage.speaker.media, old))
    assert stage.say(ssrc=1 + MOST_SSRCS)


async def test_a_new_stream_is_followed_at_once_and_joined() -> None:
    stage = Stage()
    stage.speaker.begin(5_000)
    assert all(stage.say(SPEECH + bytes([n]), ssrc=1 + n // 10) for n in range(40))
    stage.speaker.end()
    await stage.hears.next()

    ((recording, _),) = stage.hears.takes
    assert [packet.payload[-1] for packet in recording.take.packets] == list(range(40))
    assert [packet.at for packet in recording.take.packets] == [n * 960 for n in range(40)]


async def test_what_listens_along_hears_places_and_not_timestamps() -> None:
    """So that a new stream, or a clock that begins anew, goes on where the old one was."""
    stage, heard = Stage(), list[int]()
    stage.speaker.begin(5_000)
    stage.speaker.follow(lambda at, _: heard.append(at))
    for n in range(30):
        stage.say(ssrc=1 + n // 10)
        stage._number += 500 * (n % 10 == 9)
    stage.speaker.close(keep_ms=0)

    assert heard == [n * 960 for n in range(30)]


@pytest.mark.parametrize("packet_ms", [2.5, 5, 10, 120])
async def test_packets_of_any_length_are_all_taken(packet_ms: float) -> None:
    """Those of three seconds may come at once: a network that stalled brings what it held."""
    payload = bytes((0xE3, round(packet_ms / 2.5))) + bytes(30)
    stage = Stage()
    stage.speaker.begin(20_000)
    count = round(3_000 / packet_ms)

    assert sum(stage.say(payload) for _ in range(count)) == count
    stage.speaker.close(keep_ms=0)
    assert len(stage.hears.takes[0][0].take.packets) == count


async def test_the_end_of_a_take_in_long_packets_is_waited_for(clock: Clock) -> None:
    """120 ms of a packet go by before it comes: that is no pause."""
    stage = Stage(Settings())
    stage.speaker.begin(5_000)
    stage.say(bytes((0xE3, 48)) + bytes(30))
    stage.speaker._capture._timeline.heard_ms -= 110
    stage.speaker.end()
    timer = stage.speaker._timer
    assert timer is not None
    waits_ms = (timer.when() - asyncio.get_running_loop().time()) * 1000
    stage.speaker.close(keep_ms=0)

    assert round(waits_ms) == Settings().late_ms


async def test_what_comes_again_is_heard_once_also_where_the_numbers_go_round() -> None:
    """RFC 3711 3.3.2: over 65535, with the packet before it late, and everything repeated."""
    stage = Stage()
    stage._number = 0xFFFC
    first, second, late, fourth = (stage.datagram() for _ in range(4))

    assert all(map(stage.speaker.media, (first, second, fourth, late)))
    assert not any(map(stage.speaker.media, (first, second, late, fourth)))
    assert stage.speaker.heard == 4


async def test_a_flood_is_dropped_before_it_costs_anything(clock: Clock) -> None:
    """M4, H5."""
    stage = Stage()
    datagrams = [stage.datagram() for _ in range(2_000)]
    taken = sum(map(stage.speaker.media, datagrams))

    assert taken == BURST_S * Settings().packets_per_second


async def test_large_packets_are_bounded_by_their_bytes(clock: Clock) -> None:
    stage = Stage(Settings(packets_per_second=10_000))

    taken = sum(stage.say(b"\x78" + bytes(1_200)) for _ in range(600))

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
    stage = Stage()

    assert not stage.speaker.media(datagram)
    assert stage.say()


async def test_another_payload_type_is_dropped() -> None:
    assert not Stage().say(pt=63)


async def test_authentic_rubbish_is_dropped() -> None:
    """A speaker holds the keys: the RTP inside may be anything."""
    stage = Stage(Settings(packets_per_second=10_000, bytes_per_second=10_000_000))
    for tail in (b"\xff\xff", b"", bytes(3), os.urandom(40)):
        for first in (0x9F, 0xB0, 0xA0, 0xBF):
            head = bytes((first, PT)) + stage._number.to_bytes(2, "big") + bytes(4) + b"\0\0\0\5"
            stage._number += 1
            try:
                stage.speaker.media(stage._out.protect(head + tail))
            except pylibsrtp.Error:
                continue  # libsrtp itself does not send such a packet
    assert stage.say()
    stage.speaker.close(keep_ms=0)
