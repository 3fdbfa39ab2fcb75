"""Clients of a room's socket: one that speaks the protocol, and one that sends any bytes it likes."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

Message = dict[str, Any]
# How long a test waits for what must come. Nothing here waits this long when all is well.
PATIENCE_S = 10.0


class Client:
    """A visitor's page, without the page: takes messages apart and waits for the ones it wants."""

    def __init__(self, ws: ClientWebSocketResponse) -> None:
        self.ws = ws
        self.messages: list[Message] = []
        self.frames: list[list[Message]] = []
        self.welcome: Message = {}
        self._read = 0
        self._ids = 0

    async def next(self) -> Message:
        """Return the next message. Raises `EOFError` when the socket has ended."""
        while self._read >= len(self.messages):
            await self._frame()
        self._read += 1
        return self.messages[self._read - 1]

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        """Return the next message that is wanted, and skip what comes before it."""
        async with asyncio.timeout(PATIENCE_S):
            while not wanted(message := await self.next()):
                pass
            return message

    async def event(self, kind: str | None = None) -> Message:
        """Return the next event, or the next of a kind."""
        return await self.until(lambda m: m["type"] == "event" and kind in (None, m["kind"]))

    async def signal(self, kind: str) -> Message:
        """Return what the next signal of a kind says."""
        data: Message = (await self.until(lambda m: m["type"] == "signal" and m["kind"] == kind))["data"]
        return data

    async def send(self, type_: str, *, id: str | None = None, **fields: Any) -> str:
        """Send a message and return its id."""
        self._ids += 1
        id_ = id if id is not None else f"m{self._ids}"
        await self.ws.send_str(json.dumps({"type": type_, "id": id_, **fields}))
        return id_

    async def answer(self, id_: str) -> Message:
        """Return the ack or refusal of a message, which may have come already."""
        async with asyncio.timeout(PATIENCE_S):
            seen = 0
            while True:
                for message in self.messages[seen:]:
                    if message["type"] in ("ack", "refused") and message["id"] == id_:
                        return message
                seen = len(self.messages)
                await self._frame()

    async def ask(self, type_: str, *, id: str | None = None, **fields: Any) -> Message:
        """Send a message and return its answer."""
        return await self.answer(await self.send(type_, id=id, **fields))

    async def until_refused(self, type_: str, **fields: Any) -> Message:
        """Send a message again and again until it is refused."""
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await self.ask(type_, **fields))["type"] != "refused":
                pass
            return answer

    async def said(self, text: str) -> int:
        """Say a text and return its seq."""
        answer = await self.ask("say", text=text)
        assert answer["type"] == "ack", answer
        return int(answer["seq"])

    async def closed(self) -> int | None:
        """Read to the end and return the close code."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self._frame()
            except EOFError:
                return self.ws.close_code

    def events(self) -> list[Message]:
        """Return all events that came so far."""
        return [message for message in self.messages if message["type"] == "event"]

    async def _frame(self) -> None:
        message = await asyncio.wait_for(self.ws.receive(), PATIENCE_S)
        if message.type is not WSMsgType.TEXT:
            raise EOFError(f"the socket ended: {message.type.name} {self.ws.close_code}")
        body = json.loads(message.data)
        messages = body if isinstance(body, list) else [body]
        self.frames.append(messages)
        self.messages += messages


@asynccontextmanager
async def joined(
    session: ClientSession,
    url: str,
    *,
    after: int | None = None,
    at_ms: int | None = None,
    key: str | None = None,
    headers: dict[str, str] | None = None,
    screen: bool = False,
) -> AsyncIterator[Client]:
    """Open a socket to a room (`url` without its query) and wait for the welcome."""
    asked = {"after": after, "at_ms": at_ms if after is not None else None, "screen": 1 if screen else None}
    query = "?" + "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
    bearer = {"Authorization": f"Bearer {key or new_key()}"}
    async with session.ws_connect(url + query, headers={**bearer, **(headers or {})}, max_msg_size=0) as ws:
        client = Client(ws)
        client.welcome = await client.next()
        assert client.welcome["type"] == "welcome"
        yield client


def new_key() -> str:
    """Return a key as a client makes one up."""
    return secrets.token_urlsafe(24)


def masked(payload: bytes, opcode: int = 1, *, first: int | None = None) -> bytes:
    """Return a client's frame (RFC 6455 5.3); `first` replaces its whole first byte."""
    head = bytes([0x80 | opcode if first is None else first])
    length = len(payload)
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 1 << 16:
        head += bytes([0x80 | 126]) + struct.pack("!H", length)
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", length)
    mask = os.urandom(4)
    repeated = mask * (length // 4 + 1)
    hidden = int.from_bytes(payload) ^ int.from_bytes(repeated[:length])
    return head + mask + hidden.to_bytes(length)


class RawClient:
    """A stranger on a TCP connection, upgraded by hand, that need not read and may send anything."""

    def __init__(self, host: str, port: int, path: str, headers: dict[str, str] | None = None) -> None:
        self.host, self.port, self.path = host, port, path
        self.headers = headers or {}
        self.status = 0

    async def __aenter__(self) -> Self:
        # A small window, so that who does not read is soon felt by the sender.
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (self.host, self.port))
        self.reader, self.writer = await asyncio.open_connection(sock=sock, limit=4096)
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        self.status = int(head.split(b" ", 2)[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()

    async def send(self, data: bytes) -> None:
        """Send bytes as they are; a connection that was cut meanwhile is no error."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            pass

    async def close_code(self) -> int | None:
        """Read frames to the end; return the code of the first close frame, None for a mere cut."""
        code = None
        async with asyncio.timeout(PATIENCE_S):
            while (frame := await self._frame()) is not None:
                opcode, payload = frame
                if opcode == 8 and code is None:
                    code = int.from_bytes(payload[:2])
                    await self.send(masked(payload, 8))
        return code

    async def _frame(self) -> tuple[int, bytes] | None:
        try:
            first, second = await self.reader.readexactly(2)
            length = second & 127
            if length >= 126:
                length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8))
            return first & 15, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
