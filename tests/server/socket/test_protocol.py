"""A socket's connection after its handshake: fair turns, an orderly end, and nothing kept of HTTP."""

from __future__ import annotations

import asyncio
from typing import cast

from server.room.events import Voice
from server.socket.connection import Connection
from server.socket.conversation import Conversation
from server.socket.protocol import FRAMES_PER_TURN, WAITING_LIMIT_BYTES, SocketProtocol
from tests.support.actors import until
from tests.support.transports import FakeTransport
from tests.support.ws_client import masked


class Wire(FakeTransport):
    """A transport that notes whether its reading is paused."""

    def __init__(self) -> None:
        super().__init__()
        self.paused = False
        self.half_closed = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.half_closed = True


class RecordingConversation:
    """A conversation that only listens."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.pings: list[bytes] = []

    def hear(self, body: str) -> None:
        self.heard.append(body)

    def answer_ping(self, payload: bytes) -> None:
        self.pings.append(payload)


class Stand:
    def __init__(self) -> None:
        self.wire, self.conversation, self.losses = Wire(), RecordingConversation(), 0
        self.connection = Connection(self.wire, Voice("v", "Owl", "#fff"), "x")
        self.protocol = SocketProtocol(self.connection, self._lose)

    def _lose(self) -> None:
        self.losses += 1

    def start(self) -> None:
        self.protocol.start(cast("Conversation", self.conversation))

    def code(self) -> int:
        return int.from_bytes(self.wire.written[-1][2:4])


async def test_what_comes_before_the_start_waits_and_too_much_waits_at_the_sender() -> None:
    stand = Stand()
    stand.protocol.data_received(masked(b"one"))
    paused = [stand.wire.paused]
    stand.protocol.data_received(masked(b"x" * 15_000) * (1 + WAITING_LIMIT_BYTES // 15_000))
    assert [*paused, stand.wire.paused] == [False, True]
    assert not stand.conversation.heard
    stand.start()
    assert stand.conversation.heard[0] == "one"
    await until(lambda: len(stand.conversation.heard) == 2 + WAITING_LIMIT_BYTES // 15_000)
    assert not stand.wire.paused


async def test_who_says_much_at_once_lets_others_have_a_turn_and_sends_no_more_meanwhile() -> None:
    stand = Stand()
    stand.start()
    stand.protocol.data_received(b"".join(masked(f"{i}".encode()) for i in range(100)))
    assert len(stand.conversation.heard) == FRAMES_PER_TURN
    assert stand.wire.paused
    stand.protocol.data_received(masked(b"100"))
    assert len(stand.conversation.heard) == FRAMES_PER_TURN
    await asyncio.sleep(0)
    assert len(stand.conversation.heard) == 2 * FRAMES_PER_TURN
    await until(lambda: not stand.wire.paused)
    assert stand.conversation.heard == [str(i) for i in range(101)]


async def test_after_a_violation_nothing_is_heard_and_no_more_is_sent() -> None:
    stand = Stand()
    stand.start()
    stand.protocol.data_received(masked(b"a", 3) + masked(b"b"))
    stand.protocol.data_received(masked(b"c"))
    assert stand.code() == 1002
    assert stand.wire.half_closed
    assert not stand.conversation.heard


async def test_a_goodbye_is_answered_with_its_code_and_ends_the_connection() -> None:
    stand = Stand()
    stand.start()
    stand.protocol.data_received(masked(b"last") + masked(b"\x03\xe9", 8) + masked(b"never"))
    assert stand.conversation.heard == ["last"]
    assert stand.code() == 1001
    assert stand.wire.is_closing()
    stand.protocol.connection_lost(None)
    assert stand.losses == 1


async def test_a_member_that_was_told_to_go_is_not_heard_but_its_goodbye_is() -> None:
    stand = Stand()
    stand.start()
    stand.connection.end(1013, "too slow")
    stand.protocol.data_received(masked(b"but"))
    assert not stand.wire.is_closing()
    stand.protocol.data_received(masked(b"\x03\xf5", 8))
    assert stand.wire.is_closing()
    assert not stand.conversation.heard
    assert len(stand.wire.written) == 1


async def test_a_connection_that_is_lost_before_its_start_starts_nothing() -> None:
    stand = Stand()
    stand.protocol.data_received(masked(b"one"))
    stand.protocol.connection_lost(None)
    stand.start()
    assert not stand.conversation.heard
    assert stand.losses == 1
