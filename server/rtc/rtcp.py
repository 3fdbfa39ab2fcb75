"""The one part of RTCP that we read: which packets a listener asks for again (RFC 4585 6.2.1). Pure."""

from __future__ import annotations

from struct import Struct as Layout

# What a reduced-size report begins with when it is feedback (RFC 5506), and its first format.
FEEDBACK = 205
GENERIC_NACK = 1

_HEADER = Layout("!BBH")
_LOSS = Layout("!HH")


def kind(datagram: bytes) -> int:
    """Return the type of the first packet: it is in clear."""
    return datagram[1]


def missing(report: bytes, ssrc: int, most: int) -> list[int]:
    """Return up to `most` sequence numbers that a report asks for again, each once, in order.

    `report` is a decrypted compound packet; what does not add up ends the reading.
    """
    found: dict[int, None] = {}
    at = 0
    while at + 4 <= len(report) and len(found) < most:
        first, packet_type, words = _HEADER.unpack_from(report, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(report):
            break
        is_nack = packet_type == FEEDBACK and first & 0x1F == GENERIC_NACK
        if is_nack and report[at + 8 : at + 12] == ssrc.to_bytes(4, "big"):
            for place in range(at + 12, end - 3, 4):
                found.update(dict.fromkeys(_lost(*_LOSS.unpack_from(report, place))))
        at = end
    return list(found)[:most]


def _lost(first: int, mask: int) -> list[int]:
    """Return a packet and those of the sixteen after it whose bits are set."""
    return [first, *((first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1)]
