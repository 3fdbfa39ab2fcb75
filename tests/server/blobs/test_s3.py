"""Blobs in a bucket keep the contract of all blobs, on a real server; and what it does wrong is told."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator

import obstore
import pytest

from server.blobs import s3
from server.blobs.base import Away, Blob, Page
from server.blobs.beside import LogBeside
from server.blobs.s3 import Bucket, S3Blobs
from server.log.base import Conflict, Damaged, Entry, StorageFull
from server.log.memory import MemoryLog
from tests.support.blob_contract import SOUND, BlobContract, Opening, Storage
from tests.support.s3_server import Between, S3Server, between
from tests.support.snapshot_contract import said

LONG = bytes(range(256)) * 700  # three parts with sums of their own


@pytest.fixture
def server(s3_server: S3Server) -> S3Server:
    return s3_server


@pytest.fixture
def bucket(server: S3Server) -> Bucket:
    """A corner of the bucket of its own."""
    return server.bucket(uuid.uuid4().hex)


@pytest.fixture
async def bad(server: S3Server) -> AsyncIterator[Between]:
    async with between(server) as made:
        yield made


def through(bad: Between, bucket: Bucket) -> S3Blobs:
    return S3Blobs(Bucket(bucket.name, bucket.prefix, bad.endpoint, key=bucket.key, secret=bucket.secret))


def storage(bucket: Bucket) -> Opening:
    log = MemoryLog()

    async def open_() -> Storage:
        blobs = S3Blobs(bucket)
        return Storage(blobs, LogBeside(log, blobs), blobs.close)

    return open_


class TestS3Blobs(BlobContract):
    @pytest.fixture
    def open(self, bucket: Bucket) -> Opening:
        return storage(bucket)

    @pytest.fixture
    def open_small(self, bucket: Bucket, bad: Between) -> Opening:
        bad.full_at_bytes = 100_000
        return storage(Bucket(bucket.name, bucket.prefix, bad.endpoint, key=bucket.key, secret=bucket.secret))


async def test_of_a_long_one_only_the_parts_around_are_read(bucket: Bucket) -> None:
    blobs = S3Blobs(bucket)
    await blobs.put(Blob("b", "r", LONG))
    for first, size in [
        (0, 1),
        (65_535, 2),
        (65_536, 65_536),
        (70_000, 90_000),
        (0, len(LONG)),
        (179_000, 5_000),
    ]:
        assert await blobs.get_range("b", first, size) == LONG[first : first + size]
    assert await blobs.get_range("b", 200_000, 5) == b""


async def test_who_is_denied_is_told_so_and_no_secret_is(server: S3Server, bucket: Bucket) -> None:
    await S3Blobs(bucket).put(Blob("b", "r", SOUND))
    wrong = S3Blobs(server.bucket(bucket.prefix, secret="topsecret"))
    reader = S3Blobs(server.bucket(bucket.prefix, key="reader"))
    for asked in (wrong.put(Blob("c", "r", b"")), wrong.get("b"), wrong.ids(), wrong.check(), reader.check()):
        with pytest.raises(Away, match=r"denies us.*--s3-key") as told:
            await asked
        assert "topsecret" not in str(told.value)
    with pytest.raises(Away, match="denies us"):
        await reader.delete("r", ["b"])
    assert await reader.get("b") == Blob("b", "r", SOUND)
    assert "topsecret" not in repr(server.bucket(secret="topsecret"))


async def test_a_bucket_that_nobody_made_is_told(server: S3Server) -> None:
    blobs = S3Blobs(server.bucket(name="nowhere"))
    for asked in (blobs.get("b"), blobs.ids()):
        with pytest.raises(Away, match=r"s3://nowhere .*the bucket must be made first"):
            await asked


async def test_a_server_that_is_not_there_is_told(bucket: Bucket) -> None:
    blobs = S3Blobs(Bucket("b", endpoint="http://127.0.0.1:9", key="k", secret="s"))
    with pytest.raises(Away, match="cannot be reached"):
        await blobs.get("b")


async def test_a_slow_server_is_waited_for_only_so_long(
    bad: Between, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad.silent = asyncio.Event()
    monkeypatch.setattr(s3, "CALL_S", 0.2)
    blobs = through(bad, bucket)
    with pytest.raises(Away, match=r"did not answer within 0.2 s"):
        await blobs.put(Blob("b", "r", SOUND))
    bad.silent.set()
    monkeypatch.undo()
    await blobs.put(Blob("b", "r", SOUND))
    assert await blobs.get("b") == Blob("b", "r", SOUND)


async def test_a_put_whose_answer_is_lost_is_done_once(bad: Between, bucket: Bucket) -> None:
    bad.loses_answers = 1
    blobs = through(bad, bucket)
    await blobs.put(Blob("b", "r", SOUND))
    assert bad.asked > 1
    assert await blobs.get("b") == Blob("b", "r", SOUND)


async def test_a_broken_server_is_asked_again_and_then_told(bad: Between, bucket: Bucket) -> None:
    bad.answers = 500
    with pytest.raises(Away, match="answers 500"):
        await through(bad, bucket).get("b")
    assert bad.asked == 1 + s3.TRIES_AGAIN


async def test_another_body_is_never_given(bad: Between, bucket: Bucket) -> None:
    blobs = through(bad, bucket)
    await blobs.put(Blob("b", "r", SOUND))
    for lie in (SOUND[:-1] + b"?", SOUND + b"?", SOUND[:-1], b""):
        bad.body = lie
        for asked in (blobs.get("b"), blobs.get_range("b", 0, len(SOUND)), blobs.get_range("b", 5, 9)):
            with pytest.raises((Damaged, Away)):
                await asked


async def test_one_that_was_laid_under_anothers_id_is_never_given(bucket: Bucket) -> None:
    blobs = S3Blobs(bucket)
    await blobs.put(Blob("mine", "r", SOUND))
    await obstore.copy_async(blobs._store, blobs.path("mine"), blobs.path("other"))
    for asked in (blobs.get("other"), blobs.get_range("other", 0, 9)):
        with pytest.raises(Damaged):
            await asked


async def test_what_others_put_among_ours_is_left_alone(bucket: Bucket) -> None:
    blobs = S3Blobs(bucket)
    for path in (
        blobs.path("junk"),
        *(blobs._folder + name for name in ("b", "b.c", "with space", "in/side")),
    ):
        await obstore.put_async(blobs._store, path, b"?")
    assert await blobs.ids() == ["junk"]
    for asked in (blobs.info("junk"), blobs.get("junk"), blobs.delete("r", ["junk"])):
        with pytest.raises(Damaged):
            await asked
    with pytest.raises(Conflict):
        await blobs.put(Blob("junk", "r", SOUND))
    assert await blobs.get("with space") is None


async def test_who_knows_an_id_cannot_name_its_object(bucket: Bucket) -> None:
    blobs, other = S3Blobs(bucket, b"one secret"), S3Blobs(bucket, b"another")
    await blobs.put(Blob("b", "r", SOUND))
    assert await other.get("b") is None
    assert await other.ids() == []
    assert await blobs.ids() == ["b"]
    assert blobs.path("b") != other.path("b")


async def test_what_was_written_lately_is_found(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = S3Blobs(bucket)
    for name in "abc":
        await blobs.put(Blob(name, "r", b""))
    hour_ms = 3_600_000
    now_ms = round(time.time() * 1000)
    monkeypatch.setattr(s3, "PAGE", 2)
    first = await blobs.written(now_ms - hour_ms)
    second = await blobs.written(now_ms - hour_ms, first.place)
    assert (first.ids, second.ids) == (["a", "b"], ["c"])
    assert await blobs.written(now_ms - hour_ms, second.place) == Page([], "")
    assert (await blobs.written(now_ms + hour_ms)).ids == []


async def test_a_store_is_looked_at_before_it_is_used(server: S3Server, bad: Between, bucket: Bucket) -> None:
    blobs = S3Blobs(bucket)
    assert await blobs.check() == []
    assert await blobs.ids() == []
    bad.body = b"another"
    with pytest.raises(Damaged, match="something else than was stored"):
        await through(bad, bucket).check()


async def test_what_is_too_large_or_badly_named_is_refused(bucket: Bucket) -> None:
    blobs = S3Blobs(bucket)
    for blob in (Blob("b", "r", bytes(s3.MOST_BYTES + 1)), Blob("../b", "r", b""), Blob("", "r", b"")):
        with pytest.raises(ValueError, match="cannot be stored"):
            await blobs.put(blob)


async def test_a_full_store_says_so(bad: Between, bucket: Bucket) -> None:
    bad.answers = 507
    with pytest.raises(StorageFull):
        await through(bad, bucket).put(Blob("b", "r", SOUND))


async def test_what_cannot_be_deleted_in_time_does_not_stop_the_room(bad: Between, bucket: Bucket) -> None:
    blobs = through(bad, bucket)
    log = LogBeside(MemoryLog(), blobs)
    await blobs.put(Blob("b", "r", SOUND))
    bad.answers = 503
    (stored,) = await log.extend("r", [Entry([said("gone")], drops=["b"])], expect=0)
    assert isinstance(stored, list)
    bad.answers = 0
    await blobs.delete("r", ["b"])
    assert await blobs.get("b") is None
