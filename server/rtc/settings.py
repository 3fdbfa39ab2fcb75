"""Limits and choices of the media plane, each with its unit."""

from __future__ import annotations

from msgspec import Struct

from audio.take import MOST_BYTES_PER_S, PREROLL_MS, SHORTEST_PACKET_MS

# The largest datagram taken and sent: what every path carries (RFC 8831 5, minus headers).
LARGEST_DATAGRAM_BYTES = 1_500
LARGEST_PAYLOAD_BYTES = 1_200
# What stands around a payload: RTP header and extensions, SRTP's tag.
PACKET_OVERHEAD_BYTES = 40


class Settings(Struct, frozen=True, kw_only=True):
    """What may differ between two installations."""

    # Caps. A school or a company is often one address.
    peers: int = 5_000
    peers_per_address: int = 64
    # A peer that is not connected by then is closed.
    connect_ms: int = 15_000
    # RFC 7675: a peer that sends no valid check for so long is gone.
    consent_ms: int = 30_000
    # A selected address that was quiet for so long gives way to any other with a valid check.
    stale_address_ms: int = 4_000
    # Checks answered a second and peer; browsers send fewer than 25 while they connect.
    checks_per_second: int = 60

    # What one speaker may send: the answer asks for packets of 20 ms at 32 kbit/s, but recorders that do not
    # listen send up to what Opus can; a tenth more packets for a fast clock.
    packets_per_second: int = round(1_100 / SHORTEST_PACKET_MS)
    bytes_per_second: int = MOST_BYTES_PER_S + PACKET_OVERHEAD_BYTES * packets_per_second

    # Takes.
    preroll_ms: int = PREROLL_MS
    # How long late packets are waited for when a take ends.
    late_ms: int = 120
    # A speaker that vanished leaves a take when it holds at least this much.
    kept_when_gone_ms: int = 1_000

    # Broadcast: 20 ms Opus frames in one RTP packet, by the number of listeners.
    small_room: int = 50
    large_room: int = 300
    frames_in_small: int = 1
    frames_in_middle: int = 3
    frames_in_large: int = 6
    # Silence sent to a new listener, or its first clip is stretched while its buffer settles.
    lead_in_ms: int = 1_000

    # Live: rooms up to this size hear a take while it is spoken, in packets as the speaker sends them.
    live_listeners: int = 300

    # Loss: how many packets of one report are answered, and how many are sent again a second.
    nacks_a_report: int = 32
    resends_per_second: int = 50
    # Reports of a listener that are decrypted, a second; more are dropped unread.
    reports_per_second: int = 30
