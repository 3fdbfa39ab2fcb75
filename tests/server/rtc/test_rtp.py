from __future__ import annotations

from aiortc.rtp import RtpPacket

from server.rtc import rtp


def test_a_header_is_read_by_others_as_it_was_meant() -> None:
    packet = RtpPacket.parse(rtp.header(marker=True, timestamp=2**32 + 7, ssrc=0xDEADBEEF) + b"opus")

    assert (packet.marker, packet.timestamp, packet.ssrc) == (1, 7, 0xDEADBEEF)
    assert (packet.payload_type, packet.sequence_number, packet.payload) == (0, 0, b"opus")


def test_rtcp_is_told_from_rtp() -> None:
    assert rtp.is_rtcp(bytes((0x80, 200)))
    assert not rtp.is_rtcp(rtp.header(marker=True, timestamp=0, ssrc=0))
