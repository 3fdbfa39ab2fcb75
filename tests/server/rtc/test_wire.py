"""What goes over the pipe comes out as it was, and anything else ends the talk."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.take import Packet, Take
from server import subprocesses
from server.rtc import wire
from server.rtc.media import Counts, TakeEnded
from server.rtc.settings import Settings


async def lines() -> tuple[subprocesses.MessageChannel[wire.Report], asyncio.StreamWriter]:
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_unix_connection(sock=theirs)
    return subprocesses.MessageChannel(*await asyncio.open_unix_connection(sock=ours), wire.Report), writer


REPORTS: list[wire.Report] = [
    wire.Opened("192.0.2.1", 9),
    wire.Declined(1, busy=True, sentence="The server is full."),
    TakeEnded("peer", Take((Packet(0, b"\0\xff"), Packet(960, b"x")), 20), 5, "stopped"),
    Counts(1, 2, 3, 4, 5, 6),
    wire.Changed("peer", "loud"),
    wire.LiveRelaySound("peer", 1 << 31, b"\xfc\xff\xfe"),
]


async def test_reports_are_read_as_they_were_told() -> None:
    line, writer = await lines()
    far: subprocesses.MessageChannel[wire.Order] = subprocesses.MessageChannel(
        asyncio.StreamReader(), writer, wire.Order
    )
    for report in REPORTS:
        far.tell(report)

    assert [await line.read() for _ in REPORTS] == REPORTS
    writer.close()
    with pytest.raises(EOFError):
        await line.read()
    line.hang_up()
    line.tell(wire.Opened("", 0))


@pytest.mark.parametrize("body", [b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", b"\0\0\0\1\x01"])
async def test_what_is_no_report_ends_the_talk(body: bytes) -> None:
    line, writer = await lines()
    writer.write(body)

    with pytest.raises(subprocesses.BadMessage):
        await line.read()
    line.hang_up()
    writer.close()


@given(st.binary(max_size=200))
def test_rubbish_never_raises_anything_else(body: bytes) -> None:
    async def read() -> None:
        line, writer = await lines()
        writer.write(len(body).to_bytes(4, "big") + body)
        try:
            await line.read()
        except subprocesses.BadMessage:
            return
        finally:
            line.hang_up()
            writer.close()

    asyncio.run(read())


def test_settings_go_along() -> None:
    opening = wire.Open("::", 1, "", Settings(peers=7))

    assert opening.settings.peers == 7
