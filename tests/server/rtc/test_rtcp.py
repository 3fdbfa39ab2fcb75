"""Reports are read within bounds, whatever they hold."""

from __future__ import annotations

import struct

from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtcpRtpfbPacket
from hypothesis import given
from hypothesis import strategies as st

from server.rtc import rtcp
from tests.support.nacks import nack

SSRC = 0xC0FFEE


def test_what_stock_asks_for_is_understood() -> None:
    asked = [1, 2, 4, 17, 65_535]
    report = bytes(RtcpRtpfbPacket(fmt=1, ssrc=9, media_ssrc=SSRC, lost=asked))

    assert sorted(rtcp.missing(report, SSRC, 32)) == sorted(asked)


def test_our_own_is_read_by_stock() -> None:
    (packet,) = RtcpPacket.parse(nack(9, SSRC, [5, 7]))

    assert isinstance(packet, RtcpRtpfbPacket)
    assert (packet.fmt, packet.media_ssrc, packet.lost) == (1, SSRC, [5, 7])


def test_a_nack_is_found_behind_other_reports() -> None:
    report = bytes(RtcpRrPacket(ssrc=9)) + nack(9, SSRC, [3])

    assert rtcp.missing(report, SSRC, 32) == [3]


def test_a_mask_runs_over_the_end_of_the_numbers() -> None:
    report = struct.pack("!BBHIIHH", 0x81, 205, 3, 9, SSRC, 65_534, 0b111)

    assert rtcp.missing(report, SSRC, 32) == [65_534, 65_535, 0, 1]


def test_each_packet_once_and_no_more_than_the_limit() -> None:
    report = nack(9, SSRC, [1, 1, 1]) + struct.pack("!BBHIIHH", 0x81, 205, 3, 9, SSRC, 1, 0xFFFF)

    assert rtcp.missing(report, SSRC, 5) == [1, 2, 3, 4, 5]


def test_another_stream_or_format_is_not_answered() -> None:
    report = bytes(RtcpRtpfbPacket(fmt=15, ssrc=9, media_ssrc=SSRC, lost=[1])) + nack(9, 1, [2])

    assert rtcp.missing(report, SSRC, 32) == []


@given(st.binary(max_size=1_500))
def test_rubbish_is_read_to_its_end(report: bytes) -> None:
    assert len(rtcp.missing(report, SSRC, 32)) <= 32


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_rubbish_behind_true_headers_is_read_to_its_end(bodies: list[bytes]) -> None:
    heads = [struct.pack("!BBH", 0x81, 205, len(body) // 4) + body for body in bodies]

    assert len(rtcp.missing(b"".join(heads), SSRC, 32)) <= 32
