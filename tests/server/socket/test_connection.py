from __future__ import annotations

import pytest

from server.room.events import Voice
from server.socket.connection import WRITE_LIMIT_BYTES, Connection
from server.socket.frames import closing, frame
from tests.support.transports import FakeTransport


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def connection(transport: FakeTransport) -> Connection:
    return Connection(transport, Voice("v", "Owl", "#fff"), "192.0.2.1")


async def test_writes_without_waiting(connection: Connection, transport: FakeTransport) -> None:
    assert connection.write(b"frame")
    assert transport.written == [b"frame"]


async def test_who_is_too_slow_is_told_to_come_back_and_gets_no_more(
    connection: Connection, transport: FakeTransport
) -> None:
    transport.waiting = WRITE_LIMIT_BYTES + 1
    assert not connection.write(b"frame")
    assert transport.written == [closing(1013, "too slow")]
    assert connection.ended
    assert not connection.write(b"frame")
    assert len(transport.written) == 1


async def test_a_transport_that_closed_within_this_turn_is_no_error(
    connection: Connection, transport: FakeTransport
) -> None:
    transport.broken = True
    assert not connection.write(b"frame")
    connection.end(1012)
    assert connection.ended


async def test_a_closing_transport_is_not_written_to(
    connection: Connection, transport: FakeTransport
) -> None:
    transport.close()
    assert not connection.write(b"frame")
    connection.end(1012)
    assert transport.written == []


async def test_ends_once_and_is_cut_after_the_grace(
    connection: Connection, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.socket.connection.CLOSE_GRACE_S", 0.0)
    connection.end(1002, "text only")
    connection.end(1013)
    assert transport.written == [closing(1002, "text only")]
    await transport.cut.wait()


async def test_a_ping_is_a_frame_without_content(connection: Connection, transport: FakeTransport) -> None:
    connection.ping()
    assert transport.written == [frame(b"", 9)]
