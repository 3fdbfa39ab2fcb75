"""Rooms, nodes, regions and the loss of a node, simulated: `python -m bench.simulation [--write]`.

A discrete-event simulation of what averages leave out. Nodes judge by the product's own rules
(`server.cluster.members`), claims go through shards that take as many appends a second as was measured, and
a room that was claimed waits for the event loop of its new owner. Nothing of the network is here but a delay:
what code does under lost messages and cuts is for the tests of `server/cluster`, with the code itself.
"""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from random import Random
from statistics import mean, stdev
from typing import Any

import numpy as np
import simpy
from msgspec import Struct

from bench.crowds import Steps, World, loop_waits, share_of_a_new_node, use_of_nodes
from bench.plan import SHARDS, Costs, Load, needs_of, read_costs, shown
from server.cluster.directory import CHOSEN_FIRST_S, LOST_S
from server.cluster.members import BEAT_EVERY_MS, Beat, Members
from server.cluster.node import LOOK_EVERY_S

PAGE = Path(__file__).resolve().parents[1] / "docs/scaling.md"
MARKS = re.compile(r"(<!-- simulation -->\n).*(<!-- end of simulation -->)", re.DOTALL)
SEEDS = (1, 2, 3, 4, 5)
# By the prototype: a look into the log, and a message from node to node; between regions a usual way besides.
LOOK_S, HOP_S, BETWEEN_REGIONS_S = 0.0005, 0.0003, 0.04
# A page whose socket ended comes again after about so long.
COMES_BACK_S = (0.5, 3.0)
WARM_S = 4.0  # all nodes have heard each other
FROZEN_S, LEAVES_AFTER_S = 4.0, 1.0
T_95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 10: 2.26}  # Student's, by the number of runs


class Cluster:
    """Nodes with rooms, and the log that they share."""

    def __init__(self, world: World, costs: Costs, seed: int) -> None:
        self.world, self.env, self.chance = world, simpy.Environment(), Random(seed)
        self.append_s = SHARDS / costs.appends_a_second
        self.wake_s = costs.wake_us / 1e6
        self.shards = [simpy.Resource(self.env) for _ in range(SHARDS)]
        self.epochs: list[int] = []
        self.owners: list[str] = []
        self.claims_s: dict[int, float] = {}  # when a room was claimed last
        self.refused = 0
        self.appends: list[tuple[int, int, str]] = []  # room, epoch and node of what was stored
        self.nodes = [
            SimulatedNode(self, f"n{i:03}-{i:016x}", f"r{i % world.regions}") for i in range(world.nodes)
        ]
        self.by_name = {node.name: node for node in self.nodes}
        self.audiences: list[list[SimulatedNode]] = []
        for room in range(world.rooms + 1):
            people = world.largest if room == 0 else world.people_a_room
            self._open(room, people)
        if world.busy > 0:
            for shard in self.shards:
                self.env.process(self._others(shard))

    def _open(self, room: int, people: int) -> None:
        """Give a room to the node of its opener; the others come in anywhere in the region."""
        owner = self.chance.choice(self.nodes)
        near = [node for node in self.nodes if node.region == owner.region]
        others = near if people > len(near) * 10 else self.chance.choices(near, k=people - 1)
        audience = list(dict.fromkeys([owner, *others]))
        self.epochs.append(1)
        self.owners.append(owner.name)
        self.audiences.append(audience)
        owner.awake[room] = 1
        for node in audience:
            if node is not owner:
                node.followed[owner.name].add(room)

    def _others(self, shard: simpy.Resource) -> Steps:
        rate = self.world.busy / self.append_s
        yield self.env.timeout(WARM_S)
        while True:
            yield self.env.timeout(self.chance.expovariate(rate))
            self.env.process(self._held(shard))

    def _held(self, shard: simpy.Resource) -> Steps:
        with shard.request() as turn:
            yield turn
            yield self.env.timeout(self.append_s)

    def append(self, node: SimulatedNode, room: int, epoch: int) -> Steps:
        """Append as the owner of an epoch, or step down when the log refuses."""
        yield from self._held(self.shards[room % SHARDS])
        if self.epochs[room] == epoch or not self.world.is_fenced:
            self.appends.append((room, self.epochs[room], node.name))
        else:
            node.awake.pop(room, None)

    def claim(self, node: SimulatedNode, room: int, epoch: int) -> Generator[simpy.Event, Any, bool]:
        """Append a claim where the log was seen to end, and tell whether it was stored."""
        yield from self._held(self.shards[room % SHARDS])
        if self.epochs[room] != epoch:
            self.refused += 1
            return False
        old = self.owners[room]
        self.epochs[room], self.owners[room] = epoch + 1, node.name
        self.claims_s[room] = self.env.now
        self.env.process(self._told(old, room, epoch + 1))
        return True

    def _told(self, old: str, room: int, epoch: int) -> Steps:
        yield self.env.timeout(HOP_S)
        former = self.by_name[old]
        if former.is_up and former.awake.get(room, epoch) < epoch:
            del former.awake[room]
        for node in self.audiences[room]:
            node.hear_claim(room)

    def beat(self, node: SimulatedNode) -> None:
        """Send a beat to all, a little late to each other region."""
        beat = Beat(node.name, 0, node.region, leaving=node.is_leaving)
        for region in range(self.world.regions):
            away_s = HOP_S + BETWEEN_REGIONS_S * (node.region != f"r{region}")
            self.env.process(self._deliver(beat, region, away_s))

    def _deliver(self, beat: Beat, region: int, away_s: float) -> Steps:
        yield self.env.timeout(away_s)
        now_ms = round(self.env.now * 1000)
        for node in self.nodes[region :: self.world.regions]:
            if node.is_up:
                node.members.hear(beat, now_ms, 0)
                node.heard_s[beat.node] = self.env.now

    def problems(self) -> list[str]:
        """Return what must never be: two owners, none for a room with people, an append of a deposed one."""
        found = []
        living: Counter[int] = Counter(room for node in self.nodes if node.is_up for room in node.awake)
        for room, audience in enumerate(self.audiences):
            is_used = any(node.is_up for node in audience)
            if living[room] > 1 or (is_used and living[room] == 0):
                found.append(f"room {room} has {living[room]} owners")
        writers = defaultdict[tuple[int, int], set[str]](set)
        for room, epoch, node in self.appends:
            writers[room, epoch].add(node)
        found += [
            f"epoch {epoch} of room {room} has {who}"
            for (room, epoch), who in writers.items()
            if len(who) > 1
        ]
        return found


