"""A transport that keeps what was written, and can be slow, broken or closed."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class FakeTransport(asyncio.Transport):
    """Stands where a member's TCP connection would be."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.waiting = 0
        self.broken = False
        self.cut = asyncio.Event()
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self.broken:
            raise RuntimeError("unable to perform operation; the handler is closed")
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True
        self.cut.set()

    def messages(self) -> list[dict[str, Any]]:
        """Return all messages in all text frames that were written."""
        data, found = b"".join(self.written), list[dict[str, Any]]()
        while data:
            length, start = data[1] & 127, 2
            if length == 126:
                length, start = int.from_bytes(data[2:4]), 4
            elif length == 127:
                length, start = int.from_bytes(data[2:10]), 10
            if data[0] & 15 == 1:
                body = json.loads(data[start : start + length])
                found += body if isinstance(body, list) else [body]
            data = data[start + length :]
        return found
