"""Place the packets of a speaker on one timeline (pure: time is an argument).

The numbers of packets give their order, their timestamps how much time is between them; the clock on
the wall is asked only where timestamps begin anew. So sound stays whole through a stall of the network,
a wrong clock, a new SSRC (a program that starts again), and timestamps that jump.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from aiortc.rtp import RtpPacket

from server.rtc.rtp import SAMPLES_A_MS

# Timestamps that run ahead of the clock on the wall by more than this began anew: a stall before a pause
# makes them seem to by up to 2.5 s, after which a take ends. What was overtaken is no stranger than this.
LARGEST_DRIFT_MS = 3_000
# What begins anew this soon after what was before is joined to it: a restart takes that long, and jitter.
# Timestamps that go back by no more are jitter, too, and an SSRC that gave way has late packets until so much
# was heard of the new one.
JOINED_MS = 100
# Another SSRC that was heard before is heard again when the one that we follow was silent for so long.
SSRC_SILENT_MS = 1_000
# Packets of this many beginnings can still come late.
STRETCHES_KEPT = 4
# The least delay of this much time tells when a sample was spoken.
DELAYS_KEPT_MS = 1_000


class Place(NamedTuple):
    """Where a packet belongs: beginnings and numbers give its order, `at` its time in samples."""

    stretch: int
    number: int
    at: int

    @property
    def order(self) -> tuple[int, int]:
        """Return what tells a packet from all others, and after which it was sent."""
        return self.stretch, self.number


class _Stretch:
    """Packets of one SSRC whose timestamps follow one another; its newest packet."""

    __slots__ = ("at", "index", "length", "number", "sequence", "ssrc", "start", "timestamp", "told")

    def __init__(self, index: int, packet: RtpPacket, number: int, at: int, length: int) -> None:
        self.index = index
        self.ssrc = packet.ssrc
        self.start, self.told = at, at - 1
        self.note(packet, number, at, length)

    def note(self, packet: RtpPacket, number: int, at: int, length: int) -> None:
        """Make a packet the newest."""
        self.sequence = packet.sequence_number
        self.timestamp = packet.timestamp
        self.number, self.at, self.length = number, at, length
        # Packets that were stamped together, or by a clock that stands still, follow one another, too.
        self.told = max(at, self.told + 1)

    @property
    def heard(self) -> int:
        """Its length so far, in samples."""
        return self.end - self.start

    @property
    def end(self) -> int:
        """Where its sound ends."""
        return self.at + self.length

    def step(self, packet: RtpPacket) -> int:
        """Return how much later than the newest a packet is, in samples (timestamps have 32 bits)."""
        return ((packet.timestamp - self.timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000

    def ahead(self, packet: RtpPacket) -> int:
        """Return how many packets after the newest a packet was sent (numbers have 16 bits)."""
        return ((packet.sequence_number - self.sequence + 0x8000) & 0xFFFF) - 0x8000

    def strangeness(self, packet: RtpPacket, number: int) -> int:
        """Return how far a packet's timestamp is from the one that its sequence number predicts."""
        return abs(self.step(packet) - (number - self.number) * self.length)


