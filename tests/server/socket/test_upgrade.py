"""After the handshake nothing is left of HTTP, and no byte is lost."""

from __future__ import annotations

import asyncio
import gc

from aiohttp.web_protocol import RequestHandler

from tests.support.actors import until
from tests.support.chat import running_chat
from tests.support.web_app import running_site
from tests.support.ws_client import RawClient, masked


async def test_nothing_of_http_is_kept_for_an_open_socket_and_it_counts_as_a_connection() -> None:
    def handlers() -> int:
        gc.collect()
        return sum(isinstance(thing, RequestHandler) for thing in gc.get_objects())

    async with running_site() as site:
        before = handlers()
        clients = [RawClient("127.0.0.1", site.listening.port, "/api/rooms/wonder/ws") for _ in range(5)]
        for client in clients:
            await client.__aenter__()
        await until(lambda: handlers() == before)
        async with site.ask("GET", "/metrics") as answer:
            counted = await answer.text()
        assert "wonder_connections 6.0" in counted
        assert "wonder_sockets 5.0" in counted
        for client in clients:
            await client.__aexit__(None, None, None)


async def test_what_comes_in_one_packet_with_the_request_is_heard() -> None:
    async with running_chat() as chat:
        reader, writer = await asyncio.open_connection("127.0.0.1", chat.port)
        head = (
            f"GET {chat.path()} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        early = masked(b'{"type":"say","id":"1","text":"early"}')
        writer.write(head.encode() + early[:5])
        await asyncio.sleep(0)
        writer.write(early[5:])
        async with asyncio.timeout(10):
            await reader.readuntil(b'"text":"early"')
        writer.transport.abort()


async def test_a_handshake_that_is_none_is_refused_and_the_connection_stays_http() -> None:
    async with running_chat() as chat:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        for wrong in ({"Sec-WebSocket-Key": "short"}, {"Sec-WebSocket-Version": "12"}):
            async with chat.session.get(chat.url(), headers={**headers, **wrong}) as answer:
                assert answer.status == 400
        assert len(chat.sockets) == 0
        assert (await chat.room()).tail.readers == 0
