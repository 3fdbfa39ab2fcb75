from __future__ import annotations

import numpy as np
import pytest

from bench import crowds, plan
from bench.crowds import World
from tests.bench.test_plan import COSTS


def test_who_waits_for_an_idle_loop_waits_for_nobody() -> None:
    waits = crowds.loop_waits(COSTS, 0, 1, busy=0.05, commands=500)
    assert len(waits) >= 499
    assert waits[len(waits) // 2] == 0


def test_a_huge_fan_out_is_waited_for() -> None:
    waits = crowds.loop_waits(COSTS, 5_000, 1, commands=2_000)
    # Its writes take 50 ms; who comes meanwhile waits for them, and for those who came before.
    assert 40 < waits[int(0.99 * len(waits))] < 100


def test_all_that_nodes_do_is_what_the_plan_says() -> None:
    world = World(nodes=5, rooms=200, people_a_room=3, largest=400)
    sizes = np.array([400.0] + [3.0] * 200)
    for spread, routed in ((True, 0.0), (False, 1.0)):
        uses = [sum(crowds.use_of_nodes(COSTS, world, seed, spread=spread)) for seed in range(3)]
        load = plan.Load(listeners=0, routed_share=routed)
        planned = plan.needs_of(load, COSTS, 5, sizes).loop_cores
        assert sum(uses) / 3 == pytest.approx(planned, rel=0.05)


def test_a_new_node_gets_its_share_later_when_rooms_come_back() -> None:
    soon = crowds.share_of_a_new_node(1, nodes=5, rooms=200)
    late = crowds.share_of_a_new_node(1, nodes=5, rooms=200, returning=0.8)
    assert 0 < soon < late < 600
