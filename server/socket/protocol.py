"""One socket after its handshake: what comes is taken apart and given to the conversation, in fair turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from server.socket import frame_reader
from server.socket.connection import Connection
from server.socket.conversation import Conversation
from server.socket.frame_reader import FrameReader, Violation
from server.socket.frames import BINARY, CLOSE, NOT_THE_PROTOCOL, PING, TEXT
from server.socket.messages import MESSAGE_LIMIT_BYTES

# A socket that always has more to say lets others have a turn after this many frames.
FRAMES_PER_TURN = 32
# What comes while somebody is still being let in waits here, and above this at the sender's.
WAITING_LIMIT_BYTES = 4 * MESSAGE_LIMIT_BYTES


class SocketProtocol(asyncio.Protocol):
    """Reads frames from `start` on; `lost` is called once, when the connection has ended."""

    __slots__ = ("_broken", "_connection", "_conversation", "_lost", "_reader", "_waiting")

    def __init__(self, connection: Connection, lost: Callable[[], None]) -> None:
        self._connection = connection
        self._lost = lost
        self._conversation: Conversation | None = None
        self._reader = FrameReader(MESSAGE_LIMIT_BYTES)
        self._waiting = True  # for the start, or for the next turn
        self._broken = False

    def start(self, conversation: Conversation) -> None:
        """Give the conversation what came and what comes."""
        self._conversation = conversation
        self._turn()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._connection.silent_sweeps = 0
        if self._broken:
            return
        if self._connection.is_away and self._conversation is not None:
            self._conversation.find()
        self._reader.feed(data)
        if not self._waiting:
            self._turn()
        elif self._reader.waiting_bytes > WAITING_LIMIT_BYTES:
            self._connection.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it is over."""
        self._broken = True
        self._lost()

    def _turn(self) -> None:
        if self._broken or self._connection.transport.is_closing():
            return
        self._waiting = False
        try:
            more = self._read()
        except Violation as violation:
            self._break_off(violation)
            return
        if more:
            self._waiting = True
            self._connection.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._turn)
        else:
            self._connection.transport.resume_reading()

    def _read(self) -> bool:
        """Take some frames; tell whether there may be more. Raises `Violation`."""
        for _ in range(FRAMES_PER_TURN):
            frame = self._reader.next()
            if frame is None:
                return False
            self._take(*frame)
            if self._broken:
                return False
        return True

    def _take(self, opcode: int, payload: bytes) -> None:
        connection, conversation = self._connection, self._conversation
        if opcode == CLOSE:
            connection.end(frame_reader.close_code(payload))
            self._broken = True
            connection.transport.close()
        elif connection.ended or conversation is None:
            return
        elif opcode == TEXT:
            conversation.hear(frame_reader.text(payload))
        elif opcode == PING:
            conversation.answer_ping(payload)
        elif opcode == BINARY:
            connection.end(NOT_THE_PROTOCOL, "text only")

    def _break_off(self, violation: Violation) -> None:
        """Send a close frame, and read no more; the peer gets some time to close the connection."""
        self._broken = True
        self._connection.end(violation.code, str(violation))
        transport = self._connection.transport
        if transport.can_write_eof() and not transport.is_closing():
            with suppress(RuntimeError, OSError):  # it went meanwhile
                transport.write_eof()
