"""The limits of the media plane, held against the standards that they stand for."""

from __future__ import annotations

from audio.take import SHORTEST_PACKET_MS
from server.rtc.settings import LARGEST_PAYLOAD_BYTES, PACKET_OVERHEAD_BYTES, Settings

# RFC 6716 2.1: Opus packets hold 2.5 to 120 ms, and at most 510 kbit/s.
OPUS_SHORTEST_MS, OPUS_LONGEST_MS, OPUS_BITS_PER_S = 2.5, 120, 510_000
FRAME_MS = 20
# Clocks of sound cards are wrong by a tenth of that.
FAST_CLOCK = 1.01


def test_the_fastest_recorder_that_opus_allows_is_let_through_with_a_fast_clock() -> None:
    chosen = Settings()
    packets_per_s = 1_000 / OPUS_SHORTEST_MS * FAST_CLOCK
    bytes_per_s = OPUS_BITS_PER_S / 8 * FAST_CLOCK + packets_per_s * PACKET_OVERHEAD_BYTES

    assert SHORTEST_PACKET_MS == OPUS_SHORTEST_MS
    assert packets_per_s <= chosen.packets_per_second
    assert bytes_per_s <= chosen.bytes_per_second


def test_the_largest_packet_of_a_broadcast_is_one_that_opus_and_the_path_allow() -> None:
    chosen = Settings()
    frames = (chosen.frames_in_small, chosen.frames_in_middle, chosen.frames_in_large)

    assert max(frames) * FRAME_MS <= OPUS_LONGEST_MS
    # Clips are encoded at 32 kbit/s; a frame may be half as large again.
    assert max(frames) * FRAME_MS * 32_000 / 8_000 * 1.5 <= LARGEST_PAYLOAD_BYTES
