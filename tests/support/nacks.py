"""Generic NACKs (RFC 4585 6.2.1), as browsers send them."""

from __future__ import annotations

import struct

from server.rtc.rtcp import FEEDBACK, GENERIC_NACK


def nack(sender: int, ssrc: int, sequences: list[int]) -> bytes:
    """Return a generic NACK that asks for each of the sequence numbers."""
    losses = b"".join(struct.pack("!HH", each, 0) for each in sequences)
    head = struct.pack("!BBH", 0x80 | GENERIC_NACK, FEEDBACK, 2 + len(sequences))
    return head + sender.to_bytes(4, "big") + ssrc.to_bytes(4, "big") + losses