class _Members(Members):
    """Remembers for a while who lives, for a storm of claims asks that for each room."""

    _alive: tuple[int, list[str]] = (-1, [])

    def alive(self, now_ms: int) -> list[str]:
        """Return the nodes that may own rooms, as of less than 50 ms ago."""
        if now_ms // 50 != self._alive[0]:
            self._alive = (now_ms // 50, super().alive(now_ms))
        return self._alive[1]


class SimulatedNode:
    """A node: it beats, looks who is gone, and claims."""

    def __init__(self, cluster: Cluster, name: str, region: str) -> None:
        self.cluster, self.name, self.region = cluster, name, region
        self.members = _Members(name, 0, region=region)
        self.heard_s: dict[str, float] = {}
        self.is_up, self.is_leaving = True, False
        self.awake: dict[int, int] = {}  # the rooms that this node owns, as it believes, by their epoch
        self.awake_at_s: dict[int, float] = {}
        self.followed = defaultdict[str, set[int]](set)  # rooms by their owner
        self.loop = simpy.Resource(cluster.env)
        self._finding: dict[int, simpy.Event] = {}
        cluster.env.process(self._beats())
        cluster.env.process(self._looks())

    def _beats(self) -> Steps:
        yield self.cluster.env.timeout(self.cluster.chance.random() * BEAT_EVERY_MS / 1000)
        while True:
            if self.is_up:
                self.cluster.beat(self)
            yield self.cluster.env.timeout(BEAT_EVERY_MS / 1000)

    def _looks(self) -> Steps:
        env = self.cluster.env
        yield env.timeout(self.cluster.chance.random() * LOOK_EVERY_S)
        while True:
            yield env.timeout(LOOK_EVERY_S)
            if not self.is_up:
                continue
            # Who was heard lately is not asked about: that only saves time.
            lately_s, now_ms = env.now - 2 * BEAT_EVERY_MS / 1000, round(env.now * 1000)
            owners = [
                o for o in self.followed if self.members.is_leaving(o) or self.heard_s.get(o, 0.0) < lately_s
            ]
            for owner in [o for o in owners if self.members.is_gone(o, now_ms)]:
                for room in sorted(self.followed.pop(owner)):
                    self.search(room)

    def search(self, room: int) -> None:
        """Find who owns a room, unless that is under way."""
        if room not in self._finding:
            self._finding[room] = self.cluster.env.event()
            self.cluster.env.process(self._search(room))

    def hear_claim(self, room: int) -> None:
        """Hear that somebody has claimed a room."""
        if room in self._finding and not self._finding[room].triggered:
            self._finding[room].succeed()

    def _search(self, room: int) -> Steps:
        cluster, waited_for = self.cluster, 0
        while self.is_up:
            yield cluster.env.timeout(LOOK_S)
            epoch, owner, now_ms = cluster.epochs[room], cluster.owners[room], round(cluster.env.now * 1000)
            if owner == self.name or not self.members.is_gone(owner, now_ms):
                if owner != self.name:
                    self.followed[owner].add(room)
                break
            if waited_for != epoch and self.members.choice(str(room), now_ms) != self.name:
                waited_for = epoch
                heard = self._finding[room] = cluster.env.event()
                yield heard | cluster.env.timeout(CHOSEN_FIRST_S)
            elif (yield from cluster.claim(self, room, epoch)):
                yield from self._wake(room, epoch + 1)
                break
            else:
                yield cluster.env.timeout(LOST_S)
        self._finding.pop(room, None)

    def _wake(self, room: int, epoch: int) -> Steps:
        with self.loop.request() as turn:
            yield turn
            yield self.cluster.env.timeout(self.cluster.wake_s)
        if self.is_up and self.cluster.epochs[room] == epoch:
            self.awake[room] = epoch
            self.awake_at_s[room] = self.cluster.env.now
            if room < self.cluster.world.written:
                self.cluster.env.process(self.writes(room, epoch))

    def writes(self, room: int, epoch: int) -> Steps:
        """Append to a room as long as this node believes that it owns it."""
        while self.awake.get(room) == epoch:
            yield self.cluster.env.timeout(
                self.cluster.chance.expovariate(self.cluster.world.writes_a_second)
            )
            if self.is_up:
                yield from self.cluster.append(self, room, epoch)


class Outcome(Struct, frozen=True):
    """What a trouble did."""

    rooms: int  # whose owner it took
    silent_s: list[float]  # of each, sorted
    refused: int
    appends_a_second_most: float  # claims in the busiest tenth of a second
    problems: list[str]


def trouble(cluster: Cluster, kind: str, *, victims: int = 1, for_s: float = 12.0) -> Outcome:
    """Let nodes die, freeze, or leave, and see what becomes of their rooms."""
    env = cluster.env
    env.run(until=WARM_S + cluster.chance.random())
    lost = cluster.nodes[:victims]
    rooms = [room for node in lost for room in node.awake]
    for node in cluster.nodes:
        for room in [room for room in node.awake if room < cluster.world.written]:
            env.process(node.writes(room, node.awake[room]))
    began_s = down_s = env.now
    if kind == "leaves":
        for node in lost:
            node.is_leaving = True
            cluster.beat(node)
        down_s += LEAVES_AFTER_S
        env.run(until=down_s)
    for node in lost:
        node.is_up = False
    _send_home(cluster, lost, rooms)
    if kind == "freezes":
        for node in lost:
            env.process(_thaw(cluster, node))
    env.run(until=began_s + for_s)
    return _outcome(cluster, rooms, began_s, down_s)


def _send_home(cluster: Cluster, lost: list[SimulatedNode], rooms: list[int]) -> None:
    """Let those whose node is gone come in through another, and search for their rooms there."""
    rest = [node for node in cluster.nodes if node not in lost]
    for room in rooms:
        if all(node in lost for node in cluster.audiences[room]):
            near = [node for node in rest if node.region == cluster.audiences[room][0].region]
            node = cluster.chance.choice(near or rest)
            cluster.audiences[room].append(node)
            cluster.env.process(_comes_back(cluster, node, room))


def _comes_back(cluster: Cluster, node: SimulatedNode, room: int) -> Steps:
    """Search for a room; as long as its owner counts as alive it is followed, and searched for after that."""
    yield cluster.env.timeout(cluster.chance.uniform(*COMES_BACK_S))
    node.search(room)


def _thaw(cluster: Cluster, node: SimulatedNode) -> Steps:
    """Let a frozen node go on: it writes as if nothing was, hears itself, and asks which rooms are left."""
    yield cluster.env.timeout(FROZEN_S)
    node.is_up = True
    node.members.reconnected(round(cluster.env.now * 1000))
    yield cluster.env.timeout(BEAT_EVERY_MS / 1000)
    for room, epoch in list(node.awake.items()):
        yield cluster.env.timeout(LOOK_S)
        if cluster.epochs[room] != epoch and cluster.owners[room] != node.name:
            node.awake.pop(room, None)
            node.followed[cluster.owners[room]].add(room)


def _outcome(cluster: Cluster, rooms: list[int], began_s: float, down_s: float) -> Outcome:
    silent = []
    for room in rooms:
        awake_s = cluster.by_name[cluster.owners[room]].awake_at_s.get(room)
        if awake_s is not None:
            # Who leaves serves until its room is claimed.
            silent.append(awake_s - min(down_s, cluster.claims_s[room]))
    tenths = Counter(int(s * 10) for s in cluster.claims_s.values() if s > began_s)
    most = max(tenths.values(), default=0) * 10.0
    return Outcome(len(rooms), sorted(silent), cluster.refused, most, cluster.problems())


def at(values: list[float], share: float) -> float:
    """Return the value below which a share of sorted values lies."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else math.nan


def with_confidence(values: list[float]) -> str:
    """Return a mean and how far it may be off, 19 times of 20."""
    if len(values) < 2:
        return shown(values[0])
    return f"{shown(mean(values))} ± {shown(T_95[len(values)] * stdev(values) / math.sqrt(len(values)))}"


SCENES: dict[str, tuple[World, str, int]] = {
    "a node of 120 dies": (World(), "dies", 1),
    "two of 120 die at once": (World(), "dies", 2),
    "a node of 120 freezes for 4 s": (World(), "freezes", 1),
    "a node of 120 leaves": (World(), "leaves", 1),
    "a node of 120 in three regions dies": (World(regions=3), "dies", 1),
    "a node of 20 dies, its 5,000 rooms all quiet": (World(nodes=20, written=0), "dies", 1),
}


def table(costs: Costs, seeds: tuple[int, ...] = SEEDS) -> Iterator[str]:
    """Yield the lines of all tables."""
    for lines in (_losses(costs, seeds), _waits(costs, seeds), _uses(costs, seeds), _shares(seeds)):
        yield from lines
        yield ""


def _losses(costs: Costs, seeds: tuple[int, ...]) -> Iterator[str]:
    yield "| what happens | its rooms | silent, s: median | 99 % | longest | claims/s | refused | wrong |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name, (world, kind, victims) in SCENES.items():
        runs = [trouble(Cluster(world, costs, seed), kind, victims=victims) for seed in seeds]
        columns: list[Callable[[Outcome], float]] = [
            lambda run: float(run.rooms),
            lambda run: at(run.silent_s, 0.5),
            lambda run: at(run.silent_s, 0.99),
            lambda run: at(run.silent_s, 1.0),
            lambda run: run.appends_a_second_most,
            lambda run: float(run.refused),
        ]
        cells = [with_confidence([column(run) for run in runs]) for column in columns]
        yield f"| {name} | {' | '.join(cells)} | {sum(len(run.problems) for run in runs)} |"


def _waits(costs: Costs, seeds: tuple[int, ...]) -> Iterator[str]:
    yield "| sockets of a huge room on a node | a small room's command waits, ms: median | 99 % | longest |"
    yield "|---:|---:|---:|---:|"
    for sockets in (0, 1_000, 5_000, 20_000):
        waits = [loop_waits(costs, sockets, seed) for seed in seeds]
        cells = [with_confidence([at(w, share) for w in waits]) for share in (0.5, 0.99, 1.0)]
        yield f"| {sockets:,} | {' | '.join(cells)} |"


def _uses(costs: Costs, seeds: tuple[int, ...]) -> Iterator[str]:
    yield "| visitors of 120 nodes | a loop is busy: mean | by the plan | busiest node | of the mean, % |"
    yield "|---|---:|---:|---:|---:|"
    world = World()
    sizes = np.array([world.largest] + [world.people_a_room] * world.rooms, dtype=float)
    for name, spread in (("come in anywhere", True), ("come in where their room is", False)):
        uses = [use_of_nodes(costs, world, seed, spread=spread) for seed in seeds]
        load = Load(listeners=0, abroad_share=0.0, routed_share=0.0 if spread else 1.0)
        planned = needs_of(load, costs, world.nodes, sizes).loop_cores / world.nodes
        means, most = [mean(use) for use in uses], [use[-1] for use in uses]
        cells = [with_confidence(means), shown(planned), with_confidence(most)]
        cells.append(with_confidence([100 * m / of for m, of in zip(most, means, strict=True)]))
        yield f"| {name} | {' | '.join(cells)} |"


def _shares(seeds: tuple[int, ...]) -> Iterator[str]:
    yield "| rooms that come back to their last owner | minutes until a new node has its share |"
    yield "|---:|---:|"
    for returning in (0.0, 0.5, 0.9):
        minutes = [share_of_a_new_node(seed, returning=returning) for seed in seeds]
        said = with_confidence(minutes) if max(minutes) < math.inf else "more than 600"
        yield f"| {returning:.0%} | {said} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="bench.simulation", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scaling.md")
    write = parser.parse_args().write
    text = "\n".join(table(read_costs()))
    print(text)
    if write:
        PAGE.write_text(MARKS.sub(lambda m: f"{m[1]}{text}\n{m[2]}", PAGE.read_text()))


if __name__ == "__main__":
    main()
