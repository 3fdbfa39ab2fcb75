"""The tail of a room that another node owns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from server.rooms.tail import Tail, View, signal_body


class RemoteTail(Tail):
    """A tail whose signals go by way of the owner, so that all nodes show them in one order."""

    __slots__ = ("_send",)

    def __init__(self, view: View, send: Callable[[str | None, bytes], None]) -> None:
        super().__init__(view)
        self._send = send

    def signal(self, kind: str, data: Struct | dict[str, Any], *, to: str | None = None) -> None:
        """Send a signal to one voice or to all, wherever they are."""
        self.relay(to, signal_body(kind, data))

    def relay(self, to: str | None, body: bytes) -> None:
        """Send a signal that is encoded already."""
        self._send(to, body)
