"""Blobs in NATS keep the contract of all blobs, on a real server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.blobs import nats
from server.blobs.base import Away, Blob
from server.blobs.beside import LogBeside
from server.blobs.nats import STREAMS, NatsBlobs
from server.blobs.sums import sums
from server.log.base import Conflict, Damaged, StorageFull
from server.log.memory import MemoryLog
from server.nats.connection import Connection, NatsRefused, NatsSilent, connect
from tests.support.actors import until
from tests.support.blob_contract import SOUND, BlobContract, Opening, Storage
from tests.support.nats_server import NatsServer, holding, nats_cluster


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    made = NatsServer(tmp_path_factory.mktemp("nats"))
    try:
        asyncio.run(made.start())
        yield made
    finally:
        made.kill()


@pytest.fixture
async def connection(server: NatsServer) -> AsyncIterator[Connection]:
    """A connection to a server that has no blobs yet."""
    made = await connect(server.url, name="test")
    for name in (await made.js("STREAM.NAMES"))["streams"] or ():
        await made.js(f"STREAM.DELETE.{name}")
    yield made
    await made.close()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    made = await connect(url, name="test")
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def blobs(connection: Connection) -> NatsBlobs:
    return await NatsBlobs.open(connection)


def storage(connection: Connection, stream_bytes: int | None = None) -> Opening:
    log = MemoryLog()

    async def open_() -> Storage:
        blobs = await NatsBlobs.open(connection, stream_bytes=stream_bytes)
        return Storage(blobs, LogBeside(log, blobs), blobs.close)

    return open_


class TestNatsBlobs(BlobContract):
    @pytest.fixture
    def open(self, connection: Connection) -> Opening:
        return storage(connection)

    @pytest.fixture
    def open_small(self, connection: Connection) -> Opening:
        return storage(connection, 14_000)


async def laid(connection: Connection, id_: str, body: bytes, headers: dict[str, str]) -> None:
    """Store a message under a blob's subject, as somebody else would."""
    await connection.publish(nats._subject(id_), body, headers)


async def test_what_is_deleted_is_searched_for_and_not_found(blobs: NatsBlobs, server: NatsServer) -> None:
    mark = os.urandom(32)
    await blobs.put(Blob("other", "r", SOUND))
    await blobs.put(Blob("b", "r", SOUND + mark))

    assert holding(server, mark)
    await blobs.delete("r", ["b"])
    assert not holding(server, mark)
    assert await blobs.get("other") == Blob("other", "r", SOUND)


