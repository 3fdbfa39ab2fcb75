from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

import pytest
from aiohttp import ClientSession
from prometheus_client import generate_latest

from server import app, cli
from server.blobs.base import Blob
from server.config import BadSetting, Config
from server.engines import espeak, models
from server.log.base import Damaged, Unusable
from server.log.sqlite import SqliteLog
from server.readers import push, radio
from server.room.commands import Land, Say
from server.room.events import ClipLanded, Draft, RoomOpened, Voice
from server.room.kinds import DAY_MS
from server.takes.finisher import Finisher
from tests.support import model_files
from tests.support.actors import local, until
from tests.support.push_service import push_server


def config(folder: Path, **settings: object) -> Config:
    return Config(**{"port": 0, "udp_port": 0, "data": folder / "data", "speech": "off", **settings})  # type: ignore[arg-type]


async def test_a_fresh_install_has_the_rooms_of_the_house_and_a_second_start_makes_no_others(
    tmp_path: Path,
) -> None:
    for languages, expected in (
        ("en", {"wonder"}),
        ("de,en", {"wonder", "wunder"}),
        ("", {"wonder", "wunder"}),
    ):
        made = config(tmp_path, house_rooms=languages)
        async with await app.start(made) as running, ClientSession(running.url) as http:
            rooms = (await (await http.get("/api/rooms")).json())["rooms"]
            assert {room["id"] for room in rooms if room["house"]} == expected
            assert len(rooms) == len(expected)
            assert (await http.get("/readyz")).status == 200


async def test_without_a_model_it_starts_without_captions_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = config(tmp_path, captions="base")
    async with await app.start(made) as running, ClientSession(running.url) as http:
        assert running.services.transcriber is None
        assert not running.registry.shared.captions
        told = (await (await http.get("/readyz")).json())["captions_off"]
    assert told == models.LACKING["en"]
    (line,) = [record.getMessage() for record in caplog.records if "captions" in record.getMessage()]
    assert "wonder captions download base" in line
    assert str(tmp_path) not in told


@pytest.mark.parametrize("there", [True, False])
async def test_rooms_are_spoken_to_where_something_speaks(
    there: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "source", lambda: "a voice" if there else "")
    caplog.set_level("INFO")
    async with await app.start(config(tmp_path, speech="auto")) as running:
        assert running.services.utterances.is_on is there
        assert (running.registry.shared.spoken_ms is not None) is there
    assert ("rooms are not spoken to" in caplog.text) is not there


def test_without_its_library_there_is_no_bot_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in [name for name in sys.modules if name.startswith("server.telegram")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiogram", None)
    made = config(tmp_path, telegram_token="42:secret-of-the-bot")
    assert app.telegram_bot(made, cast(app.Services, None)) is None
    assert "make extras" in caplog.text
    assert "secret" not in caplog.text


async def test_with_a_model_it_waits_for_words_and_ends_the_transcriber(tmp_path: Path) -> None:
    made = config(tmp_path, captions=str(model_files.made(tmp_path / "model")))
    async with await app.start(made) as running, ClientSession(running.url) as http:
        assert running.services.transcriber is not None
        assert running.services.transcriber.name == "model"
        assert running.registry.shared.captions
        assert (await (await http.get("/readyz")).json())["captions_off"] == ""


async def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    async with await app.start(config(tmp_path)):
        with pytest.raises(Unusable):
            await app.start(config(tmp_path))


async def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    async with await app.start(config(tmp_path / "a")) as running:
        with pytest.raises(BadSetting, match="--port"):
            await app.start(Config(port=running.http_port, udp_port=0, data=tmp_path / "b"))
    async with await app.start(config(tmp_path / "b")):
        pass
    named = {task.get_name() for task in asyncio.all_tasks()}
    assert len(named) == 1


async def test_a_start_without_a_finisher_lets_the_port_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await app.start(config(tmp_path / "a")) as running:
        udp_port = running.udp_port

    async def no_process(_: Finisher) -> None:
        raise OSError("no more processes")

    with monkeypatch.context() as poor:
        poor.setattr(Finisher, "start", no_process)
        with pytest.raises(OSError, match="processes"):
            await app.start(Config(port=0, udp_port=udp_port, data=tmp_path / "a"))

    async with await app.start(Config(port=0, udp_port=udp_port, data=tmp_path / "a")) as again:
        assert again.udp_port == udp_port


async def test_draining_is_told_before_anything_ends_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    running = await app.start(config(tmp_path, log="memory"))
    async with ClientSession(running.url) as http:
        await running.drain()
        assert (await http.get("/readyz")).status == 503
        assert (await http.get("/healthz")).status == 200
    await running.close()
    await running.close()


async def test_sockets_are_sent_away_with_1012_even_when_takes_take_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(tmp_path, log="memory", drain_timeout_ms=400)
    running = await app.start(settings)
    monkeypatch.setattr(running.takes, "drain", lambda within_ms: asyncio.sleep(within_ms / 1000))
    async with ClientSession() as http, http.ws_connect(f"{running.url}/api/rooms/wonder/ws") as ws:
        stopping = asyncio.ensure_future(cli._stop(running, settings))
        async with asyncio.timeout(10):
            _ = [message async for message in ws]
        assert ws.close_code == 1012
        await stopping


async def test_a_clip_whose_time_was_over_while_no_server_ran_leaves_at_the_start(tmp_path: Path) -> None:
    async with await app.start(config(tmp_path)) as running:
        long_ago = running.registry.clock() - 8 * DAY_MS
        log = running.services.log
        drafts = [Draft(RoomOpened("wonder", "Old"), long_ago)]
        drafts += [Draft(ClipLanded("clip", 1, 0, 0, -16.0, ()), long_ago)]
        await log.append("old", drafts, blobs=[Blob("clip", "old", b"sound")])
    async with await app.start(config(tmp_path)) as running, asyncio.timeout(20):
        # The sound leaves the log with the event, and the room learns of both a moment later.
        while (await running.registry.look("old")).clips:
            await asyncio.sleep(0.01)
        assert await running.services.blobs.get("clip") is None
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("reader ")]


