"""The connection to NATS, on a real server that is killed and paused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.nats.connection import Connection, NatsRefused, NatsSilent, TooLarge, connect
from tests.support.nats_server import NatsServer, nats_server

STREAM = {
    "name": "S",
    "subjects": ["s.>"],
    "storage": "file",
    "discard": "new",
    "allow_direct": True,
    "allow_atomic": True,
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def connection(server: NatsServer) -> AsyncIterator[Connection]:
    connection = await connect(server.url, name="test")
    await connection.js("STREAM.CREATE.S", STREAM)
    yield connection
    await connection.close()
    await connection.close()


async def test_stores_and_reads_messages(connection: Connection) -> None:
    assert [await connection.publish(f"s.{i}", b"%d" % i, {"A": "b"}) for i in range(3)] == [1, 2, 3]
    found = await connection.newest("S", "s.1")
    assert found is not None
    assert (found.seq, found.subject, found.body, found.headers["A"]) == (2, "s.1", b"1", "b")
    assert await connection.get("S", 2) == found
    assert await connection.get("S", 9) is await connection.newest("S", "s.none") is None
    many = await connection.batch("S", {"seq": 2, "batch": 5, "next_by_subj": "s.*"})
    assert [message.body for message in many] == [b"1", b"2"]
    assert many[0].stamp < many[1].stamp
    assert len(many[0].stamp) == len("2026-11-28T09:46:03.608954025")
    assert await connection.batch("S", {"seq": 9, "batch": 5, "next_by_subj": "s.*"}) == []


async def test_what_is_refused_says_why(connection: Connection) -> None:
    await connection.publish("s.a", b"1")
    with pytest.raises(NatsRefused) as refused:
        await connection.publish("s.a", b"2", {"Nats-Expected-Last-Subject-Sequence": "0"})
    assert refused.value.code == 10071
    with pytest.raises(NatsRefused):
        await connection.js("STREAM.INFO.NONE")
    with pytest.raises(NatsSilent):
        await connection.publish("nobody.listens", b"")
    with pytest.raises(NatsSilent):
        await connection.batch("NONE", {"seq": 1, "batch": 1})
    with pytest.raises(TooLarge):
        await connection.publish("s.a", bytes(connection.max_payload + 1))
    headers = {"W-Record": "x" * 1_000}
    taken = 12 + len("W-Record") + 1_000 + 4
    with pytest.raises(TooLarge):
        await connection.publish("s.a", bytes(connection.max_payload - taken + 1), headers)
    assert await connection.publish("s.a", bytes(connection.max_payload - taken), headers) == 2


async def test_messages_are_stored_together_or_none(connection: Connection) -> None:
    head: list[Any] = [("s.a", b"1", {"Nats-Expected-Last-Subject-Sequence": "0"})]
    rest: list[Any] = [("s.b", b"2", {}), ("s.c", b"3", {})]
    assert await connection.publish_together(head + rest) == 3
    with pytest.raises(NatsRefused):
        await connection.publish_together(head + rest)
    found = await connection.batch("S", {"seq": 1, "batch": 9, "next_by_subj": "s.*"})
    assert [message.body for message in found] == [b"1", b"2", b"3"]
    await connection.erase("S", 2)
    await connection.erase("S", 2)
    assert await connection.get("S", 2) is None


async def test_no_server_is_said_at_once(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        gone = server.url
    with pytest.raises(OSError, match="no NATS server answers"):
        async with asyncio.timeout(30):
            await connect(gone, name="test", within_s=0.5)


async def test_nothing_is_kept_for_a_server_that_is_away(server: NatsServer, connection: Connection) -> None:
    returned = asyncio.Event()
    connection.on_return(returned.set)
    server.kill()
    with pytest.raises(NatsSilent):
        await connection.publish("s.a", b"lost", timeout_s=0.2)
    while connection.is_connected:
        await asyncio.sleep(0.01)
    with pytest.raises(NatsSilent):
        await connection.publish("s.a", b"lost")
    await server.start()
    await returned.wait()
    assert await connection.publish("s.a", b"kept") == 1


async def test_who_waits_is_told_of_the_end(server: NatsServer, connection: Connection) -> None:
    server.pause()
    asked = asyncio.create_task(connection.batch("S", {"seq": 1, "batch": 1}))
    await asyncio.sleep(0)
    await connection.close()
    with pytest.raises(NatsSilent):
        await asked
