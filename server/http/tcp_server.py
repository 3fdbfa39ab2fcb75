"""The listening TCP socket: header deadline, a cap on connections, TLS, an orderly end."""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import RequestHandler

from server.config import BadSetting, Config
from server.http.app_keys import SOCKETS_OPEN
from server.http.problems import Problem, body, problem_of, respond
from server.http.security import SERVER
from server.metrics.registry import REGISTRY
from server.room.commands import broken

# File descriptors kept free of connections: for storage, media, child processes and the log.
FILES_RESERVED = 96
BACKLOG = 1_024
# A proxy that reuses a connection which is just being closed answers 502, for a POST may not be sent twice.
# So ours stay open for longer than proxies keep theirs (`idle_timeout_ms`): Caddy 120 s, Traefik 90 s, nginx
# 60 s. When this share of all is open, new ones idle for the header deadline alone: others need their places.
CROWDED_SHARE = 0.5
# Whoever still sends when the answer is out is listened to for so long, that the answer may arrive.
LINGERING_S = 2.0
# Nothing is logged of who asked for what.
_SILENT = logging.getLogger("wonder.silent")
_SILENT.disabled = True
_FULL = Problem("busy", "Too many visitors at once. Try again soon.")


class Connection(RequestHandler):
    """One TCP connection: idle for long, but with a deadline for headers that have begun.

    What cannot be parsed is answered in our form, without its trace.
    """

    __slots__ = ("_body", "_header_deadline", "_header_timeout_s")

    def __init__(self, manager: web.Server, *, header_timeout_s: float, **more: Any) -> None:
        super().__init__(manager, **more)
        self._header_timeout_s = header_timeout_s
        self._header_deadline: asyncio.TimerHandle | None = None
        self._body: StreamReader = EMPTY_PAYLOAD

    def data_received(self, data: bytes) -> None:
        """Take what came; what is no whole request and of no body begins one, and the deadline runs."""
        before, in_body = self._request_count, not self._body.is_eof()
        super().data_received(data)
        whole = self._request_count != before
        if whole:
            self._let_headers_be()
            self._body = self._messages[-1][1] if self._messages else EMPTY_PAYLOAD
        if self._upgraded or self._header_deadline is not None:
            return
        # Half a request behind one with a body stays unseen: it costs no more than an idle connection.
        begun = self._body is EMPTY_PAYLOAD and not data.endswith(b"\n") if whole else not in_body
        if begun and data.strip():
            self._header_deadline = self._loop.call_later(self._header_timeout_s, self._headers_are_late)
            self._let_idleness_be()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the deadline."""
        self._let_headers_be()
        super().connection_lost(exc)

    def _headers_are_late(self) -> None:
        self._header_deadline = None
        if self._waiter and not self._waiter.done():
            self.force_close()
        else:  # the request before it is not answered yet
            self._header_deadline = self._loop.call_later(self._header_timeout_s, self._headers_are_late)

    def _let_headers_be(self) -> None:
        if self._header_deadline is not None:
            self._header_deadline.cancel()
            self._header_deadline = None

    def _let_idleness_be(self) -> None:
        if self._keepalive_handle is not None:
            self._keepalive_handle.cancel()
            self._keepalive_handle = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer an error that happened before or beyond the routes."""
        if status >= 500:
            self.log_exception("broken below the routes", exc_info=exc)
        unread = Problem("bad_request", "This is not HTTP that can be understood.")
        answer = respond(unread if status < 500 else problem_of(broken()))
        answer.headers.update({"X-Content-Type-Options": "nosniff", "Server": SERVER})
        answer.force_close()
        return answer


class OverCapacity(asyncio.Protocol):
    """A connection over the cap: told to come back, then closed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request, but not for long."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._patience = asyncio.get_running_loop().call_later(1, self._transport.abort)

    def data_received(self, _: bytes) -> None:
        """Answer 503 to whatever was asked."""
        if self._transport.is_closing():
            return
        said, told = body(_FULL), respond(_FULL)
        head = (
            "HTTP/1.1 503 Service Unavailable",
            f"Content-Type: {told.content_type}",
            f"Content-Length: {len(said)}",
            f"Retry-After: {told.headers['Retry-After']}",
            "Connection: close",
        )
        self._transport.write("\r\n".join((*head, "", "")).encode() + said)
        self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the deadline."""
        self._patience.cancel()


class Listening:
    """The server while it listens."""

    def __init__(self, runner: web.AppRunner, server: asyncio.Server, url: str, port: int) -> None:
        self._runner, self._server = runner, server
        self.url, self.port = url, port

    async def close(self) -> None:
        """Take no new connections, end those there are, clean the application up; may be called again."""
        self._server.close()
        await self._runner.cleanup()


async def listen(app: web.Application, config: Config, context: ssl.SSLContext | None = None) -> Listening:
    """Serve an application. Raises `BadSetting` when host or port cannot be had."""
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=5)
    await runner.setup()
    try:
        server = await _serve(runner, config, context)
    except BadSetting:
        await runner.cleanup()
        raise
    port = server.sockets[0].getsockname()[1]
    host = f"[{config.host}]" if ":" in config.host else config.host
    return Listening(runner, server, f"{'https' if context else 'http'}://{host}:{port}", port)


async def _serve(runner: web.AppRunner, config: Config, context: ssl.SSLContext | None) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    listener = _bound(config)
    deadline_s = config.header_timeout_ms / 1000
    return await loop.create_server(
        _factory(runner, config, loop),
        sock=listener,
        ssl=context,
        ssl_handshake_timeout=deadline_s if context else None,
        backlog=BACKLOG,
    )


def _factory(
    runner: web.AppRunner, config: Config, loop: asyncio.AbstractEventLoop
) -> Callable[[], asyncio.BaseProtocol]:
    manager = runner.server
    assert manager is not None
    cap = min(config.connections, _files() - FILES_RESERVED)

    def taken() -> int:
        """Return how many connections there are: sockets are aiohttp's no more."""
        return len(manager.connections) + runner.app[SOCKETS_OPEN]()

    runner.app[REGISTRY].watch("connections", "Open TCP connections.", taken)

    def connection() -> asyncio.BaseProtocol:
        if taken() >= cap:
            return OverCapacity()
        crowded = taken() >= cap * CROWDED_SHARE
        # No body is taken with an encoding, so none is unpacked: it might be a bomb.
        return Connection(
            manager,
            loop=loop,
            header_timeout_s=config.header_timeout_ms / 1000,
            keepalive_timeout=(config.header_timeout_ms if crowded else config.idle_timeout_ms) / 1000,
            lingering_time=LINGERING_S,
            access_log=_SILENT,
            auto_decompress=False,
        )

    return connection


def _files() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 1 << 20


def _bound(config: Config) -> socket.socket:
    try:
        found = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise BadSetting(f"--host {config.host}: there is no such address.") from None
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if config.host == "::":  # IPv4 too, whatever the system's default is
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise BadSetting(_why(config, error)) from None
    listener.setblocking(False)
    return listener


def _why(config: Config, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"--port {config.port}: another program uses this port; choose another one, or 0."
    if error.errno == errno.EACCES:
        return f"--port {config.port}: this port needs more rights; choose one above 1023."
    return f"--host {config.host}: this machine cannot serve on that address."
