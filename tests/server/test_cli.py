"""The command as operators use it: ready line, voices through the real server, its end, bad options."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from audio.opus import encode
from server import cli
from server import config as settings
from server.cli import main
from server.config import Config
from tests.support.ports import free_port
from tests.support.rtc_client import Listener, Speaker, connected, speak
from tests.support.server import READY, ROOT, Server, running_server
from tests.support.speech import say

KEY = "k" * 43
HEADERS = {"Authorization": f"Bearer {KEY}"}
ADMIN = "a" * settings.TOKEN_CHARACTERS
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("WONDER_")}


def wonder(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    command = [sys.executable, "-m", "server", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=CLEAN | environ, capture_output=True, text=True, timeout=30, check=False
    )


def words(text: str = "the moon is a cheese") -> list[bytes]:
    """Return speech as 20 ms Opus frames, led by silence."""
    spoken = say(text)
    return encode(np.concatenate([np.zeros(24_000, spoken.dtype), spoken]))[0]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(admin_token=ADMIN) as made:
        yield made


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        yield session


async def events(
    session: aiohttp.ClientSession, server: Server, room: str = "wonder"
) -> list[dict[str, Any]]:
    async with session.get(f"{server.url}/api/rooms/{room}/events") as answer:
        return list((await answer.json())["events"])


async def landed(session: aiohttp.ClientSession, server: Server, room: str) -> dict[str, Any]:
    """Wait for a clip of a room."""
    async with asyncio.timeout(15):
        while True:
            for event in await events(session, server, room):
                if event["kind"] == "clip.landed":
                    return dict(event["data"])
            await asyncio.sleep(0.05)


async def a_room(session: aiohttp.ClientSession, server: Server) -> str:
    async with session.post(f"{server.url}/api/rooms", json={"kind": "topic"}) as answer:
        return str((await answer.json())["id"])


def test_ready_is_the_one_line_on_standard_output(server: Server) -> None:
    said = (server.folder / "server.out").read_text()
    assert said.count("\n") == 1
    assert READY.fullmatch(said.strip())


def test_a_server_that_breaks_leaves_no_voice_in_a_core_dump(server: Server) -> None:
    assert resource.prlimit(server.pid, resource.RLIMIT_CORE) == (0, 0)


async def test_a_fresh_install_has_a_public_room_for_each_language(server: Server) -> None:
    async with client() as session, session.get(f"{server.url}/api/rooms") as answer:
        assert {room["id"] for room in (await answer.json())["rooms"]} == {"wonder", "wunder"}


async def test_a_whip_session_is_one_take_and_becomes_a_clip(server: Server) -> None:
    async with client() as session:
        room = await a_room(session, server)
        await speak(f"{server.url}/api/rooms/{room}/whip", words(), headers=HEADERS)
        clip = await landed(session, server, room)
        assert 1_000 < clip["duration_ms"] < 7_000
        assert clip["source"] == "whip"
        for ending, start in (("ogg", b"OggS"), ("m4a", b"\0\0\0"), ("vtt", b"WEBVTT"), ("svg", b"<svg")):
            async with session.get(f"{server.url}/api/clips/{clip['clip']}.{ending}") as answer:
                assert answer.status == 200
                assert (await answer.read()).startswith(start)
        async with session.delete(f"{server.url}/api/clips/{clip['clip']}") as answer:
            assert answer.status == 204


async def test_a_whep_session_hears_an_upload(server: Server) -> None:
    async with client() as session:
        room = await a_room(session, server)
        async with connected(Listener(f"{server.url}/api/rooms/{room}/whep")) as listener:
            await speak(f"{server.url}/api/rooms/{room}/whip", words("a goat in a boat"), headers=HEADERS)
            clip = await landed(session, server, room)
            async with session.get(f"{server.url}/api/clips/{clip['clip']}.ogg") as answer:
                ogg = await answer.read()
            await listener.hear(lambda heard: sum(len(each.payload) > 20 for each in heard) > 20)
        other = await a_room(session, server)
        path = f"{server.url}/api/rooms/{other}/clips"
        async with session.post(path, data=ogg, headers={"Content-Type": "audio/ogg"}) as answer:
            assert answer.status == 201, await answer.text()
            assert abs((await answer.json())["duration_ms"] - clip["duration_ms"]) < 300


async def test_garbage_uploads_are_refused_and_the_server_lives_on(server: Server) -> None:
    async with client() as session:
        path = f"{server.url}/api/rooms/wonder/clips"
        for body in (
            b"",
            b"garbage",
            b"OggS" + b"\0" * 100,
            b"\x1aE\xdf\xa3" + b"\xff" * 50,
            b"RIFF\xff\xff\xff\xffWAVE",
        ):
            for media_type in ("audio/ogg", "audio/webm", "audio/mp4", "audio/wav"):
                async with session.post(path, data=body, headers={"Content-Type": media_type}) as answer:
                    assert answer.status in (422, 429), await answer.text()
        async with session.get(f"{server.url}/readyz") as answer:
            assert answer.status == 200


async def test_figures_need_the_token_from_elsewhere(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        forwarded = {"X-Forwarded-For": "203.0.113.9"}
        async with session.get(f"{server.url}/metrics", headers=forwarded) as answer:
            assert answer.status == 403
        async with session.get(
            f"{server.url}/metrics", headers={**forwarded, "Authorization": f"Bearer {ADMIN}"}
        ) as answer:
            assert "wonder_rooms_awake" in await answer.text()


async def until_draining(session: aiohttp.ClientSession, server: Server) -> None:
    async with asyncio.timeout(10):
        while True:
            async with session.get(f"{server.url}/readyz") as answer:
                if answer.status == 503:
                    assert "Retry-After" in answer.headers
                    return
            await asyncio.sleep(0.02)


async def test_sigterm_lets_a_running_take_land_and_then_tells_the_sockets() -> None:
    with running_server() as server:
        whip = f"{server.url}/api/rooms/wonder/whip?takes=commanded"
        async with (
            client() as session,
            session.ws_connect(f"{server.url}/api/rooms/wonder/ws") as ws,
            connected(Speaker(whip, words(), headers=HEADERS)) as speaker,
        ):
            assert speaker.location is not None
            peer = speaker.location.rpartition("/")[2]
            await ws.send_json({"type": "speak.start", "id": "1", "peer": peer})
            await asyncio.wait_for(speaker.frames.done.wait(), 20)
            os.kill(server.pid, signal.SIGTERM)
            await until_draining(session, server)
            await ws.send_json({"type": "speak.stop", "id": "2"})
            async with asyncio.timeout(20):
                said = "".join([str(message.data) async for message in ws])
            assert ws.close_code == 1012
            await speaker.close(delete=False)
        assert await asyncio.to_thread(server.stop) == 0
        assert '"kind":"clip.landed"' in said
        assert '"type":"ack","id":"2"' in said
        assert "Traceback" not in server.log


async def test_sigterm_cuts_the_take_of_a_whip_session_and_keeps_it() -> None:
    with running_server() as server:
        whip = f"{server.url}/api/rooms/wonder/whip"
        async with client() as session, connected(Speaker(whip, words(), headers=HEADERS)) as speaker:
            await asyncio.wait_for(speaker.frames.done.wait(), 20)
            os.kill(server.pid, signal.SIGTERM)
            assert await asyncio.to_thread(server.stop) == 0
            await speaker.close(delete=False)
            server.start()
            assert "clip.landed" in [event["kind"] for event in await events(session, server)]


async def test_a_phone_in_the_network_gets_tls_and_a_code_to_scan() -> None:
    with running_server(tls="self-signed", host="0.0.0.0") as server:
        assert server.url.startswith("https://0.0.0.0:")
        context = ssl.create_default_context(cafile=server.folder / "data" / "tls-certificate.pem")
        port = server.url.rpartition(":")[2]
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"https://localhost:{port}/", ssl=context) as answer,
        ):
            assert answer.status == 200
            assert "; Secure" in answer.headers["Set-Cookie"]
            assert "wss://localhost" in answer.headers["Content-Security-Policy"]
            assert "Strict-Transport-Security" not in answer.headers
        async with aiohttp.ClientSession() as session, session.get(f"http://localhost:{port}/") as answer:
            assert answer.status == 400
            assert "https://" in await answer.text()
        server.stop()
        assert "self-signed" not in server.log
        assert re.search(r"https://[\d.]+:\d+/|--host 0\.0\.0\.0", server.log)


def test_a_bare_start_with_what_editors_and_kubernetes_leave_behind_serves_and_ends(tmp_path: Path) -> None:
    """In a locale that lacks the letters of the folder, without streams, ended as its terminal closes."""
    port, file = free_port(), tmp_path / "wonder.toml"
    file.write_text(f'data = "{tmp_path}/dätä"\nudp_port = 0\n', "utf-8-sig")
    environ = CLEAN | {
        "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
        "WONDER_PORT": "tcp://10.0.0.1:8080", "WONDER_DATA": "",
    }  # fmt: skip
    options = ["--config", str(file), "--port", str(port), "--log", "sqlite"]
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup's wish would be inherited
    child = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-m", "server", "serve", *options],
        cwd=ROOT, env=environ,
    )  # fmt: skip
    signal.signal(signal.SIGHUP, before)
    try:
        until_ready(f"http://127.0.0.1:{port}/readyz", child)
        child.send_signal(signal.SIGHUP)
        assert child.wait(20) == 0
    finally:
        child.kill()
        child.wait()
    assert (tmp_path / "dätä" / "wonder.db").stat().st_size


def until_ready(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while child.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            assert answer.status == 200
            return
        time.sleep(0.02)
    pytest.fail(f"the server did not start ({child.poll()})")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--port", "99999"], "--port"),
        (["--prot", "1"], "--prot"),
        (["--log", "nats://127.0.0.1"], "--log"),
        (["--captions", ""], "--captions"),
        (["--tls", "a,b"], "--tls"),
        (["--port"], "--port"),
        (["extra"], "extra"),
    ],
)
def test_a_bad_option_ends_the_start_with_one_sentence_that_names_it(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert named in said.err


def test_an_address_that_is_not_ours_is_named(tmp_path: Path) -> None:
    ended = wonder("serve", "--host", "192.0.2.1", "--port", "0", "--udp-port", "0", "--data", str(tmp_path))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "192.0.2.1" in ended.stderr


def test_a_bad_key_of_the_file_and_a_bad_variable_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wonder.toml"
    file.write_text("udp_prot = 1\n")
    for arguments, variable, value, named in (
        (["--config", str(file)], "WONDER_HOST", "127.0.0.1", "udp_prot"),
        ([], "WONDER_CONFIG", str(file), "udp_prot"),
        ([], "WONDER_PORT", "x", "WONDER_PORT"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            with pytest.raises(SystemExit):
                main(["serve", *arguments])
        assert named in capsys.readouterr().err


def test_what_has_no_effect_or_can_be_guessed_is_warned_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WONDER_PROT", "1")
    monkeypatch.setenv("WONDER_PORT", "tcp://10.0.0.1:8080")
    caplog.set_level("INFO")
    cli._warn(Config(admin_token="short"))
    assert "WONDER_PROT" in caplog.text
    assert "WONDER_PORT tell of services of Kubernetes" in caplog.text
    assert "--admin-token" in caplog.text
    assert "short enough" in caplog.text


@pytest.mark.parametrize(
    ("kind", "flag"), [(socket.SOCK_STREAM, "--port"), (socket.SOCK_DGRAM, "--udp-port")]
)
def test_a_port_in_use_is_named(tmp_path: Path, kind: socket.SocketKind, flag: str) -> None:
    with socket.socket(type=kind) as taken:
        # Voices may be served on another address of this machine than pages are.
        taken.bind(("127.0.0.1" if kind == socket.SOCK_STREAM else "", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        ports = {"--port": "0", "--udp-port": "0", flag: str(taken.getsockname()[1])}
        ended = wonder("serve", "--data", str(tmp_path), *(part for pair in ports.items() for part in pair))
    assert ended.returncode == 2
    assert flag in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = wonder("serve", "--port", "0", "--udp-port", "0", "--data", str(tmp_path / "file" / "data"))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--data" in ended.stderr
    (tmp_path / "wonder.db").write_bytes(b"this is no database at all" * 100)
    ended = wonder("serve", "--port", "0", "--udp-port", "0", "--data", str(tmp_path))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "wonder.db" in ended.stderr


def test_the_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    options = ("--port", "0", "--udp-port", "0", "--data", str(tmp_path))
    well = wonder("doctor", *options)
    assert (well.returncode, "All is well." in well.stdout) == (0, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ill = wonder("doctor", *options, "--port", str(taken.getsockname()[1]), "--json")
    assert ill.returncode == 1
    states = {check["name"]: check["state"] for check in json.loads(ill.stdout)["checks"]}
    assert states["TCP port"] == "broken"


def test_help_names_every_command_and_setting(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["serve", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    said = capsys.readouterr().out
    assert {"serve", "doctor", "settings", "describe"} <= set(said.split())
    assert {settings.flag(name) for name in settings.NAMES} <= set(said.split())
    assert "--config" in said


async def test_an_evening_that_is_not_there_is_said_in_the_words_of_the_server(
    server: Server, tmp_path: Path
) -> None:
    async with client() as session:
        room = await a_room(session, server)
    asked = wonder("export", room, str(tmp_path / "evening.ogg"), "--from", "2026-11-27", "--url", server.url)
    assert asked.returncode == 1
    assert asked.stderr.strip().endswith("wonder: There is no clip (any more) to put into a file.")
    assert not list(tmp_path.iterdir())
