"""Nodes reach each other over a real server of NATS, which is killed, paused and full of strangers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.cluster.members import node_id
from server.cluster.messages import Failed, decode_answer
from server.cluster.nats_transport import NatsTransport
from server.cluster.transport import NoAnswer, Unreachable
from server.nats.connection import Connection, connect
from tests.support.actors import until
from tests.support.nats_server import NatsServer, nats_server

A, B = node_id("a", 1, 1), node_id("b", 1, 1)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


class End:
    """One node's connection and transport."""

    def __init__(self, connection: Connection, transport: NatsTransport) -> None:
        self.connection, self.transport = connection, transport
        self.returns = 0
        transport.on_reconnected = self._return

    def _return(self) -> None:
        self.returns += 1


@pytest.fixture
async def ends(server: NatsServer) -> AsyncIterator[list[End]]:
    made = []
    for name in "ab":
        connection = await connect(server.url, name=name)
        made.append(End(connection, await NatsTransport.open(connection)))
    yield made
    for end in made:
        await end.transport.close()
        await end.transport.close()
        await end.connection.close()


async def test_queries_are_answered_each_with_its_own(ends: list[End]) -> None:
    here, there = (end.transport for end in ends)
    order = list[bytes]()

    async def answer(body: bytes) -> bytes:
        order.append(body)
        if body == b"0":
            await asyncio.sleep(0.05)  # whoever is slow holds nobody up
        return b"to " + body

    await there.serve(B, answer)
    await _subscribed(here, there)
    asked = [b"%d" % number for number in range(50)]
    answers = await asyncio.gather(*(here.ask(B, body, timeout_s=10) for body in asked))
    assert answers == [b"to " + body for body in asked]
    assert order == asked, "they begin in their order"


async def test_nobody_there_is_told_at_once_and_silence_after_a_while(ends: list[End]) -> None:
    here, there = (end.transport for end in ends)
    never = asyncio.Event()

    async def answer(body: bytes) -> bytes:
        await never.wait()
        return body

    await there.serve(B, answer)
    await _subscribed(here, there)
    with pytest.raises(Unreachable):
        await here.ask(A, b"", timeout_s=30)
    with pytest.raises(NoAnswer):
        await here.ask(B, b"", timeout_s=0.1)
    never.set()


async def test_what_is_published_comes_in_order_until_it_is_not_wanted(ends: list[End]) -> None:
    here, there = (end.transport for end in ends)
    heard, others = list[bytes](), list[bytes]()
    stop = await there.subscribe("tail.0.room", heard.append)
    await there.subscribe("tail.0.other", others.append)
    await _subscribed(here, there)
    for number in range(500):
        here.publish("tail.0.room", b"%d" % number)
    await until(lambda: len(heard) == 500)
    assert heard == [b"%d" % number for number in range(500)]
    stop()
    stop()
    here.publish("tail.0.room", b"late")
    here.publish("tail.0.other", b"other")
    await until(lambda: others)
    assert len(heard) == 500


async def test_while_the_server_is_away_nothing_is_kept_and_then_all_is_well(
    server: NatsServer, ends: list[End]
) -> None:
    here, there = (end.transport for end in ends)
    heard = list[bytes]()
    await there.subscribe("tail.0.room", heard.append)
    await _subscribed(here, there)
    server.kill()
    await until(lambda: not any(end.connection.is_connected for end in ends))
    here.publish("tail.0.room", b"lost")
    with pytest.raises(Unreachable):
        await here.ask(B, b"", timeout_s=30)
    await server.start()
    await until(lambda: all(end.returns and end.connection.is_connected for end in ends))
    await _subscribed(here, there)
    here.publish("tail.0.room", b"heard")
    await until(lambda: heard)
    assert heard == [b"heard"]


async def test_what_is_too_long_is_dropped_and_said(
    ends: list[End], caplog: pytest.LogCaptureFixture
) -> None:
    here, there = (end.transport for end in ends)
    heard = list[bytes]()
    await there.subscribe("tail.0.room", heard.append)
    await _subscribed(here, there)
    here.publish("tail.0.room", b"x" * 5_000_000)
    here.publish("tail.0.room", b"short")
    await until(lambda: heard)
    assert heard == [b"short"]
    assert "cluster.too_large" in caplog.text


async def test_the_id_of_a_private_room_is_not_logged(
    ends: list[End], caplog: pytest.LogCaptureFixture
) -> None:
    here, _ = (end.transport for end in ends)
    here.publish("tail.0.secretofthisroom", b"x" * 5_000_000)
    await until(lambda: "cluster.too_large" in caplog.text)
    assert "secretofthisroom" not in caplog.text


async def test_queries_and_answers_that_are_too_long_fail_at_once(ends: list[End]) -> None:
    here, there = (end.transport for end in ends)

    async def answer(body: bytes) -> bytes:
        return b"x" * 5_000_000

    await there.serve(B, answer)
    await _subscribed(here, there)
    with pytest.raises(OSError, match="too large"):
        await here.ask(B, b"x" * 5_000_000, timeout_s=30)
    assert decode_answer(await here.ask(B, b"", timeout_s=30)) == Failed("broken")


async def _subscribed(here: NatsTransport, there: NatsTransport) -> None:
    """Wait until what `there` subscribed to is known to the server."""
    node = node_id("s", 1, len(there._ends))

    async def answer(body: bytes) -> bytes:
        return body

    await there.serve(node, answer)
    async with asyncio.timeout(30):
        while True:
            try:
                await here.ask(node, b"", timeout_s=1)
            except (Unreachable, NoAnswer):
                await asyncio.sleep(0.01)
            else:
                return
