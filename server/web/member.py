"""One socket in a room, as the fan-out sees it: written to, never waited for."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from server.room.events import Voice
from server.web.frames import COME_BACK, PING, closing, frame
from server.web.presence import ABSENT

# What may wait for one member in this process; the kernel's socket buffers come on top.
WRITE_LIMIT_BYTES = 256 * 1024
# A member that was told to go has this long to take its leave.
CLOSE_GRACE_S = 2.0

_PING = frame(b"", PING)


class Member:
    """A socket's transport, whose it is, and for how many sweeps it was silent."""

    __slots__ = ("address", "ended", "silent_sweeps", "sitting", "transport", "voice")

    def __init__(self, transport: asyncio.Transport, voice: Voice, address: str) -> None:
        self.transport = transport
        self.voice = voice
        self.address = address
        self.sitting = ABSENT
        self.ended = False
        self.silent_sweeps = 0

    @property
    def waiting_bytes(self) -> int:
        """Return how much was written and has not yet left this process."""
        return self.transport.get_write_buffer_size()

    def write(self, data: bytes) -> bool:
        """Write whole frames; False when the member is gone, or too slow and therefore told to go."""
        # A busy room calls this a million times a second: no property, no call that can be spared.
        transport = self.transport
        if self.ended or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > WRITE_LIMIT_BYTES:
            self.end(COME_BACK, "too slow")
            return False
        try:
            transport.write(data)
        except RuntimeError:  # uvloop: the transport was closed within this turn
            return False
        return True

    def ping(self) -> None:
        """Ask for a sign of life (RFC 6455 5.5.2)."""
        self.write(_PING)

    def end(self, code: int, reason: str = "") -> None:
        """Say goodbye and cut the connection after a grace; may be called again."""
        if self.ended:
            return
        self.ended = True
        if not self.transport.is_closing():
            with suppress(RuntimeError):
                self.transport.write(closing(code, reason))
        self.expire()

    def expire(self) -> None:
        """Cut the connection after a grace, whatever still waits to be sent."""
        asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self.transport.abort)
