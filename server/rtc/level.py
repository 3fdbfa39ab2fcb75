"""Whether a speaker is sending sound or silence (pure: time is an argument)."""

from __future__ import annotations

# RFC 7587 3.1.3: with DTX silence is two bytes or nothing, and now and then a small update; shorter packets
# than of 20 ms are smaller.
DTX_BYTES = 8
SMALLEST_DTX_BYTES = 2
DTX_PACKET_MS = 20
# So many packets of sound in a row are speech: the update that DTX sends every 400 ms is one alone.
PACKETS_TO_BEGIN = 3
HOLD_MS = 300


class Level:
    """Follows the packets of one speaker; tells changes only."""

    __slots__ = ("_in_a_row", "_last_ms", "on")

    def __init__(self) -> None:
        self.on = False
        self._in_a_row = 0
        self._last_ms = 0.0

    def push(self, payload_bytes: int, packet_ms: float, now_ms: float) -> bool:
        """Note a packet; True when sound begins with it."""
        share = min(1.0, packet_ms / DTX_PACKET_MS)
        if payload_bytes <= max(SMALLEST_DTX_BYTES, DTX_BYTES * share):
            self._in_a_row = 0
            return False
        self._in_a_row = self._in_a_row + 1 if now_ms - self._last_ms < HOLD_MS else 1
        self._last_ms = now_ms
        if self.on or self._in_a_row < PACKETS_TO_BEGIN:
            return False
        self.on = True
        return True

    def rest_ms(self, now_ms: float) -> float:
        """Return for how long sound still counts as going on; when it is over, turn off."""
        left_ms = max(0.0, self._last_ms + HOLD_MS - now_ms)
        if left_ms == 0:
            self.on = False
            self._in_a_row = 0
        return left_ms
