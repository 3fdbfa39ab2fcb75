"""The far end of a process of ours: jobs come by a socket, each after its size, and are answered there.

The near end is `subprocesses`. This is for processes that load without an event loop.
"""

from __future__ import annotations

import socket
import traceback

import msgspec

SIZE_BYTES = 4
# The longest take, at the most that Opus can, has 2.1 MB.
LARGEST_JOB_BYTES = 4 << 20
TRACE_CHARACTERS = 4_000


class Broken(msgspec.Struct, tag=True, frozen=True):
    """Our own mistake: why a job was not done, for the log."""

    trace: str


def broken() -> Broken:
    """Return what is told of the exception that is handled now."""
    return Broken(traceback.format_exc()[-TRACE_CHARACTERS:])


def answer(line: socket.socket, reply: msgspec.Struct) -> None:
    """Send a message after its size."""
    body = msgspec.msgpack.encode(reply)
    line.sendall(len(body).to_bytes(SIZE_BYTES, "big") + body)


def receive(line: socket.socket) -> bytes | None:
    """Return the next message of a line, None at its end and for one that is too large."""
    head = _exactly(line, SIZE_BYTES)
    if head is None:
        return None
    size = int.from_bytes(head, "big")
    return _exactly(line, size) if size <= LARGEST_JOB_BYTES else None


def _exactly(line: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = line.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)
