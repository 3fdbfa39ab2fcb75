"""Subjects of rooms."""

from __future__ import annotations

from server.cluster.transport import SHARDS, NoAnswer, Unreachable, tail_of


def test_tails_are_spread_over_shards_and_are_the_same_everywhere() -> None:
    shards = {tail_of(f"room{number}").split(".")[1] for number in range(400)}
    assert shards == {f"{shard}" for shard in range(SHARDS)}
    assert tail_of("room") == tail_of("room")
    assert tail_of("a-b_C").endswith(".a-b_C")


def test_what_cannot_be_reached_is_a_fault_of_the_storage_to_those_who_wait() -> None:
    assert issubclass(Unreachable, OSError)
    assert issubclass(NoAnswer, OSError)
