"""What is erased in NATS: no byte of it stays, whoever dies meanwhile, and nobody reads it until then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.log.base import Entry, Snapshot
from server.log.jetstream import eraser
from server.log.nats import NatsLog
from server.nats.codes import NO_LEADER
from server.nats.connection import NatsRefused, NatsSilent
from server.room.events import Erased
from tests.support.feed_contract import all_changes
from tests.support.log_contract import opened, said, texts
from tests.support.nats_nodes import Node, nodes_of, patched
from tests.support.nats_server import NatsServer, holding, nats_server

SECRET = "words nobody may find"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def node(server: NatsServer) -> AsyncIterator[Node]:
    async with nodes_of(server) as open_:
        yield open_


def on_disk(server: NatsServer, words: str) -> int:
    """Count how often words are in the files of a server."""
    return holding(server, words.encode()).total()


async def test_no_byte_of_what_was_erased_is_left_in_the_files(server: NatsServer, node: Node) -> None:
    log = await node("a", claims="implied")
    await log.append("r", [said("a"), said(SECRET), said("b")], key="k")
    await log.keep_snapshot("r", Snapshot(3, b"v", f"of {SECRET}".encode(), {"p": b"P"}))
    await log.append("s", [opened(SECRET)])
    await log.append("s", [said(SECRET)])
    assert on_disk(server, SECRET) == 4
    await log.extend("r", [Entry([said("gone")], erases=[2])], expect=3)
    assert on_disk(server, SECRET) == 2
    assert texts(await log.append("r", [said("again")], key="k")) == ["a", "", "b"]
    await log.erase("r", [1])
    assert texts(await log.read("r")) == ["", "", "b", "gone"]
    await log.erase("s")
    assert on_disk(server, SECRET) == 0
    server.kill()
    await server.start()
    assert on_disk(server, SECRET) == 0
    assert texts(await log.append("r", [said("after")], expect=4)) == ["after"]


async def test_what_was_erased_is_unreadable_before_its_bytes_are_gone(
    server: NatsServer, node: Node
) -> None:
    async def silent(*_: Any, **__: Any) -> None:
        raise NatsSilent("it died")

    with patched(eraser, AGAIN_S=3_600.0):
        log = await node("a", claims="implied")
        await log.append("r", [said("a"), said(SECRET)])
        await log.append("r", [said("b")])
        await log.keep_snapshot("r", Snapshot(3, b"v", SECRET.encode()))
        with patched(log.connection, erase=silent), patched(log._snapshots, drop_words=silent):
            await log.extend("r", [Entry([said("c")], erases=[2])], expect=3)
        other = await node("b", claims="implied")
        for each in (log, other):
            assert texts(await each.read("r")) == ["a", "", "b", "c"]
            assert isinstance((await each.changes())[1].event.data, Erased)
            assert await each.snapshot("r") is None
        assert on_disk(server, SECRET) == 2
    await log.append("r", [said("d")], expect=4)
    assert await other.snapshot("r") is None
    await log.close()
    with patched(other._eraser, _due={"r": 0.0}):
        while on_disk(server, SECRET):
            await asyncio.sleep(0.05)
    assert texts(await other.read("r")) == ["a", "", "b", "c", "d"]


async def test_nothing_is_erased_before_it_is_named(server: NatsServer, node: Node) -> None:
    async def lagging(_: int) -> list[Any]:
        return []

    async def refused(*_: Any) -> None:
        raise NatsRefused(NO_LEADER, "no leader")

    log = await node("a", claims="implied")
    await log.append("r", [said(SECRET), said("b")])
    with patched(eraser, AGAIN_S=3_600.0):
        with patched(log._order, _page=lagging):
            await log.erase("r", [1])
        assert texts([change.event for change in await all_changes(log)]) == ["", "b"]
        with patched(log._eraser, _due={}):
            with patched(log._snapshots, tidy=refused):
                await log._eraser.again("r")
            assert list(log._eraser._due) == ["r"]
    assert on_disk(server, SECRET) == 1
    await log._eraser.again("r")
    assert on_disk(server, SECRET) == 0
    assert texts([change.event for change in await all_changes(log)]) == ["", "b"]


async def test_an_owner_hears_what_another_erased(node: Node) -> None:
    async def silent(*_: Any, **__: Any) -> None:
        raise NatsSilent("it died")

    one, two = await node("one"), await node("two")
    await one.append("r", [opened("R"), said(SECRET)], expect=0)
    assert texts([change.event for change in await one.changes(0, 2)]) == ["", SECRET]
    with patched(eraser, AGAIN_S=3_600.0), patched(two.connection, erase=silent):
        await two.erase("r", [2])
        while "r" not in one._eraser._due:
            await asyncio.sleep(0.01)
    assert isinstance((await one.changes(0, 2))[1].event.data, Erased)


async def test_a_start_looks_only_at_what_was_erased_since(node: Node) -> None:
    async def silent(*_: Any, **__: Any) -> None:
        raise NatsSilent("it died")

    with patched(eraser, AGAIN_S=3_600.0):
        log = await node("a", claims="implied")
        for room in ("r", "s", "t"):
            await log.append(room, [said("a"), said("b")])
        await log.erase("r", [1])
        await log.erase("s")
        while log._eraser._open.keys() != {"r", "s"}:
            await asyncio.sleep(0.01)
        for room in ("r", "s"):
            await log._eraser.again(room)
        assert log._eraser._open == {}
        await log.close()
        log = await started(node, "b")
        assert log._eraser._due == {}
        with patched(log.connection, erase=silent):
            await log.erase("t", [1])
        await log.close()
        assert list((await started(node, "c"))._eraser._due) == ["t"]


async def started(node: Node, name: str) -> NatsLog:
    """Return the log of a node that heard of every room."""
    log: NatsLog = await node(name, claims="implied")
    for following in log._following:
        await following.filled.wait()
    return log
