"""What servers and streams cannot promise is said, and refused where that is wished."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.log.base import Unusable
from server.log.jetstream import setup
from server.log.jetstream.setup import UNKNOWN_SYNC, WANTED, set_up
from server.log.nats import NatsLog
from server.nats.connection import Connection, connect
from tests.support.nats_server import NatsServer, nats_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def connection(server: NatsServer) -> AsyncIterator[Connection]:
    connection = await connect(server.url, name="test")
    yield connection
    await connection.close()


async def test_a_good_server_promises_all_and_keeps_what_was_decided_first(
    server: NatsServer, connection: Connection
) -> None:
    first = await set_up(connection, monitors=[server.monitor], shards=2)
    again = await set_up(connection, monitors=[server.monitor], shards=5)
    assert first.weak == again.weak == ()
    assert first.meta == again.meta
    assert again.meta.shards == 2


async def test_without_its_monitoring_nobody_knows_when_it_writes(server: NatsServer) -> None:
    connection = await connect(server.url, name="test")
    assert (await set_up(connection, shards=1)).weak == (UNKNOWN_SYNC,)
    (silent,) = (await set_up(connection, monitors=["http://127.0.0.1:9"])).weak
    assert "http://127.0.0.1:9" in silent
    await connection.close()


async def test_a_server_that_writes_later_is_named_and_refused_if_strict(tmp_path: Path) -> None:
    async with nats_server(tmp_path, sync="10s") as server:
        log = await NatsLog.open(server.url, monitors=[server.monitor], shards=1)
        assert log.weak == (
            f"NATS at {server.monitor} answers before it wrote to the disk: set sync_interval: always.",
        )
        await log.close()
        with pytest.raises(Unusable, match="set sync_interval: always"):
            await NatsLog.open(server.url, monitors=[server.monitor], strict=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"max_age": 60_000_000_000}, "max_age 60000000000, and needs 0"),
        ({"discard": "old"}, "discard old, and needs new"),
        ({"allow_msg_ttl": True}, "allow_msg_ttl True, and needs False"),
        ({"storage": "memory"}, "storage memory, and needs file"),
    ],
)
async def test_a_stream_that_forgets_is_named(
    server: NatsServer, connection: Connection, change: dict[str, Any], sentence: str
) -> None:
    wrong = {**WANTED, "name": "FEED", "subjects": ["feed"], **change}
    await connection.js("STREAM.CREATE.FEED", wrong)
    (weak,) = (await set_up(connection, monitors=[server.monitor], shards=1)).weak
    assert weak == f"The stream FEED has {sentence}."


async def test_an_old_server_is_named(
    server: NatsServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "TESTED", (99, 0, 0))
    monkeypatch.setattr(setup, "LEAST_PAYLOAD", 10**9)
    old, small = (await set_up(connection, monitors=[server.monitor], shards=1)).weak
    assert "NATS 2.15.1 is older" in old
    assert "max_payload" in small


async def test_what_is_anothers_is_left_alone(server: NatsServer, connection: Connection) -> None:
    await connection.js("STREAM.CREATE.META", {**WANTED, "name": "META", "subjects": ["their.>"]})
    with pytest.raises(Unusable, match="META is another's"):
        await set_up(connection)


async def test_what_is_kept_for_good_must_be_readable(server: NatsServer, connection: Connection) -> None:
    await connection.js("STREAM.CREATE.META", {**WANTED, "name": "META", "subjects": ["meta"]})
    await connection.publish("meta", b"junk")
    with pytest.raises(Unusable, match="restore a backup"):
        await set_up(connection)


async def test_no_server_is_a_sentence_without_the_password(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        pass
    where = server.url.replace("nats://", "nats://us:secret@")
    with pytest.raises(Unusable, match="cannot be reached") as why:
        await NatsLog.open(where, within_s=0.3)
    assert "secret" not in str(why.value)


@pytest.mark.parametrize(
    ("extra", "within_s", "why"),
    [
        # A wrong password is tried again until the time is over.
        ("authorization { user: us, password: other }", 3.0, "[Aa]uthorization"),
        ("jetstream: false", 5.0, "JetStream is off"),
    ],
)
async def test_a_server_that_does_not_do_is_a_sentence(
    tmp_path: Path, extra: str, within_s: float, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "MAKE_S", 0.2)
    async with nats_server(tmp_path, extra=extra) as server:
        with pytest.raises(Unusable, match=why):
            await NatsLog.open(server.url.replace("nats://", "nats://us:secret@"), within_s=within_s)


async def test_a_stream_that_cannot_erase_is_refused(connection: Connection) -> None:
    wrong = {**WANTED, "name": "FEED", "subjects": ["feed"], "allow_atomic": False}
    await connection.js("STREAM.CREATE.FEED", wrong)
    with pytest.raises(Unusable, match="nothing could be erased"):
        await set_up(connection, shards=1)
