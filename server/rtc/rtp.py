"""The few parts of RTP that we read and write ourselves (RFC 3550 5.1, RFC 5761 4)."""

from __future__ import annotations

from struct import Struct as Layout

HEADER_BYTES = 12
RATE_HZ = 48_000
SAMPLES_A_MS = 48

_FIRST = Layout("!BBHII")


def header(*, marker: bool, timestamp: int, ssrc: int) -> bytes:
    """Return a header whose payload type and sequence number are left for each listener."""
    return _FIRST.pack(0x80, 0x80 if marker else 0, 0, timestamp & 0xFFFFFFFF, ssrc)


def is_rtcp(datagram: bytes) -> bool:
    """Tell RTCP from RTP."""
    return 192 <= datagram[1] < 224
