"""Received RTP to takes: reordering, pre-roll, limits (pure: time is an argument).

Opus payloads are kept as they came and placed by numbers and timestamps, so that silence that was not
sent (DTX) keeps its length. Nothing is decoded, and nothing waits: a late packet goes to its
place as long as its take is open. One lost packet costs itself alone.
"""

from __future__ import annotations

from bisect import bisect_left

from aiortc.rtp import RtpPacket
from msgspec import Struct

from audio import opus
from audio.take import LONGEST_TAKE_MS, MOST_BYTES_PER_S, SHORTEST_PACKET_MS, Packet, Take
from server.rtc.rtp import SAMPLES_A_MS
from server.rtc.timeline import Place, Timeline

# A packet that belongs more than 100 ms before everything kept comes too late.
LATEST_SAMPLES = 4_800
# More packets do not fit into the longest take.
MOST_PACKETS = round(LONGEST_TAKE_MS / SHORTEST_PACKET_MS)
MOST_BYTES = LONGEST_TAKE_MS * MOST_BYTES_PER_S // 1000


class Recording(Struct, frozen=True):
    """A take and the monotonic time, in ms, of its first sample after the pre-roll."""

    take: Take
    began_ms: float
    duration_ms: int


def _samples(payload: bytes) -> int:
    """Return how much sound a payload says it holds; 0 when it is no Opus packet."""
    try:
        return opus.duration(payload)
    except opus.BadPacket:
        return 0


class Capture:
    """The sound of one speaker. All times are monotonic milliseconds."""

    def __init__(self, *, preroll_ms: int) -> None:
        self._preroll_ms = preroll_ms
        self._timeline = Timeline()
        self._kept: list[tuple[Place, bytes]] = []
        self._kept_bytes = 0
        self._begun_ms: float | None = None
        # Monotonic ms of sample 0, by the packet that came with the least delay.
        self._zero_ms: float | None = None

    @property
    def open(self) -> bool:
        """Whether a take is being recorded."""
        return self._begun_ms is not None

    @property
    def heard_ms(self) -> float:
        """When a packet was last kept; 0 before the first."""
        return self._timeline.heard_ms

    @property
    def packet_ms(self) -> float:
        """How long the newest packet is."""
        return self._timeline.packet_ms

    def push(self, packet: RtpPacket, now_ms: float) -> Place | None:
        """Keep a packet and return its place; None when it is no Opus, a repeat, or too late."""
        length = _samples(packet.payload)
        if length == 0 or len(self._kept) >= MOST_PACKETS or self._kept_bytes >= MOST_BYTES:
            return None
        place = self._timeline.place(packet, length, now_ms)
        if place is None or not self._insert(place, packet.payload):
            return None
        least_ms = self._timeline.least_delay_ms(now_ms)
        if not self.open:
            self._zero_ms = least_ms
            self._forget_before(now_ms - self._preroll_ms)
        elif least_ms is not None:
            self._zero_ms = least_ms if self._zero_ms is None else min(self._zero_ms, least_ms)
        return place

    def _insert(self, place: Place, payload: bytes) -> bool:
        at = len(self._kept)
        if self._kept and place.order <= self._kept[-1][0].order:
            at = bisect_left(self._kept, place.order, key=lambda kept: kept[0].order)
            too_late = at == 0 and self._kept[0][0].at - place.at > LATEST_SAMPLES
            if too_late or self._kept[at][0].order == place.order:
                return False
        self._kept.insert(at, (place, payload))
        self._kept_bytes += len(payload)
        return True

    def _forget_before(self, ms: float) -> None:
        """Drop packets that ended before a moment."""
        if self._zero_ms is None:
            return
        oldest = (ms - self._zero_ms) * SAMPLES_A_MS
        gone = 0
        while gone < len(self._kept) and self._end(gone) <= oldest:
            self._kept_bytes -= len(self._kept[gone][1])
            gone += 1
        del self._kept[:gone]

    def _end(self, index: int) -> int:
        place, payload = self._kept[index]
        return place.at + opus.duration(payload)

    def begin(self, now_ms: float) -> None:
        """Open a take now; what was heard in the pre-roll belongs to it."""
        self._forget_before(now_ms - self._preroll_ms)
        if not self._kept:
            self._zero_ms = None
        self._begun_ms = now_ms

    def duration_ms(self) -> int:
        """Return the length of the sound in the open take."""
        return (self._end(-1) - self._kept[0][0].at) // SAMPLES_A_MS if self._kept else 0

    def reaches(self, ms: float, now_ms: float) -> bool:
        """Tell whether the sound that was spoken at a moment has arrived."""
        least_ms = self._timeline.least_delay_ms(now_ms)
        return bool(self._kept) and least_ms is not None and self._end(-1) / SAMPLES_A_MS + least_ms >= ms

    def cut(self, now_ms: float) -> Recording:
        """Close the take and return it; it may be empty."""
        begun_ms = now_ms if self._begun_ms is None else self._begun_ms
        self._begun_ms = None
        kept, self._kept, self._kept_bytes = self._kept, [], 0
        if not kept or self._zero_ms is None:
            return Recording(Take(()), begun_ms, 0)
        first_ms = max(kept[0][0].at / SAMPLES_A_MS + self._zero_ms, begun_ms - self._preroll_ms)
        preroll_ms = max(0, round(begun_ms - first_ms))
        packets = _laid(kept)
        length = packets[-1].at + opus.duration(packets[-1].payload)
        return Recording(Take(packets, preroll_ms), first_ms + preroll_ms, length // SAMPLES_A_MS)


def _laid(kept: list[tuple[Place, bytes]]) -> tuple[Packet, ...]:
    """Put packets in order; a stream that restarted follows the late packets of the one before it."""
    packets: list[Packet] = []
    origin, stretch = kept[0][0].at, kept[0][0].stretch
    end = 0
    for place, payload in kept:
        if place.stretch != stretch:
            stretch = place.stretch
            origin = min(origin, place.at - end)
        at = max(place.at - origin, packets[-1].at + 1 if packets else 0)
        packets.append(Packet(at, payload))
        end = max(end, at + opus.duration(payload))
    return tuple(packets)
