from __future__ import annotations

import math
from functools import cache

import pytest

from bench import simulation
from bench.crowds import World
from bench.simulation import Cluster, Outcome, trouble
from tests.bench.test_plan import COSTS

SMALL = World(nodes=5, rooms=60, largest=100, busy=0.02)


@cache
def outcome(kind: str, seed: int = 1, *, is_fenced: bool = True, regions: int = 1) -> Outcome:
    world = World(nodes=5, regions=regions, rooms=60, largest=100, busy=0.02, is_fenced=is_fenced)
    return trouble(Cluster(world, COSTS, seed), kind, for_s=7.0)


@pytest.mark.parametrize("kind", ["dies", "freezes", "leaves"])
def test_each_room_has_one_owner_and_nobody_is_lost(kind: str) -> None:
    found = outcome(kind)
    assert found.problems == []
    assert len(found.silent_s) == found.rooms > 5


def test_rooms_are_silent_until_their_node_counts_as_gone() -> None:
    found = outcome("dies")
    assert found.silent_s[0] > 1.9
    assert found.silent_s[-1] < 4.0


def test_a_node_that_leaves_is_hardly_missed() -> None:
    silent_s = outcome("leaves").silent_s
    assert silent_s[len(silent_s) // 2] < 0.1


def test_without_the_fence_a_frozen_node_writes_beside_the_new_owner() -> None:
    assert outcome("freezes", is_fenced=False).problems


def test_rooms_stay_in_their_region() -> None:
    cluster = Cluster(World(nodes=6, regions=2, rooms=30, largest=50, busy=0), COSTS, 2)
    assert trouble(cluster, "dies", for_s=5.0).problems == []
    for owner, audience in zip(cluster.owners, cluster.audiences, strict=True):
        assert cluster.by_name[owner].region == audience[0].region


def test_the_same_seed_gives_the_same() -> None:
    once, again = (trouble(Cluster(SMALL, COSTS, 3), "dies", for_s=4.0) for _ in range(2))
    assert once == again


def test_a_mean_comes_with_how_far_it_may_be_off() -> None:
    assert simulation.with_confidence([1.0]) == "1"
    assert simulation.with_confidence([1.0, 3.0]) == "2 ± 13"


def test_shares_of_values() -> None:
    assert [simulation.at([1.0, 2.0, 3.0], share) for share in (0.0, 0.5, 1.0)] == [1, 2, 3]
    assert math.isnan(simulation.at([], 0.5))
