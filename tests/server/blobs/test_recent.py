"""Infos are few, and the one that nobody asked for goes first."""

from __future__ import annotations

from server.blobs.base import BlobInfo
from server.blobs.recent import RecentInfos


def test_the_one_that_nobody_asked_for_goes_first() -> None:
    infos = RecentInfos(2)
    for name in "ab":
        assert infos.keep(BlobInfo(name, "r", 1)) == BlobInfo(name, "r", 1)
    assert infos.get("a") == BlobInfo("a", "r", 1)
    infos.keep(BlobInfo("c", "r", 1))
    assert [infos.get(name) is not None for name in "abc"] == [True, False, True]
    infos.drop("a")
    infos.drop("a")
    assert len(infos) == 1
