"""A server whose events are in NATS: it starts, goes on after it ended, or says why it cannot."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from aiohttp import ClientSession

from server import app, doctor
from server.config import Config
from server.log.base import Unusable
from server.log.memory import MemoryLog
from server.log.sqlite import SqliteLog
from server.log_storage import DATABASE, open_log
from server.room.commands import Say
from tests.support.nats_server import NatsServer, nats_server
from tests.support.speech import say, silence, wav

KEY = "k" * 43
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "audio/wav"}
ROOM = "/api/rooms/wonder"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as server:
        yield server


def config(folder: Path, log: str, **settings: object) -> Config:
    given = {"port": 0, "udp_port": 0, "data": folder, "speech": "off", "house_rooms": "en", **settings}
    return Config(log=log, **given)  # type: ignore[arg-type]


def sound() -> bytes:
    return wav(None, np.concatenate([silence(0.3), say("a goat in a boat"), silence(0.3)]))


async def test_the_settings_name_the_log(tmp_path: Path) -> None:
    broken = asyncio.Event()
    log = await open_log(config(tmp_path, "memory"), broken)
    assert isinstance(log, MemoryLog)
    log = await open_log(config(tmp_path / "new", "sqlite"), broken)
    assert isinstance(log, SqliteLog)
    assert (tmp_path / "new" / DATABASE).exists()
    await log.close()


async def test_a_server_with_its_log_in_nats_goes_on_where_it_ended(
    tmp_path: Path, server: NatsServer
) -> None:
    made = config(tmp_path / "data", f"{server.url}?monitor={server.monitor}", strict="on")
    async with await app.start(made) as running, ClientSession(running.url, headers=HEADERS) as http:
        assert (await http.get("/readyz")).status == 200
        landed = await http.post(f"{ROOM}/clips", data=sound())
        assert landed.status == 201, await landed.text()
        clip = (await landed.json())["id"]
        heard = await (await http.get(f"/api/clips/{clip}.ogg")).read()
    assert not (tmp_path / "data" / DATABASE).exists()
    server.kill()
    await server.start()
    async with await app.start(made) as running, ClientSession(running.url, headers=HEADERS) as http:
        rooms = (await (await http.get("/api/rooms")).json())["rooms"]
        assert [(room["id"], room["clips"]) for room in rooms] == [("wonder", 1)]
        assert await (await http.get(f"/api/clips/{clip}.ogg")).read() == heard
        assert (await http.delete(f"/api/clips/{clip}")).status == 204
        assert (await http.get(f"/api/clips/{clip}.ogg")).status == 404
        events = (await (await http.get(f"{ROOM}/events?after=0")).json())["events"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events[-1]["kind"] == "clip.removed"


async def test_while_nats_is_away_visitors_are_told_to_come_again_and_what_was_sent_waits(
    tmp_path: Path, server: NatsServer
) -> None:
    made = config(tmp_path / "data", server.url)
    async with await app.start(made) as running, ClientSession(running.url) as http:
        room = await running.registry.wake("wonder")
        server.kill()
        async with http.get(f"{ROOM}/events?after=0") as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "storage_away")
            assert int(answer.headers["Retry-After"]) >= 1
        by = running.registry.voice("key", room)
        sent = asyncio.create_task(room.send(Say("meanwhile"), by=by, key="k"))
        await server.start()
        (said,) = await sent
        events = (await (await http.get(f"{ROOM}/events?after={said.seq - 1}")).json())["events"]
        assert [event["data"]["text"] for event in events] == ["meanwhile"]


async def test_what_cannot_be_promised_is_refused_if_strict(tmp_path: Path, server: NatsServer) -> None:
    with pytest.raises(Unusable, match="sync_interval"):
        await open_log(config(tmp_path, server.url, strict="on"), asyncio.Event())


async def test_the_doctor_says_what_cannot_be_promised(tmp_path: Path, server: NatsServer) -> None:
    async def found(log: str, **settings: object) -> tuple[str, str]:
        checks = await asyncio.to_thread(doctor.examine, config(tmp_path, log, **settings))
        (check,) = [check for check in checks if check.name == "Log"]
        return check.state, check.found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "_CHECKS", (doctor._log,))
        assert await found("sqlite") == ("fine", "sqlite")
        assert (await found(f"{server.url}?monitor={server.monitor}"))[0] == "fine"
        state, why = await found(server.url)
        assert state == "doubtful"
        assert "sync_interval" in why
        assert (await found(server.url, strict="on"))[0] == "broken"


async def test_a_log_in_nats_needs_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("server.log.nats", "server.log.jetstream"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith(("server.nats", "nats"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "nats", None)
    with pytest.raises(Unusable, match="make extras") as why:
        await open_log(config(tmp_path, "nats://us:hidden@127.0.0.1:4222"), asyncio.Event())
    assert "hidden" not in str(why.value)