async def test_what_was_stored_outlives_a_kill(
    blobs: NatsBlobs, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blobs.put(Blob("b", "r", SOUND))
    server.kill()
    monkeypatch.setattr(nats, "REQUEST_S", 0.2)
    with pytest.raises(Away, match="NATS does not answer"):
        await blobs.get("b")
    await server.start()
    monkeypatch.undo()
    put = asyncio.create_task(blobs.put(Blob("c", "r", SOUND)))  # it waits until NATS is reached again
    await put
    assert [await blobs.get(id_) is not None for id_ in "bc"] == [True, True]


async def test_a_put_in_doubt_is_asked_for_again_and_done_once(
    blobs: NatsBlobs, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, tries = connection.publish, list[int]()

    async def deaf(*given: object, **more: object) -> int:
        tries.append(await publish(*given, **more) if not tries else 0)  # type: ignore[arg-type]
        if len(tries) == 1:
            raise NatsSilent("the answer was lost")
        return await publish(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(connection, "publish", deaf)
    await blobs.put(Blob("b", "r", SOUND))
    assert len(tries) == 2
    assert await blobs.get("b") == Blob("b", "r", SOUND)


async def test_a_put_under_way_elsewhere_is_waited_for(
    blobs: NatsBlobs, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, refusals = connection.publish, [10164, 10164]

    async def busy(*given: object, **more: object) -> int:
        if refusals:
            raise NatsRefused(refusals.pop(), "wrong last sequence")
        return await publish(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(connection, "publish", busy)
    await blobs.put(Blob("b", "r", SOUND))
    assert await blobs.get("b") == Blob("b", "r", SOUND)


async def test_of_fifty_that_want_an_id_one_gets_it(blobs: NatsBlobs) -> None:
    puts = [blobs.put(Blob("b", "r", bytes([i]))) for i in range(50)]
    results = await asyncio.gather(*puts, return_exceptions=True)
    assert sum(isinstance(result, Conflict) for result in results) == 49
    won = results.index(())
    assert await blobs.get("b") == Blob("b", "r", bytes([won]))


async def test_a_replica_that_lags_is_not_believed(
    blobs: NatsBlobs, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for blob in (Blob("b", "r", SOUND), Blob("c", "s", b"")):
        await blobs.put(blob)

    async def lagging(*_: object) -> None:
        return None

    monkeypatch.setattr(connection, "newest", lagging)
    assert await blobs.get("b") == Blob("b", "r", SOUND)
    assert await blobs.get("c") == Blob("c", "s", b"")
    assert await blobs.get("none") is None
    await blobs.delete("r", ["b"])
    assert await blobs.get("b") is None


async def test_what_others_lay_on_our_subjects_is_never_given(
    blobs: NatsBlobs, connection: Connection
) -> None:
    await laid(connection, "junk", b"?", {})
    await laid(connection, "others", SOUND, {"W-Room": "r", "W-Sum": sums("r", "mine", SOUND)})
    await laid(connection, "cut", SOUND[:-1], {"W-Room": "r", "W-Sum": sums("r", "cut", SOUND)})
    for id_ in ("junk", "others", "cut"):
        with pytest.raises(Damaged):
            await blobs.get(id_)
        with pytest.raises(Conflict):
            await blobs.put(Blob(id_, "r", SOUND + b"!"))
    with pytest.raises(Damaged):
        await blobs.delete("r", ["junk"])
    await blobs.delete("r", ["cut"])
    assert await blobs.get("cut") is None


async def test_many_are_listed_by_their_first_letter(
    blobs: NatsBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(f"{letter}{i}" for letter in "-0Zaz_" for i in range(3))
    for name in names:
        await blobs.put(Blob(name, "r", b""))
    monkeypatch.setattr(nats, "LISTED_WHOLE", 10)
    assert await blobs.ids() == names
    assert await blobs.ids("Z1", 4) == names[names.index("Z1") + 1 :][:4]


async def test_what_was_written_lately_is_found(blobs: NatsBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats, "PAGE", 2)
    names = [f"b{i:02}" for i in range(40)]
    for name in names:
        await blobs.put(Blob(name, "r", b""))
    hour_ms, now_ms = 3_600_000, round(time.time() * 1000)
    for since_ms, wanted in ((now_ms - hour_ms, names), (now_ms + hour_ms, [])):
        found, place, is_first = list[str](), "", True
        while is_first or place:
            page = await blobs.written(since_ms, place)
            found, place, is_first = found + list(page.ids), page.place, False
        assert sorted(found) == wanted


async def test_a_stream_that_cannot_keep_its_promise_is_told(
    blobs: NatsBlobs, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await blobs.check() == []
    assert await blobs.ids() == []
    info = await connection.js("STREAM.INFO.BLOBS_3")
    await connection.js("STREAM.DELETE.BLOBS_3")
    bad = {**info["config"], "storage": "memory", "max_age": 3_600_000_000_000}
    await connection.js("STREAM.CREATE.BLOBS_3", bad)
    monkeypatch.setattr(type(connection), "max_payload", 1_000_000)
    told = " ".join(await (await NatsBlobs.open(connection)).check())
    for sentence in ("kept in memory", "drop old messages", "max_payload"):
        assert sentence in told
    assert "servers" not in told
    alone = {"config": {**info["config"], "deny_delete": True}, "cluster": {"name": "c"}}
    assert "fewer than 3 servers" in " ".join(nats._doubts(alone))


async def test_a_stream_that_is_gone_is_told(blobs: NatsBlobs, connection: Connection) -> None:
    for number in range(STREAMS):
        await connection.js(f"STREAM.DELETE.BLOBS_{number}")
    for asked in (blobs.get("b"), blobs.ids(), blobs.written(0)):
        with pytest.raises(Away):
            await asked


async def test_a_silent_server_is_waited_for_only_so_long(
    blobs: NatsBlobs, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats, "CALL_S", 0.2)
    server.pause()
    try:
        for asked in (blobs.put(Blob("b", "r", SOUND)), blobs.get("b")):
            with pytest.raises(Away):
                await asked
    finally:
        server.resume()


async def test_what_is_badly_named_or_too_large_is_refused(blobs: NatsBlobs, connection: Connection) -> None:
    for name in ("", "a.b", "*", ">", "a b", "ä"):
        with pytest.raises(ValueError, match="cannot be called"):
            await blobs.put(Blob(name, "r", b""))
        assert await blobs.get(name) is None
    with pytest.raises(OSError, match="max_payload"):
        await blobs.put(Blob("b", "r", bytes(connection.max_payload + 1)))


async def test_a_full_stream_says_so(connection: Connection) -> None:
    blobs = await NatsBlobs.open(connection, stream_bytes=1_000)
    with pytest.raises(StorageFull):
        await blobs.put(Blob("b", "r", SOUND))


@pytest.mark.soak
async def test_in_a_cluster_a_clip_is_on_all_servers_and_its_deletion_too(tmp_path: Path) -> None:
    mark = os.urandom(32)

    def with_it() -> int:
        """Return how many servers have the clip in their streams; their raft logs are elsewhere."""
        return sum(any("BLOBS_" in path for path in holding(server, mark)) for server in servers)

    async with nats_cluster(tmp_path) as servers, connected(servers[0].url) as first:
        while True:  # the three need a moment to know each other
            with contextlib.suppress(Away):
                blobs = await NatsBlobs.open(first)
                break
            await asyncio.sleep(0.05)
        await blobs.put(Blob("b", "r", SOUND + mark))
        await until(lambda: with_it() == 3)
        async with connected(servers[1].url) as second:
            there = await NatsBlobs.open(second)
            assert await there.get("b") == Blob("b", "r", SOUND + mark)
            await there.delete("r", ["b"])
        await until(lambda: with_it() == 0)
        assert await blobs.get("b") is None
