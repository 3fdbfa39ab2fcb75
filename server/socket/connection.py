"""One socket in a room, as the fan-out sees it: written to, never waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from server.room.events import Voice
from server.rooms.presence import PRESENT, PresenceState
from server.socket.frames import COME_BACK, PING, closing, frame

# What may wait for one connection in this process; the kernel's socket buffers come on top.
WRITE_LIMIT_BYTES = 256 * 1024
# A connection that was told to go has this long to take its leave.
CLOSE_GRACE_S = 2.0

_PING = frame(b"", PING)


class Connection:
    """A socket's transport, whose it is, and for how many sweeps it was silent.

    With `is_screen` many look at it and nobody speaks by it: it gets all, and counts as nobody.
    With `is_away` it owes a sign of life: it gets all, and its voice is not here by it until it gives one.
    `network` is the room's tag for where it comes from, empty where none is known.
    """

    __slots__ = (
        "address", "ended", "ending", "is_away", "is_screen", "network", "presence", "put",
        "silent_sweeps", "transport", "voice",
    )  # fmt: skip

    def __init__(
        self,
        transport: asyncio.Transport,
        voice: Voice,
        address: str,
        *,
        is_screen: bool = False,
        network: str = "",
    ) -> None:
        self.transport = transport
        # The write of a fan-out, a million times a second in a busy room: straight into the transport. Raises
        # `RuntimeError` when that is closed or the connection has ended. Whoever puts also asks `is_slow`.
        self.put: Callable[[bytes], None] = transport.write
        # Called when `put` changes, for a fan-out keeps it.
        self.ending: Callable[[Connection], None] = _nothing
        self.voice = voice
        self.address = address
        self.is_screen = is_screen
        self.network = network
        self.presence: PresenceState = PRESENT
        self.ended = False
        self.is_away = False
        self.silent_sweeps = 0

    @property
    def waiting_bytes(self) -> int:
        """Return how much was written and has not yet left this process."""
        return self.transport.get_write_buffer_size()

    def write(self, data: bytes) -> bool:
        """Write whole frames; False when the connection is gone, or too slow and therefore told to go."""
        if self.ended or self.transport.is_closing() or self.is_slow():
            return False
        try:
            self.put(data)
        except RuntimeError:  # uvloop: the transport was closed within this turn
            return False
        return True

    def is_slow(self) -> bool:
        """Tell whether more waits than may, and if so tell the connection to come back."""
        if self.waiting_bytes <= WRITE_LIMIT_BYTES:
            return False
        self.end(COME_BACK, "too slow")
        return True

    def ping(self) -> None:
        """Ask for a sign of life (RFC 6455 5.5.2)."""
        self.write(_PING)

    def end(self, code: int, reason: str = "") -> None:
        """Say goodbye and cut the connection after a grace; may be called again."""
        if self.ended:
            return
        self.ended, self.put = True, _refuse
        self.ending(self)
        if not self.transport.is_closing():
            with suppress(RuntimeError):
                self.transport.write(closing(code, reason))
        self.expire()

    def expire(self) -> None:
        """Cut the connection after a grace, whatever still waits to be sent."""
        asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self.transport.abort)


def _nothing(_: Connection) -> None:
    """Do nothing: no fan-out has the connection."""


def _refuse(_: bytes) -> NoReturn:
    """Stand for the write of a connection that has ended."""
    raise RuntimeError("the connection has ended")
