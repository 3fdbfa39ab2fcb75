"""Where clips go is read from one setting, and what cannot be is said in a sentence."""

from __future__ import annotations

import pytest

from server.config import Config
from server.places import Nats, Place, bucket, is_nats, nats, shown, wrong, wrong_log


def test_a_bucket_may_have_a_folder_that_is_ours() -> None:
    assert bucket("s3://clips") == Place("clips", "")
    assert bucket("s3://clips/wonder/one/") == Place("clips", "wonder/one")
    assert bucket("log") is None


def test_clips_follow_a_log_in_nats() -> None:
    assert [is_nats(blobs, "nats://h:1") for blobs in ("log", "nats", "s3://clips")] == [True, True, False]
    assert not is_nats("log", "sqlite")


def test_an_address_is_shown_without_its_password() -> None:
    assert shown("nats://us:secret@a:1,us:other@b:2") == "nats://a:1,b:2"


def settings(given: tuple[str, ...]) -> Config:
    names = ("blobs", "log", "s3_endpoint", "s3_key", "s3_secret", "blobs_url", "s3_region")
    return Config(**dict(zip(names, given, strict=False)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given",
    [
        ("log", "sqlite"),
        ("memory", "memory"),
        ("log", "nats://h:4222"),
        ("nats", "nats://h:4222"),
        ("s3://clips", "sqlite"),
        ("s3://clips/wonder", "sqlite", "https://s3.example:9000", "key", "secret"),
        ("s3://clips", "sqlite", "", "", "", "https://clips.example"),
    ],
)
def test_what_can_be_is_fine(given: tuple[str, ...]) -> None:
    assert wrong(settings(given)) == ""


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("memory", "sqlite"), "--log memory"),
        (("nats", "sqlite"), "--log nats://"),
        (("disk", "sqlite"), "must be log, memory, nats or s3://"),
        (("s3://", "sqlite"), "must look like"),
        (("s3://Clips", "sqlite"), "must look like"),
        (("s3://clips/a b", "sqlite"), "must look like"),
        (("s3://clips/../other", "sqlite"), "must look like"),
        (("s3://clips?endpoint=x", "sqlite"), "must look like"),
        (("s3://clips", "sqlite", "", "key"), "both --s3-key and --s3-secret"),
        (("s3://clips", "sqlite", "s3.example"), "--s3-endpoint"),
        (("s3://clips", "sqlite", "https://key:secret@s3.example"), "--s3-endpoint"),
        (("s3://clips", "sqlite", "http://s3.example:0x"), "--s3-endpoint"),
        (("s3://clips", "sqlite", "", "", "", "https://clips.example/path"), "--blobs-url"),
        (("s3://clips", "sqlite", "", "", "", "https://a.example; script-src *"), "--blobs-url"),
        (("s3://clips", "sqlite", "", "", "", "", "with space"), "--s3-region"),
        (("log", "sqlite", "", "", "", "https://clips.example"), "has an effect with s3://"),
        (("log", "sqlite", "http://s3.example"), "has an effect with s3://"),
    ],
)
def test_what_cannot_be_is_said(given: tuple[str, ...], sentence: str) -> None:
    assert sentence in wrong(settings(given))


def test_the_servers_of_a_log_are_named_with_where_they_tell_of_themselves() -> None:
    assert nats("sqlite") is None
    assert nats("nats://a:1,b:2") == Nats("nats://a:1,b:2", ())
    monitors = "monitor=http://a:8222&monitor=http://b:8222"
    assert nats(f"nats://me:pw@a:1?{monitors}") == Nats(
        "nats://me:pw@a:1", ("http://a:8222", "http://b:8222")
    )


@pytest.mark.parametrize("log", ["sqlite", "memory", "nats://a:4222", "nats://[::1]:4222,me:pw@b:4222"])
def test_a_log_may_be(log: str) -> None:
    assert wrong_log(log) == ""


@pytest.mark.parametrize(
    "log",
    [
        "postgres",
        "nats://",
        "nats://a",
        "nats://a:4222,",
        "nats://a:99999",
        "nats://a:4222/path",
        "nats://a:4222?monitor=b",
        "nats://a:4222?replicas=3",
        "tls://a:4222",
    ],
)
def test_a_log_may_not_be(log: str) -> None:
    assert wrong_log(log)
