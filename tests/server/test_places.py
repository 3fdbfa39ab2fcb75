"""Where clips go is read from one setting, and what cannot be is said in a sentence."""

from __future__ import annotations

import pytest

from server.places import Place, bucket, is_nats, wrong


def test_a_bucket_may_have_a_folder_that_is_ours() -> None:
    assert bucket("s3://clips") == Place("clips", "")
    assert bucket("s3://clips/wonder/one/") == Place("clips", "wonder/one")
    assert bucket("log") is None


def test_clips_follow_a_log_in_nats() -> None:
    assert [is_nats(blobs, "nats://h:1") for blobs in ("log", "nats", "s3://clips")] == [True, True, False]
    assert not is_nats("log", "sqlite")


@pytest.mark.parametrize(
    "given",
    [
        ("log", "sqlite"),
        ("memory", "memory"),
        ("log", "nats://h:4222"),
        ("nats", "nats://h:4222"),
        ("s3://clips", "sqlite"),
        ("s3://clips/wonder", "sqlite", "https://s3.example:9000", "key", "secret"),
    ],
)
def test_what_can_be_is_fine(given: tuple[str, ...]) -> None:
    assert wrong(*(*given, *("",) * (5 - len(given)))) == ""


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
        (("log", "sqlite", "http://s3.example"), "have an effect with s3://"),
    ],
)
def test_what_cannot_be_is_said(given: tuple[str, ...], sentence: str) -> None:
    assert sentence in wrong(*(*given, *("",) * (5 - len(given))))
