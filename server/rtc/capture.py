"""Received RTP to takes: reordering, pre-roll, limits (pure: time is an argument).

Opus payloads are kept as they came and placed by their timestamps, so that silence that was not
sent (DTX) keeps its length. Nothing is decoded, and nothing waits: a late packet goes to its
place as long as its take is open. One lost packet costs itself alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from aiortc.rtp import RtpPacket
from msgspec import Struct

from audio import opus
from audio.take import LONGEST_TAKE_MS, MOST_BYTES_PER_S, SHORTEST_PACKET_MS, Packet, Take

# A timestamp this far from the clock on the wall begins anew.
LARGEST_DRIFT_MS = 2_000
# What is older by more than 100 ms than all that is kept comes too late.
LATEST_SAMPLES = 4_800
# The least delay of so many packets tells when the first sample was spoken.
DELAYS_KEPT = 128
# More is no take.
MOST_PACKETS = LONGEST_TAKE_MS // SHORTEST_PACKET_MS
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
        self._kept: list[tuple[int, bytes]] = []
        self._kept_bytes = 0
        self._delays: deque[float] = deque(maxlen=DELAYS_KEPT)
        self._place = 0
        self._timestamp: int | None = None
        self._begun_ms: float | None = None

    @property
    def open(self) -> bool:
        """Whether a take is being recorded."""
        return self._begun_ms is not None

    def push(self, packet: RtpPacket, now_ms: float) -> bool:
        """Keep a packet; False when it is no Opus, a repeat, or too late."""
        length = _samples(packet.payload)
        if length == 0 or len(self._kept) >= MOST_PACKETS or self._kept_bytes >= MOST_BYTES:
            return False
        place = self._placed(packet.timestamp, length, now_ms)
        if not self._insert(place, packet.payload):
            return False
        self._delays.append(now_ms - (place + length) / 48)
        if not self.open:
            self._forget_before(now_ms - self._preroll_ms)
        return True

    def _placed(self, timestamp: int, length: int, now_ms: float) -> int:
        """Unwrap a timestamp (32 bits) to samples since the first packet."""
        if self._timestamp is None:
            self._timestamp = timestamp
        step = ((timestamp - self._timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        place = self._place + step
        if self._delays and abs(now_ms - (place + length) / 48 - min(self._delays)) > LARGEST_DRIFT_MS:
            place = max(round((now_ms - min(self._delays)) * 48) - length, self._place + length)
            step = 1
        if step > 0:
            self._place, self._timestamp = place, timestamp
        return place

    def _insert(self, place: int, payload: bytes) -> bool:
        if not self._kept or place > self._kept[-1][0]:
            self._kept.append((place, payload))
        else:
            at = bisect_left(self._kept, (place, b""))
            too_late = at == 0 and self._kept[0][0] - place > LATEST_SAMPLES
            if too_late or self._kept[at][0] == place:
                return False
            self._kept.insert(at, (place, payload))
        self._kept_bytes += len(payload)
        return True

    def _forget_before(self, ms: float) -> None:
        """Drop packets that ended before a moment."""
        oldest = (ms - min(self._delays)) * 48
        gone = 0
        while gone < len(self._kept) and self._end(gone) <= oldest:
            self._kept_bytes -= len(self._kept[gone][1])
            gone += 1
        del self._kept[:gone]

    def _end(self, at: int) -> int:
        place, payload = self._kept[at]
        return place + opus.duration(payload)

    def begin(self, now_ms: float) -> None:
        """Open a take now; what was heard in the pre-roll belongs to it."""
        if self._delays:
            self._forget_before(now_ms - self._preroll_ms)
        self._begun_ms = now_ms

    def duration_ms(self) -> int:
        """Return from where to where the open take has sound."""
        return (self._end(-1) - self._kept[0][0]) // 48 if self._kept else 0

    def reaches(self, ms: float) -> bool:
        """Tell whether the sound of a moment has come."""
        return bool(self._kept) and self._end(-1) / 48 + min(self._delays) >= ms

    def cut(self, now_ms: float) -> Recording:
        """Close the take and return it; it may be empty."""
        begun_ms = now_ms if self._begun_ms is None else self._begun_ms
        self._begun_ms = None
        kept, self._kept, self._kept_bytes = self._kept, [], 0
        if not kept:
            return Recording(Take(()), begun_ms, 0)
        first = kept[0][0]
        first_ms = first / 48 + min(self._delays)
        preroll_ms = max(0, round(begun_ms - first_ms))
        packets = tuple(Packet(place - first, payload) for place, payload in kept)
        length = kept[-1][0] + opus.duration(kept[-1][1]) - first
        return Recording(Take(packets, preroll_ms), first_ms + preroll_ms, length // 48)