async def test_a_server_that_starts_before_its_log_ended_goes_on_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await app.start(config(tmp_path)) as running:
        room = await running.registry.wake("wonder")
        (said,) = await room.send(Say("before"), by=None)
        clock = running.registry.clock
        assert running.takes._clock is running.takes._outcomes._clock is clock
        assert running.media._clock is clock  # type: ignore[attr-defined]

    set_back = time.time_ns() - 3_600_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: set_back)
    async with await app.start(config(tmp_path)) as running:
        room = await running.registry.wake("wonder")
        (later,) = await room.send(Say("after"), by=None)
        assert said.at_ms <= later.at_ms < said.at_ms + 600_000
        async with ClientSession() as http, http.ws_connect(f"{running.url}/api/rooms/wonder/ws") as ws:
            welcome = json.loads((await ws.receive(10)).data)
        told = welcome[0] if isinstance(welcome, list) else welcome
        assert later.at_ms <= told["server_ms"] < said.at_ms + 600_000


async def test_a_room_sleeps_under_its_sockets_and_wakes_for_who_begins_to_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radio, "DRIFT_AFTER_MS", 20)
    async with await app.start(config(tmp_path, log="memory", room_idle_ms=50)) as running:
        registry = running.registry
        async with ClientSession() as http, http.ws_connect(f"{running.url}/api/rooms/wonder/ws") as ws:
            await until(lambda: len(registry) == 0)
            await ws.send_json({"type": "here", "id": "1", "listening": "files"})
            await until(lambda: len(registry) == 1)
            room = local(await registry.wake("wonder"))
            assert room.needed, "the radio holds it"
            await ws.send_json({"type": "here", "id": "2", "listening": "off"})
            await until(lambda: len(registry) == 0)
            assert not room.needed


def test_a_damaged_storage_is_not_blamed_on_an_address(tmp_path: Path) -> None:
    said = cli._why(config(tmp_path), Damaged("the secret is damaged"))
    assert said.startswith(f"--data {tmp_path}")
    assert "the secret is damaged" in said


async def test_a_storage_that_breaks_ends_the_process_with_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = app.start

    async def start_and_break(settings: Config) -> app.Running:
        running = await started(settings)
        log = running.services.log
        assert isinstance(log, SqliteLog)
        assert log._on_failure is not None
        log._on_failure(OSError("the disk is gone"))
        return running

    monkeypatch.setattr(app, "start", start_and_break)
    with pytest.raises(SystemExit) as ended:
        await cli._serve(config(tmp_path))
    assert ended.value.code == cli.BROKEN
    assert capsys.readouterr().out.startswith("ready ")


async def test_hosts_can_be_turned_off_or_ask_a_model_which_is_followed(tmp_path: Path) -> None:
    asking = {"host_engine": "openai", "host_url": "http://127.0.0.1:9/v1", "host_model": "none"}
    for settings, expected in (({"host_engine": "off"}, None), ({}, "embedded"), (asking, "openai")):
        async with await app.start(config(tmp_path, **settings)) as running:
            host = running.services.host
            assert (host._engine.name if host else None) == expected
            shown = generate_latest(running.services.figures.registry.prometheus).decode()
            assert ("wonder_host_resting 0.0" in shown) == (settings is asking)


async def test_without_the_library_hosts_speak_by_the_embedded_engine_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "server.engines.openai_text", None)
    made = config(tmp_path, host_engine="openai", host_url="http://127.0.0.1:9/v1", host_model="none")
    async with await app.start(made) as running:
        assert running.services.host
        assert running.services.host._engine.name == "embedded"
    assert any("the embedded engine writes" in record.getMessage() for record in caplog.records)


async def test_who_asked_is_woken_also_after_a_restart_and_nobody_where_that_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "SILENT_MS", 0)
    anna, key = Voice("anna", "Anna", "#fff"), {"Authorization": "Bearer " + "k" * 43}
    here = "/api/rooms/wonder/push"
    async with push_server() as pushes:
        made = config(tmp_path, push="private")
        async with await app.start(made) as running, ClientSession(running.url, headers=key) as http:
            assert (await http.post(here, json=pushes.device().json())).status == 201
            known = await (await http.get(here)).json()
        async with await app.start(made) as running, ClientSession(running.url, headers=key) as http:
            assert await (await http.get(here)).json() == known
            landed = Land(ClipLanded("c" * 22, 1, 0, 0, -16.0, ()))
            await running.registry.send("wonder", landed, by=anna, blobs=[Blob("c" * 22, "wonder", b"x")])
            (told,) = await pushes.received(1)
        assert (told["room"], pushes.keys) == ("wonder", {known["key"]})
    made = config(tmp_path, push="off")
    async with await app.start(made) as running, ClientSession(running.url, headers=key) as http:
        assert await (await http.get(here)).json() == {"key": "", "on": False}
