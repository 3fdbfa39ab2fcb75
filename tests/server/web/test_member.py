from __future__ import annotations

import pytest

from server.room.events import Voice
from server.web.frames import closing, frame
from server.web.member import WRITE_LIMIT_BYTES, Member
from tests.support.transports import FakeTransport


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def member(transport: FakeTransport) -> Member:
    return Member(transport, Voice("v", "Owl", "#fff"), "192.0.2.1")


async def test_writes_without_waiting(member: Member, transport: FakeTransport) -> None:
    assert member.write(b"frame")
    assert transport.written == [b"frame"]


async def test_who_is_too_slow_is_told_to_come_back_and_gets_no_more(
    member: Member, transport: FakeTransport
) -> None:
    transport.waiting = WRITE_LIMIT_BYTES + 1
    assert not member.write(b"frame")
    assert transport.written == [closing(1013, "too slow")]
    assert member.ended
    assert not member.write(b"frame")
    assert len(transport.written) == 1


async def test_a_transport_that_closed_within_this_turn_is_no_error(
    member: Member, transport: FakeTransport
) -> None:
    transport.broken = True
    assert not member.write(b"frame")
    member.end(1012)
    assert member.ended


async def test_a_closing_transport_is_not_written_to(member: Member, transport: FakeTransport) -> None:
    transport.close()
    assert not member.write(b"frame")
    member.end(1012)
    assert transport.written == []


async def test_ends_once_and_is_cut_after_the_grace(
    member: Member, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.web.member.CLOSE_GRACE_S", 0.0)
    member.end(1002, "text only")
    member.end(1013)
    assert transport.written == [closing(1002, "text only")]
    await transport.cut.wait()


async def test_a_ping_is_a_frame_without_content(member: Member, transport: FakeTransport) -> None:
    member.ping()
    assert transport.written == [frame(b"", 9)]
