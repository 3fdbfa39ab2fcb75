"""What a room hears, packet by packet, on a loop whose clock the test moves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

import pytest
from aiortc.rtp import RtpPacket

from audio import opus
from server.rtc.batch_sender import BatchSender, Listener, ListenerBatch
from server.rtc.broadcast import Broadcast, Source, packets
from server.rtc.settings import LARGEST_PAYLOAD_BYTES, Settings
from tests.support.virtual_time import VirtualLoop

SILENCE = opus.silence()


def clip(frames: int) -> list[bytes]:
    return [b"\x78" + number.to_bytes(4, "big") * 5 for number in range(frames)]


class Recorder(BatchSender):
    """Notes what would be sent, when, and to whom."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.sent_at: list[tuple[float, RtpPacket, list[Listener]]] = []
        self.dropped = 0
        self._clock = loop

    def send(self, packet: bytes, batch: ListenerBatch) -> None:
        self.sent_at.append((self._clock.now_s, RtpPacket.parse(packet), list(batch.listeners)))
        batch.sequences[: len(batch)] += 1

    def to(self, listener: Listener) -> list[tuple[float, RtpPacket]]:
        return [(at, packet) for at, packet, added in self.sent_at if listener in added]


class Room:
    """A broadcast under test."""

    def __init__(self, loop: VirtualLoop, settings: Settings) -> None:
        self.loop = loop
        self.recorder = Recorder(loop)
        self.idle = 0
        self.broadcast = loop.run_until_complete(self._make(settings))
        self.start_s = loop.now_s

    async def _make(self, settings: Settings) -> Broadcast:
        return Broadcast(self.recorder, Source(7, 123), settings, self._count_idle)

    def _count_idle(self) -> None:
        self.idle += 1

    def run(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def settled(self, listeners: int = 1) -> list[Listener]:
        """Return listeners whose silence is over."""
        added = [new_listener(number) for number in range(listeners)]
        for each in added:
            self.broadcast.add(each)
        self.run(2)
        self.recorder.sent_at.clear()
        self.start_s = self.loop.now_s
        return added


class _NoSession:
    _srtp = (None,)


def new_listener(number: int = 0) -> Listener:
    return Listener(_NoSession(), 111, 0, ("127.0.0.1", 1_000 + number))  # type: ignore[arg-type]


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    made.close()


@pytest.fixture
def room(loop: VirtualLoop) -> Room:
    return Room(loop, Settings())


def test_a_new_listener_gets_a_second_of_silence_and_then_nothing(room: Room) -> None:
    listener = new_listener()
    room.broadcast.add(listener)
    room.run(5)

    heard = room.recorder.to(listener)
    assert [packet.payload for _, packet in heard] == [SILENCE] * 50
    assert [round(1000 * (at - room.start_s)) for at, _ in heard] == list(range(0, 1_000, 20))


def test_a_clip_is_paced_in_real_time(room: Room) -> None:
    (listener,) = room.settled()

    assert room.broadcast.play(clip(100)) == 2_000
    room.run(5)

    heard = room.recorder.to(listener)
    assert [packet.payload for _, packet in heard] == clip(100)
    assert [round(1000 * (at - room.start_s)) for at, _ in heard] == list(range(0, 2_000, 20))
    steps = {b[1].timestamp - a[1].timestamp for a, b in pairwise(heard)}
    assert steps == {960}


def test_the_marker_and_a_jump_of_the_timestamp_follow_a_silence(room: Room) -> None:
    (listener,) = room.settled()
    room.broadcast.play(clip(10))
    room.run(3.2)
    room.broadcast.play(clip(10))
    room.run(1)

    heard = [packet for _, packet in room.recorder.to(listener)]
    assert [packet.marker for packet in heard] == ([1] + [0] * 9) * 2
    assert abs(heard[10].timestamp - heard[0].timestamp - 3.2 * 48_000) < 1_000


def test_a_clip_replaces_the_one_that_plays(room: Room) -> None:
    (listener,) = room.settled()
    room.broadcast.play(clip(50))
    room.run(0.1)
    room.broadcast.play([SILENCE] * 3)
    room.run(2)

    heard = [packet for _, packet in room.recorder.to(listener)]
    assert [packet.payload for packet in heard[-3:]] == [SILENCE] * 3
    assert len(heard) < 12
    assert all(a.timestamp < b.timestamp for a, b in pairwise(heard))


def test_nothing_is_sent_after_a_stop(room: Room) -> None:
    (listener,) = room.settled()
    room.broadcast.play(clip(50))
    room.run(0.1)
    room.broadcast.stop()
    before = len(room.recorder.to(listener))
    room.run(2)

    assert len(room.recorder.to(listener)) == before


def test_after_a_stall_the_clip_goes_on_without_a_burst(room: Room) -> None:
    (listener,) = room.settled()
    room.broadcast.play(clip(50))
    room.run(0.2)
    room.loop.now_s += 2.0
    room.run(5)

    heard = room.recorder.to(listener)
    assert [packet.payload for _, packet in heard] == clip(50)
    gaps = [round(1000 * (b[0] - a[0])) for a, b in pairwise(heard)]
    assert min(gaps) == 20
    assert sum(gap > 20 for gap in gaps) == 1
    late = gaps.index(max(gaps)) + 1
    assert heard[late][1].marker
    jump_ms = (heard[late][1].timestamp - heard[late - 1][1].timestamp) / 48
    assert abs(jump_ms - max(gaps)) <= 1


@pytest.mark.parametrize("late_s", [0.015, 0.09])
def test_a_delay_that_buffers_take_up_is_made_up_for_and_leaves_no_gap(room: Room, late_s: float) -> None:
    (listener,) = room.settled()
    room.broadcast.play(clip(20))
    room.run(0.1)
    room.loop.now_s += late_s
    room.run(2)

    heard = room.recorder.to(listener)
    assert round(1000 * (heard[-1][0] - room.start_s)) == 380
    assert {b[1].timestamp - a[1].timestamp for a, b in pairwise(heard)} == {960}


def test_who_comes_during_a_clip_is_led_in_and_joins_it(room: Room) -> None:
    room.settled()
    room.broadcast.play(clip(100))
    room.run(0.31)
    late = new_listener(9)
    room.broadcast.add(late)
    room.run(5)

    heard = [packet for _, packet in room.recorder.to(late)]
    silent = [packet.payload for packet in heard].count(SILENCE)
    assert 49 <= silent <= 51
    assert [packet.payload for packet in heard[silent:]] == clip(100)[-len(heard) + silent :]
    assert {b.timestamp - a.timestamp for a, b in pairwise(heard)} == {960}


def test_who_is_still_led_in_hears_a_clip_from_its_beginning(room: Room) -> None:
    listener = new_listener()
    room.broadcast.add(listener)
    room.run(0.105)
    room.broadcast.play(clip(30))
    room.run(2)

    heard = [packet for _, packet in room.recorder.to(listener)]
    assert [packet.payload for packet in heard if packet.payload != SILENCE] == clip(30)
    assert all(b.timestamp - a.timestamp >= 960 for a, b in pairwise(heard))


@pytest.mark.parametrize(("listeners", "frames"), [(3, 1), (4, 3), (6, 3), (7, 6)])
def test_packets_grow_with_the_room(loop: VirtualLoop, listeners: int, frames: int) -> None:
    room = Room(loop, Settings(small_room=3, large_room=6))
    first, *_ = room.settled(listeners)
    room.broadcast.play(clip(12))
    room.run(1)

    heard = room.recorder.to(first)
    assert len(heard) == 12 // frames
    assert {opus.duration(packet.payload) for _, packet in heard} == {960 * frames}


def test_a_large_room_is_served_batch_by_batch_in_order(loop: VirtualLoop) -> None:
    room = Room(loop, Settings())
    added = room.settled(600)
    room.broadcast.play(clip(60))
    room.run(3)

    for listener in (added[0], added[300], added[-1]):
        heard = room.recorder.to(listener)
        assert len(heard) == 10
        gaps = {round(1000 * (b[0] - a[0])) for a, b in pairwise(heard)}
        assert gaps == {120}


def test_packets_keep_their_size_until_the_clip_is_over(loop: VirtualLoop) -> None:
    room = Room(loop, Settings(small_room=3, large_room=6))
    (first,) = room.settled()
    room.broadcast.play(clip(100))
    room.run(0.5)
    for number in range(5):
        room.broadcast.add(new_listener(number + 10))
    room.run(3)
    room.broadcast.play(clip(30))
    room.run(1)

    sizes = [opus.duration(packet.payload) for _, packet in room.recorder.to(first)]
    assert sizes == [960] * 100 + [3 * 960] * 10


def test_the_sends_of_one_packet_are_spread_over_its_length(loop: VirtualLoop) -> None:
    room = Room(loop, Settings())
    room.settled(40 * 256)
    room.broadcast.play(clip(18))
    room.run(1)

    sent_at = [at for at, _, _ in room.recorder.sent_at]
    assert len(sent_at) == 3 * 40
    assert min(b - a for a, b in pairwise(sent_at)) >= 0.002
    assert sent_at[39] - sent_at[0] <= 0.12


def test_after_a_stall_batches_are_neither_flooded_nor_served_out_of_order(loop: VirtualLoop) -> None:
    room = Room(loop, Settings())
    added = room.settled(10 * 256)
    room.broadcast.play(clip(60))
    room.run(0.13)
    loop.now_s += 0.11
    room.run(2)

    for listener in (added[0], added[-1]):
        timestamps = [packet.timestamp for _, packet in room.recorder.to(listener)]
        assert timestamps == sorted(set(timestamps))
        assert len(timestamps) == 10


def test_who_is_a_whole_packet_behind_loses_it(loop: VirtualLoop) -> None:
    room = Room(loop, Settings())
    room.settled(4 * 256)
    room.broadcast.play(clip(60))
    send, busy_s = room.recorder.send, 0.05

    def slow(packet: bytes, batch: ListenerBatch) -> None:
        loop.now_s += busy_s
        send(packet, batch)

    room.recorder.send = slow  # type: ignore[method-assign]
    room.run(5)

    assert room.recorder.dropped >= 256
    assert len(room.broadcast._waiting) == 0


def test_a_packet_never_outgrows_a_path() -> None:
    frames = [b"\x78" + bytes(250)] * 60

    assert max(map(len, packets(frames, 6))) <= LARGEST_PAYLOAD_BYTES
    assert sum(map(opus.duration, packets(frames, 6))) == 60 * 960


def test_a_room_that_nobody_hears_and_nothing_plays_in_is_idle(room: Room) -> None:
    listener = new_listener()
    room.broadcast.add(listener)
    room.broadcast.play(clip(2))
    room.run(2)
    assert room.idle == 0

    room.broadcast.remove(listener)

    assert room.idle == 1
    assert len(room.broadcast) == 0


def test_a_clip_for_nobody_ends_and_leaves_the_room_idle(room: Room) -> None:
    assert room.broadcast.play(clip(5)) == 100
    room.run(1)

    assert room.idle == 1
    assert room.recorder.sent_at == []


def test_a_clip_for_nobody_that_is_stopped_leaves_the_room_idle(room: Room) -> None:
    room.broadcast.play(clip(50))

    room.broadcast.stop()

    assert room.idle == 1


def test_an_empty_clip_is_no_clip(room: Room) -> None:
    room.settled()

    assert room.broadcast.play([]) == 0
    room.run(1)
    assert room.recorder.sent_at == []


def test_a_take_is_heard_while_it_is_spoken_after_its_delay(room: Room) -> None:
    (listener,) = room.settled()
    for number, payload in enumerate(clip(20)):
        room.broadcast.play_live_relay("take", 7 + number * 960, payload, 100)
        room.run(0.02)
    room.run(0.5)

    heard = room.recorder.to(listener)
    assert [packet.payload for _, packet in heard] == clip(20)
    assert [round(1000 * (at - room.start_s)) for at, _ in heard] == list(range(100, 500, 20))
    assert {b[1].timestamp - a[1].timestamp for a, b in pairwise(heard)} == {960}
    assert [packet.marker for _, packet in heard] == [1] + [0] * 19


@pytest.mark.parametrize("off", [[0, -1], [0, 1, 2], [0, -300, 200], [-n * 960 // 12 for n in range(20)]])
def test_a_live_take_with_wrong_timestamps_goes_out_end_to_end(room: Room, off: list[int]) -> None:
    """A player drops a packet that begins before the one before it ends; what was lost stays a hole."""
    (listener,) = room.settled()
    for number, payload in enumerate(clip(20)):
        if number != 10:
            room.broadcast.play_live_relay("take", 7 + number * 960 + off[number % len(off)], payload, 100)
        room.run(0.02)
    room.run(0.5)

    heard = [packet for _, packet in room.recorder.to(listener)]
    assert [packet.payload for packet in heard] == [*clip(20)[:10], *clip(20)[11:]]
    steps = [b.timestamp - a.timestamp for a, b in pairwise(heard)]
    assert steps[:9] + steps[10:] == [960] * 17
    assert 960 <= steps[9] <= 2_220


def test_a_live_take_replaces_a_clip_and_a_clip_a_live_take(room: Room) -> None:
    (listener,) = room.settled()
    room.broadcast.play(clip(100))
    room.run(0.1)
    for number in range(10):
        room.broadcast.play_live_relay("take", number * 960, b"\x78live", 100)
    room.run(0.15)
    room.broadcast.play([SILENCE] * 3)
    room.run(1)

    heard = [packet for _, packet in room.recorder.to(listener)]
    payloads = [packet.payload for packet in heard]
    assert payloads[-4:] == [b"\x78live", *[SILENCE] * 3]
    assert payloads.count(b"\x78live") < 10
    assert all(a.timestamp < b.timestamp for a, b in pairwise(heard))


def test_a_closed_broadcast_is_silent(room: Room) -> None:
    room.settled()
    room.broadcast.play(clip(50))

    room.broadcast.close()
    room.run(1)

    assert room.recorder.sent_at == []


def test_the_recorder_stands_for_a_real_batch_sender() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        assert set(vars(Recorder)) >= {"send"}
        assert BatchSender(sock, None).sent == 0