class Timeline:
    """The time of one speaker, whatever its SSRCs and clocks. All times are monotonic milliseconds."""

    def __init__(self) -> None:
        self.heard_ms = 0.0
        self._stretches: deque[_Stretch] = deque(maxlen=STRETCHES_KEPT)
        self._began = 0
        # The least delays of the last second: each is lower than those that came after it.
        self._delays: deque[tuple[float, float]] = deque()

    @property
    def packet_ms(self) -> float:
        """How long the newest packet is."""
        return self._stretches[-1].length / SAMPLES_A_MS if self._stretches else 0.0

    def least_delay_ms(self, now_ms: float) -> float | None:
        """Return the time of sample 0, by what came soonest of late; None before the first packet."""
        while len(self._delays) > 1 and self._delays[0][0] < now_ms - DELAYS_KEPT_MS:
            self._delays.popleft()
        return self._delays[0][1] if self._delays else None

    def place(self, packet: RtpPacket, length: int, now_ms: float) -> Place | None:
        """Return where a packet of `length` samples belongs; None when none can tell, or two sound."""
        placed = self._placed(packet, length, now_ms)
        if placed is not None:
            self._note_delay(now_ms, now_ms - (placed.at + length) / SAMPLES_A_MS)
        return placed

    def _placed(self, packet: RtpPacket, length: int, now_ms: float) -> Place | None:
        known = next((each for each in reversed(self._stretches) if each.ssrc == packet.ssrc), None)
        if known is None:
            return self._begin(packet, 0, length, now_ms)
        if known is self._stretches[-1]:
            return self._follow(known, packet, length, now_ms)
        is_young = self._stretches[-1].heard <= JOINED_MS * SAMPLES_A_MS
        if is_young and (placed := self._late(known, packet, length)):
            return placed
        if now_ms - self.heard_ms > SSRC_SILENT_MS:
            return self._begin(packet, known.number + known.ahead(packet), length, now_ms)
        return None

    def _note_delay(self, now_ms: float, delay_ms: float) -> None:
        self.heard_ms = now_ms
        while self._delays and self._delays[-1][1] >= delay_ms:
            self._delays.pop()
        self._delays.append((now_ms, delay_ms))

    def _follow(self, current: _Stretch, packet: RtpPacket, length: int, now_ms: float) -> Place | None:
        """Place a packet of the SSRC that we follow."""
        ahead, step = current.ahead(packet), current.step(packet)
        if ahead <= 0:
            return self._late(current, packet, length)
        number = current.number + ahead
        is_back = step <= 0 and current.strangeness(packet, number) > JOINED_MS * SAMPLES_A_MS
        if is_back or self._is_too_early(current, step, length, now_ms):
            return self._begin(packet, number, length, now_ms)
        current.note(packet, number, current.at + step, length)
        return Place(current.index, number, current.told)

    def _is_too_early(self, current: _Stretch, step: int, length: int, now_ms: float) -> bool:
        """Tell whether a timestamp jumped ahead by more than the time that passed."""
        if step - current.length <= JOINED_MS * SAMPLES_A_MS:
            return False
        least_ms = self.least_delay_ms(now_ms)
        early_ms = (current.at + step + length) / SAMPLES_A_MS - now_ms
        return least_ms is not None and early_ms + least_ms > LARGEST_DRIFT_MS

    def _late(self, newest: _Stretch, packet: RtpPacket, length: int) -> Place | None:
        """Place a packet that was overtaken, perhaps by a new beginning of its own SSRC or of another."""
        number = newest.number + newest.ahead(packet)
        own = [each for each in self._stretches if each.ssrc == packet.ssrc]
        found = min(own, key=lambda each: each.strangeness(packet, number))
        if found.strangeness(packet, number) > LARGEST_DRIFT_MS * SAMPLES_A_MS:
            return None
        at = found.at + found.step(packet)
        if number > found.number:
            found.note(packet, number, at, length)
        return Place(found.index, number, at)

    def _begin(self, packet: RtpPacket, number: int, length: int, now_ms: float) -> Place:
        """Begin anew: at once after what was before, or later when time went by without a packet."""
        at = 0
        if self._stretches:
            end = max(each.end for each in self._stretches)
            gap_ms = now_ms - self.heard_ms - length / SAMPLES_A_MS
            if (least_ms := self.least_delay_ms(now_ms)) is not None:
                gap_ms = min(gap_ms, now_ms - least_ms - (end + length) / SAMPLES_A_MS)
            at = end + (round(gap_ms * SAMPLES_A_MS) if gap_ms > JOINED_MS else 0)
        self._began += 1
        self._stretches.append(_Stretch(self._began, packet, number, at, length))
        return Place(self._began, number, at)
