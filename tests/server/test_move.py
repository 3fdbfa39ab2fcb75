"""`wonder move` from SQLite to a real NATS server and back, killed in between, and each of its sentences."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from click.testing import CliRunner

from server import move
from server.blobs.sqlite import SqliteBlobs
from server.cli import wonder
from server.config import BadSetting, Config
from server.log.base import Conflict, StorageFull, Unusable
from server.log.nats import NatsLog
from server.log.sqlite import SqliteLog
from server.move import Place
from server.moving import moving
from server.nats.connection import connect
from tests.support.houses import fill, quiet, read_readers, unread, whole
from tests.support.nats_server import NatsServer, nats_server

TALK = 150  # lines in each of the six rooms: several pages of the feed


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    # What is killed here is the mover and not the server: it need not wait for the disk.
    async with nats_server(tmp_path / "nats", sync="10s") as server:
        yield server


async def full(folder: Path, talk: int = 0) -> dict[str, Any]:
    """Make a data folder with a full house; return all that is in it."""
    log = await SqliteLog.open(folder / "wonder.db")
    await fill(log, talk=talk)
    await read_readers(log)
    try:
        return await read(log)
    finally:
        await log.close()


async def read(log: SqliteLog) -> dict[str, Any]:
    readers = {reader: await unread(log, reader) for reader in ("early", "middle", "late")}
    return await whole(log, SqliteBlobs(log)) | {"readers": readers}


async def stored(folder: Path) -> dict[str, Any]:
    log = await SqliteLog.open(folder / "wonder.db")
    try:
        return await read(log)
    finally:
        await log.close()


def sqlite(option: str, folder: Path) -> Place:
    return Place(option, f"sqlite:{folder}", "log")


async def killed_at_its_first_append(server: NatsServer, folder: Path) -> None:
    """Begin a move in a process of its own, and kill that when the server was asked to store an event."""
    heard = asyncio.Event()

    async def hear(_message: object) -> None:
        heard.set()

    connection = await connect(server.url, name="test")
    await connection.subscribe("rooms.>", hear)
    command = ["-m", "server", "move", "--from", f"sqlite:{folder}", "--to", server.url]
    process = await asyncio.create_subprocess_exec(sys.executable, *command)
    ended = asyncio.ensure_future(process.wait())
    appended = asyncio.ensure_future(heard.wait())
    await asyncio.wait([ended, appended], return_when=asyncio.FIRST_COMPLETED)
    assert appended.done(), "it ended without storing anything"
    if not ended.done():
        process.send_signal(signal.SIGKILL)
    await ended
    await connection.close()


async def test_to_nats_killed_twice_and_back_is_the_same(server: NatsServer, tmp_path: Path) -> None:
    before = await full(tmp_path / "old", TALK)
    there, old = Place("--to", server.url, "log"), sqlite("--from", tmp_path / "old")
    await killed_at_its_first_append(server, tmp_path / "old")
    await killed_at_its_first_append(server, tmp_path / "old")
    told = await move.move(Config(), old, there, quiet)
    assert told.startswith(f"The same at sqlite:{tmp_path}/old and {server.url}: 7 room(s), ")
    back = await move.move(Config(), there, sqlite("--to", tmp_path / "new"), quiet)
    assert await stored(tmp_path / "new") == before
    assert told.rsplit("(")[-1] == back.rsplit("(")[-1]
    assert await move.check(Config(), old, there, quiet) == told


async def test_from_folder_to_folder_a_damaged_clip_is_named_and_the_rest_comes(tmp_path: Path) -> None:
    await full(tmp_path / "old")
    connection = apsw.Connection(str(tmp_path / "old" / "wonder.db"))
    ((clip, room, place),) = connection.execute(
        "SELECT blob_index.id, room.id, blob FROM blob_index JOIN room ON number = room LIMIT 1"
    )
    connection.execute("UPDATE blob SET body = zeroblob(length(body)) WHERE number = ?", (place,))
    connection.close()
    given = Config(), sqlite("--from", tmp_path / "old"), sqlite("--to", tmp_path / "new")
    told = await move.move(*given, quiet)
    assert f"Clip {clip} of room {room} is damaged, and was left out." in told
    assert "7 room(s)" in told
    with pytest.raises(Unusable, match="holds these rooms already"):
        await move.move(*given, quiet)


async def test_a_server_that_runs_keeps_its_rooms(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "old" / "wonder.db")
    with pytest.raises(Unusable, match="is in use by another server: stop that one"):
        await move.move(Config(), sqlite("--from", tmp_path / "old"), sqlite("--to", tmp_path / "new"), quiet)
    await log.close()


async def test_a_server_that_runs_on_nats_keeps_its_rooms(
    server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "ALONE_WITHIN_S", 0.4)
    log = await NatsLog.open(server.url, claims="implied")
    await full(tmp_path / "old")
    ends = sqlite("--from", tmp_path / "old"), Place("--to", server.url, "log")
    async with asyncio.timeout(10):
        while not await shared(server):
            await asyncio.sleep(0.02)
    with pytest.raises(Unusable, match=f"A server runs on {server.url}, or another move: stop that one"):
        await move.move(Config(), *ends, quiet)
    await log.close()


async def shared(server: NatsServer) -> bool:
    other = await NatsLog.open(server.url, claims="implied")
    try:
        return await other.is_shared()
    finally:
        await other.close()


async def test_what_differs_is_said_by_the_check(tmp_path: Path) -> None:
    await full(tmp_path / "old")
    await full(tmp_path / "new")
    ends = sqlite("--from", tmp_path / "old"), sqlite("--to", tmp_path / "new")
    with pytest.raises(Unusable, match=r"different secrets(.|\n)*are not the same"):
        await move.check(Config(), *ends, quiet)


@pytest.mark.parametrize(
    ("from_", "to", "blobs", "sentence"),
    [
        ("sqlite:old", "sqlite:old", "log", "--from and --to are the same: sqlite:old"),
        ("sqlite:nowhere", "sqlite:new", "log", "--from sqlite:nowhere: there is no wonder.db"),
        ("sqlite:", "sqlite:new", "log", "name the folder"),
        ("redis://x:1", "sqlite:new", "log", "must be sqlite:FOLDER or nats://HOST:PORT"),
        ("sqlite:old", "nats://nowhere", "log", "must look like nats://HOST:PORT"),
        ("sqlite:old", "sqlite:new", "nats", "needs --log nats://HOST:PORT"),
    ],
)
async def test_wrong_ends_are_said(
    from_: str, to: str, blobs: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await (await SqliteLog.open(tmp_path / "old" / "wonder.db")).close()
    ends = Place("--from", from_, "log"), Place("--to", to, blobs)
    with pytest.raises((BadSetting, Unusable), match=sentence):
        await move.move(Config(), *ends, quiet)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Conflict("expected 1"), "Somebody else writes to the target"),
        (StorageFull("full"), "The target is full: make room there"),
        (OSError("no answer"), "no answer. Say the same again to go on."),
        (TimeoutError(), "TimeoutError. Say the same again to go on."),
    ],
)
def test_what_goes_wrong_on_the_way_is_said(error: Exception, sentence: str) -> None:
    assert sentence in str(move._sentence(error))


def test_a_place_is_named_without_its_password() -> None:
    place = Place("--to", "nats://me:secret@a:1,me:secret@b:2?monitor=http://a:8222", "log")
    assert place.name == "nats://a:1,b:2"
    assert place.clips == place.name
    assert Place("--to", "nats://a:1", "s3://bucket").clips == "s3://bucket"


def test_the_command_shows_how_far_it_is_and_what_is_the_same(tmp_path: Path) -> None:
    asyncio.run(full(tmp_path / "old"))
    ends = ["--from", f"sqlite:{tmp_path}/old", "--to", f"sqlite:{tmp_path}/new"]
    moved = CliRunner().invoke(wonder, ["move", *ends])
    assert moved.exit_code == 0, moved.output
    assert "moving" in moved.stderr
    assert "comparing" in moved.stderr
    checked = CliRunner().invoke(wonder, ["move", "--check", *ends])
    assert checked.stdout == moved.stdout != ""
