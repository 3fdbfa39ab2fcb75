"""What the main process and a media worker tell each other, and how it is framed (msgpack)."""

from __future__ import annotations

import asyncio
from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from server.rtc.media import Counts, Role, TakeEnded
from server.rtc.settings import Settings

# An hour of Opus would not fit, a clip of 15 s is 60 KB.
LARGEST_MESSAGE_BYTES = 4 << 20
_SIZE_BYTES = 4

Now = Literal["connected", "loud", "quiet", "gone"]


class BadMessage(ValueError):
    """The other side is not what we started, or it is broken."""


# --- to the worker


class Open(Struct, frozen=True, tag=True):
    """Bind the port and serve; the first message, once."""

    host: str
    port: int
    public_ip: str
    settings: Settings


class Ask(Struct, frozen=True, tag=True):
    """Answer an offer."""

    number: int
    room: str
    role: Role
    offer: str
    address: str
    commanded: bool


class Begin(Struct, frozen=True, tag=True):
    """Begin a commanded take."""

    peer: str
    limit_ms: int


class Play(Struct, frozen=True, tag=True):
    """Play a clip at a moment of the monotonic clock, which all processes of a machine share."""

    room: str
    frames: list[bytes]
    at_s: float


class Halt(Struct, frozen=True, tag=True):
    """Stop what plays."""

    room: str


class Air(Struct, frozen=True, tag=True):
    """Let a room hear one packet of a take that is being spoken."""

    room: str
    take: str
    timestamp: int
    payload: bytes
    delay_ms: int


class Act(Struct, frozen=True, tag=True):
    """End a take, tell its sound while it is spoken, or close its peer."""

    peer: str
    what: Literal["end", "follow", "part"]


# The end of orders means: close every peer and end.
Order = Open | Ask | Begin | Act | Play | Halt | Air


# --- from the worker


class Opened(Struct, frozen=True, tag=True):
    """The port is bound."""

    address: str
    port: int


class Broken(Struct, frozen=True, tag=True):
    """The port cannot be bound, and why."""

    errno: int
    sentence: str


class Answered(Struct, frozen=True, tag=True):
    """An offer has its answer."""

    number: int
    peer: str
    answer: str


class Declined(Struct, frozen=True, tag=True):
    """An offer has none: it is bad, or nobody is let in now."""

    number: int
    busy: bool
    sentence: str


class Changed(Struct, frozen=True, tag=True):
    """A peer is connected, began or ceased to send sound, or is gone."""

    peer: str
    now: Now


class Sound(Struct, frozen=True, tag=True):
    """One packet of a take that is followed."""

    peer: str
    timestamp: int
    payload: bytes


# Counts are a sign of life, too.
Report = Opened | Broken | Answered | Declined | TakeEnded | Changed | Sound | Counts

Incoming = TypeVar("Incoming")


class Line(Generic[Incoming]):
    """One end of the pipe; `kind` is what comes in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: object) -> None:
        self._reader = reader
        self._writer = writer
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(kind)

    def tell(self, message: Struct) -> None:
        """Send a message, or nothing when the other side is gone."""
        body = self._encoder.encode(message)
        if not self._writer.is_closing():
            self._writer.write(len(body).to_bytes(_SIZE_BYTES, "big") + body)

    def tell_no_more(self) -> None:
        """Send what is left, and that it was the last; the other side may still talk."""
        if not self._writer.is_closing():
            self._writer.write_eof()

    def waiting_bytes(self) -> int:
        """Return how much the other side has not taken yet."""
        return self._writer.transport.get_write_buffer_size()

    async def read(self) -> Incoming:
        """Return the next message. Raises `EOFError`, OSError or `BadMessage`."""
        size = int.from_bytes(await self._reader.readexactly(_SIZE_BYTES), "big")
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
