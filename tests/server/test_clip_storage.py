"""A server whose clips lie elsewhere: it starts, or says why not, and what it does with them in between."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from aiohttp import ClientSession

from server import app, clip_storage, doctor
from server.blobs.base import Away, Blob, Denied
from server.blobs.s3 import S3Blobs
from server.config import Config
from server.log.base import Unusable
from server.log.memory import MemoryLog
from server.nats import connection
from server.takes import spool
from tests.support.actors import until
from tests.support.nats_server import nats_server
from tests.support.s3_server import BUCKET, Between, S3Server, between
from tests.support.speech import say, silence, wav

KEY = "k" * 43
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "audio/wav"}
CLIPS = "/api/rooms/wonder/clips"


@pytest.fixture
async def bad(s3_server: S3Server) -> AsyncIterator[Between]:
    async with between(s3_server) as made:
        yield made


def config(folder: Path, endpoint: str, **settings: object) -> Config:
    """Return the settings of a server with its clips in a folder of its own in the bucket."""
    given = {
        "port": 0,
        "udp_port": 0,
        "data": folder,
        "speech": "off",
        "house_rooms": "en",
        "blobs": f"s3://{BUCKET}/{uuid.uuid4().hex}",
        "s3_endpoint": endpoint,
        "s3_key": "wonder",
        "s3_secret": "rednow",
        **settings,
    }
    return Config(**given)  # type: ignore[arg-type]


def sound() -> bytes:
    return wav(None, np.concatenate([silence(0.3), say("a goat in a boat"), silence(0.3)]))


async def test_clips_go_to_a_bucket_and_what_is_removed_goes_from_it(
    tmp_path: Path, bad: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "PAUSE_S", 0.02)
    made = config(tmp_path, bad.endpoint)
    async with await app.start(made) as running, ClientSession(running.url, headers=HEADERS) as http:
        bucket = running.services.clips.remote
        assert isinstance(bucket, S3Blobs)
        async with http.post(CLIPS, data=sound()) as answer:
            assert answer.status == 201, await answer.text()
            first = (await answer.json())["id"]
        assert await bucket.ids() == [first]
        ogg = f"/api/clips/{first}.ogg"
        async with http.get(ogg) as answer:
            whole = await answer.read()
        async with http.get(ogg, headers={"Range": "bytes=100-199"}) as answer:
            assert (answer.status, await answer.read()) == (206, whole[100:200])

        bad.answers = 503
        async with http.get(ogg) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "storage_away")
            assert int(answer.headers["Retry-After"]) >= 1
        waits = asyncio.create_task(http.post(CLIPS, data=sound()))
        spooled = running.services.spool
        assert spooled is not None
        await until(lambda: spooled.waiting == 1)
        assert (await running.registry.look("wonder")).clips.get(first) is not None
        assert len(list((tmp_path / "spool").iterdir())) == 1
        assert not waits.done()
        bad.answers = 0
        async with await waits as answer:
            assert answer.status == 201, await answer.text()
            second = (await answer.json())["id"]
        assert await bucket.ids() == sorted([first, second])

        bad.answers, spooled._most_bytes = 503, 1
        async with http.post(CLIPS, data=sound()) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "storage_away")
            assert int(answer.headers["Retry-After"]) >= 1
        bad.answers = 0

        assert (await http.delete(f"/api/clips/{first}")).status == 204
        assert await bucket.ids() == [second]
        assert (await http.get(ogg)).status == 404


async def test_a_cdn_is_told_the_names_of_objects(tmp_path: Path, s3_server: S3Server) -> None:
    made = config(tmp_path, s3_server.endpoint, blobs_url="https://clips.example")
    log = MemoryLog()
    opened = await clip_storage.open_clips(made, log)
    assert opened.cdn is not None
    assert isinstance(opened.remote, S3Blobs)
    assert opened.cdn("clip-0001") == f"https://clips.example/{opened.remote.path('clip-0001')}"
    other = await clip_storage.open_clips(made, MemoryLog())  # whose secret is another
    assert other.cdn is not None
    assert other.cdn("clip-0001") != opened.cdn("clip-0001")
    assert (await clip_storage.open_clips(config(tmp_path, s3_server.endpoint), log)).cdn is None


async def test_a_bucket_that_will_never_do_ends_the_start_with_a_sentence(
    tmp_path: Path, s3_server: S3Server
) -> None:
    for settings, sentence in (
        ({"s3_secret": "wrong-secret"}, "denies us"),
        ({"blobs": "s3://nowhere"}, "must be made first"),
    ):
        with pytest.raises(Unusable, match=f"Clips cannot be kept: .*{sentence}") as refused:
            await app.start(config(tmp_path, s3_server.endpoint, **settings))
        assert "wrong-secret" not in str(refused.value)


async def test_one_that_is_only_away_does_not_and_people_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = config(tmp_path, "http://127.0.0.1:9")
    async with await app.start(made) as running, ClientSession(running.url) as http:
        assert (await http.get("/readyz")).status == 200
        assert (await http.get("/api/rooms/wonder")).status == 200
        assert (await http.get("/api/clips/abcdefgh.ogg")).status == 503
    assert "clips cannot be had now" in caplog.text


async def test_what_does_not_keep_its_promise_is_told_at_the_start(
    tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def doubts(_: S3Blobs) -> list[str]:
        return ["the bucket keeps old versions"]

    monkeypatch.setattr(S3Blobs, "check", doubts)
    opened = await clip_storage.open_clips(config(tmp_path, s3_server.endpoint), MemoryLog())
    await opened.close()
    assert "keeps old versions" in caplog.text


async def test_without_its_library_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "server.blobs.s3", None)
    with pytest.raises(Unusable, match="make extras"):
        await clip_storage.open_remote(config(tmp_path, "http://127.0.0.1:9"))


def test_the_doctor_tries_where_clips_go(
    tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clips(endpoint: str = s3_server.endpoint, **settings: object) -> tuple[str, str]:
        check = doctor._clips(config(tmp_path, endpoint, **settings))
        assert "wrong-secret" not in check.found + check.advice
        return check.state, check.found

    assert doctor._clips(Config()).found == "in the log"
    state, found = clips()
    assert (state, found.partition("s3://")[0]) == ("fine", "stored, read and deleted in ")
    assert clips(s3_secret="wrong-secret")[0] == "broken"
    assert clips("http://127.0.0.1:9")[0] == "doubtful"

    async def doubts(_: S3Blobs) -> list[str]:
        return ["old versions"]

    monkeypatch.setattr(S3Blobs, "check", doubts)
    assert clips() == ("doubtful", "old versions")


async def test_clips_go_to_nats_where_the_log_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with nats_server(tmp_path) as server:
        made = Config(log=f"{server.url}?monitor=http://127.0.0.1:9")
        opened = await clip_storage.open_clips(made, MemoryLog())
        await opened.blobs.put(Blob("b", "r", b"sound"))
        await opened.close()
        assert (await asyncio.to_thread(doctor._clips, made)).state == "fine"
        opened = await clip_storage.open_clips(made, MemoryLog())
        assert await opened.blobs.get("b") == Blob("b", "r", b"sound")
        await opened.close()
        await opened.close()
    monkeypatch.setattr(connection, "connect", partial(connection.connect, within_s=0.2))
    with pytest.raises(Unusable, match="no NATS server answers"):
        await clip_storage.open_clips(made, MemoryLog())


def test_what_will_not_do_is_told_from_what_is_away() -> None:
    assert issubclass(Denied, Away)
    assert issubclass(Away, OSError)
