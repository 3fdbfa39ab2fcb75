"""Nodes under a crowd, simulated: how busy their loops are, who waits for them, when a new one has its share.

`bench/simulation.py` prints it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator
from random import Random
from typing import Any

import simpy
from msgspec import Struct

from bench.plan import Costs, Load
from server.socket.fanout import PACE, REST_LIMIT_S

Steps = Generator[simpy.Event, Any, None]


class World(Struct, frozen=True):
    """What is simulated."""

    nodes: int = 120
    regions: int = 1
    rooms: int = 100_000
    people_a_room: int = 3
    largest: int = 100_000  # people of one room besides
    written: int = 200  # rooms whose owner appends all the time, so that a second owner would be seen
    writes_a_second: float = 2.0  # of each of them
    busy: float = 0.5  # what other rooms take of each shard
    is_fenced: bool = True  # an append carries its epoch; False is the control that must fail


def use_of_nodes(costs: Costs, world: World, seed: int, *, spread: bool = True) -> list[float]:
    """Return how busy the loop of each node is, sorted, when rooms and people come to nodes by chance.

    What is not `spread` comes to the node of its room; the largest room always is.
    """
    chance, load = Random(seed), Load()
    use_us = [0.0] * world.nodes
    for room in range(world.rooms + 1):
        people = world.largest if room == 0 else world.people_a_room
        owner = chance.randrange(world.nodes)
        lines_s = min(people * load.lines_a_minute / 60, load.lines_a_second_most)
        messages_s = load.clips_a_minute / 60 * load.messages_a_clip + lines_s
        places = (
            chance.choices(range(world.nodes), k=people - 1)
            if spread or room == 0
            else [owner] * (people - 1)
        )
        here = Counter([owner, *places])
        use_us[owner] += messages_s * (costs.message_us + costs.owner_us)
        for node, sockets in here.items():
            fanout_s = sockets * costs.frame_us / 1e6
            frames_s = min(messages_s, 1 / (fanout_s + min(PACE * fanout_s, REST_LIMIT_S)))
            use_us[node] += frames_s * fanout_s * 1e6 + messages_s * costs.follower_us * (node != owner)
    return sorted(us / 1e6 for us in use_us)


def loop_waits(
    costs: Costs, sockets: int, seed: int, *, busy: float = 0.5, commands: int = 20_000
) -> list[float]:
    """Return how long, in ms, commands of small rooms wait for a loop that serves a huge room beside them.

    The huge room's fan-outs, one write for each of its sockets and then its rest, are part of `busy`.
    """
    env, chance, waits = simpy.Environment(), Random(seed), list[float]()
    loop = simpy.Resource(env)
    fanout_s = sockets * costs.frame_us / 1e6
    rest_s = min(PACE * fanout_s, REST_LIMIT_S)
    small_s = (costs.message_us + costs.owner_us + 3 * costs.frame_us) / 1e6
    left = max(0.05, busy - (fanout_s / (fanout_s + rest_s) if fanout_s else 0.0))

    def huge() -> Steps:
        while True:
            with loop.request() as turn:
                yield turn
                yield env.timeout(fanout_s)
            yield env.timeout(rest_s)

    def small() -> Steps:
        came_s = env.now
        with loop.request() as turn:
            yield turn
            waits.append((env.now - came_s) * 1000)
            yield env.timeout(small_s)

    def come() -> Steps:
        for _ in range(commands):
            yield env.timeout(chance.expovariate(left / small_s))
            env.process(small())

    if sockets:
        env.process(huge())
    env.run(until=env.process(come()))
    return sorted(waits)


def share_of_a_new_node(
    seed: int, *, nodes: int = 20, rooms: int = 4_000, stay: float = 30.0, returning: float = 0.0
) -> float:
    """Return after how many minutes a new node owns 90 % of what the others do; infinite after ten hours.

    Rooms are opened and left, none is moved. Openers go to the node that owns least; a room that comes back
    goes to the node that owned it last.
    """
    env, chance = simpy.Environment(), Random(seed)
    owned = [rooms / nodes] * nodes + [0]

    def stays(node: int, minutes: float) -> Steps:
        owned[node] += 1
        yield env.timeout(minutes)
        owned[node] -= 1

    def ends(node: int) -> Steps:
        yield env.timeout(chance.expovariate(1 / stay))
        owned[node] -= 1

    def opens() -> Steps:
        while owned[-1] < 0.9 * sum(owned[:-1]) / nodes and env.now < 600:
            yield env.timeout(chance.expovariate(rooms / stay))
            is_back = chance.random() < returning
            node = chance.randrange(nodes) if is_back else min(range(nodes + 1), key=owned.__getitem__)
            env.process(stays(node, chance.expovariate(1 / stay)))

    for at in range(rooms):
        env.process(ends(at % nodes))
    env.run(until=env.process(opens()))
    return env.now if env.now < 600 else math.inf
