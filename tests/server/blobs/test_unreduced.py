"""Sounds for the recogniser are few, and go when nobody needs them."""

from __future__ import annotations

from server.blobs.unreduced import Unreduced


def test_a_sound_is_there_until_it_is_let_go() -> None:
    kept = Unreduced()
    kept.keep("a", b"noise")

    assert kept.get("a") == b"noise"
    kept.drop("a")
    kept.drop("a")
    assert (kept.get("a"), len(kept)) == (None, 0)


def test_the_oldest_go_when_there_are_too_many_bytes() -> None:
    kept = Unreduced(size_bytes=10)
    for name in "abc":
        kept.keep(name, b"1234")

    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (None, b"1234", b"1234")
    kept.keep("b", b"12")
    kept.keep("d", b"1234")
    assert [kept.get(name) is not None for name in "bcd"] == [True, True, True]


def test_one_that_is_too_large_is_not_kept() -> None:
    kept = Unreduced(size_bytes=10)
    kept.keep("a", b"1" * 11)

    assert (kept.get("a"), len(kept)) == (None, 0)
