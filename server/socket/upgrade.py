"""Take over the connection of an HTTP request after aiohttp's WebSocket handshake.

aiohttp would keep a request, its headers, two tasks and a parser for as long as the socket is open: 15 KB.
"""

from __future__ import annotations

import asyncio

from aiohttp import web


class Upgrade(web.WebSocketResponse):
    """The answer 101, after which aiohttp neither reads nor writes."""

    def _post_start(self, *_: object) -> None:
        """Leave what comes to who takes over."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send nothing: the connection goes on."""


def take_over(request: web.Request, protocol: asyncio.Protocol) -> bytes:
    """Let a protocol have the connection of a request that was upgraded; for aiohttp it has ended.

    Returns the bytes that came behind the request. Raises `ConnectionResetError`.
    """
    http, transport = request.protocol, request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the connection was lost")
    tail, http._message_tail = http._message_tail, b""  # noqa: SLF001 - no other way to what it has read
    http.transport = None  # else it closes what is not its own any more
    transport.set_protocol(protocol)
    http.connection_lost(None)
    transport.resume_reading()
    return tail
