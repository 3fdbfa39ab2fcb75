"""Processes of our own, and how we speak with them: msgpack over a socket pair, each message after its size.

Each has one end of its pair as its standard input, and none of our secrets.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from server.jobs import LARGEST_JOB_BYTES, SIZE_BYTES

KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH")
LARGEST_MESSAGE_BYTES = LARGEST_JOB_BYTES


class BadMessage(ValueError):
    """The other side is not what we started, or it is broken."""


async def start(
    module: str, *arguments: str, **environment: str
) -> tuple[asyncio.subprocess.Process, socket.socket]:
    """Start a module; return its process and our end of the pair. Raises OSError.

    It finds its code and nothing else of the server's environment, which holds settings and secrets.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", module, *arguments,
                stdin=theirs.fileno(), stdout=asyncio.subprocess.DEVNULL,
                env={**kept, **environment, "PYTHONPATH": str(Path(__file__).parents[1])},
                start_new_session=True,
            )  # fmt: skip
        except OSError:
            ours.close()
            raise
    return process, ours


async def end(process: asyncio.subprocess.Process, within_s: float) -> None:
    """Wait for a process that ends when its socket is closed; kill it when it does not."""
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


Incoming = TypeVar("Incoming")


class MessageChannel(Generic[Incoming]):
    """One end of a pair; `kind` is what comes in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: object) -> None:
        self._reader = reader
        self._writer = writer
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(kind)

    def tell(self, message: msgspec.Struct) -> None:
        """Send a message, or nothing when the other side is gone."""
        body = self._encoder.encode(message)
        if not self._writer.is_closing():
            self._writer.write(len(body).to_bytes(SIZE_BYTES, "big") + body)

    def tell_no_more(self) -> None:
        """Send what is left, and that it was the last; the other side may still talk."""
        if not self._writer.is_closing():
            self._writer.write_eof()

    def waiting_bytes(self) -> int:
        """Return how much the other side has not taken yet."""
        return self._writer.transport.get_write_buffer_size()

    async def read(self) -> Incoming:
        """Return the next message. Raises `EOFError`, OSError or `BadMessage`."""
        size = int.from_bytes(await self._reader.readexactly(SIZE_BYTES), "big")
        if size > LARGEST_MESSAGE_BYTES:
            raise BadMessage
        try:
            return self._decoder.decode(await self._reader.readexactly(size))
        except msgspec.DecodeError as error:
            raise BadMessage from error

    async def finish(self) -> None:
        """Send what is left, and hang up."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return

    def hang_up(self) -> None:
        """Hang up at once."""
        self._writer.transport.abort()
