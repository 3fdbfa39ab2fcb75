"""What so many listeners and rooms take, from measured unit costs: `python -m bench.plan --listeners 10000`.

Costs come from `bench/figures.json`. What it lacks, those between nodes and of NATS, is by a prototype's
short runs (`PROTOTYPE`) until `bench/figures.json` has them, and the output says which. All is arithmetic:
averages of a steady hour. `bench/simulation.py` checks what averages leave out.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from audio.opus import BITRATE
from bench.__main__ import FIGURES, Measured
from server.socket.fanout import PACE, REST_LIMIT_S

PAGE = Path(__file__).resolve().parents[1] / "docs/scaling.md"
MARKS = re.compile(r"(<!-- plan -->\n).*(<!-- end of plan -->)", re.DOTALL)
SCALES = (1, 100, 10_000, 1_000_000)

# By short runs of a prototype: NATS 2.15.1 of three servers, each write on its disk, on two shared cores.
PROTOTYPE = {
    "nats.r3_a_second_100": 13_072.0,  # one group of three servers, 100 rooms at once
    "cluster.append_server_cpu_us": 60.0,  # of all three servers together
    "cluster.owner_cpu_us": 220.0,  # the owner appends a message and tells the others
    "cluster.follower_cpu_us": 75.0,  # a node with an audience takes it in
    "cluster.delivery_server_cpu_us": 14.1,  # a NATS server passes a lone message to one node
    "cluster.memory_a_room_bytes": 1_360.0,  # of a server, after a million rooms were made
}
# Read off, not timed: a line of 100 characters; IP, UDP, RTP and SRTP's tag; IP, TCP and Ethernet; an event.
MESSAGE_BYTES, PACKET_BYTES, FRAME_BYTES, EVENT_BYTES = 156, 50, 66, 440
# Rooms of up to so many listeners get packets of 20 and 60 ms, larger ones of 120 ms (docs/radio.md).
SMALL_ROOM, MIDDLE_ROOM = 50, 300
# A process with its children, before anybody comes. Not measured: a round number above a bare server's 69 MB.
NODE_BYTES = 300e6
# Rooms above this are spread over nodes even where a balancer sends a room's visitors to one.
ROUTED_MOST = 500
SHARDS, REPLICAS = 16, 3
DAY_S = 86_400


Sizes = np.ndarray[tuple[int], np.dtype[np.float64]]  # people in rooms, or another number for each


class Load(Struct, frozen=True):
    """How many there are and what they do, in a steady hour. Each listens by WebRTC and has a socket."""

    listeners: int = 1_000_000
    rooms: int = 1_000_000
    regions: int = 1
    awake_share: float = 0.1  # of the rooms that exist; the others are asleep and empty
    tail: float = 1.0  # the k-th largest room has k ** -tail times the people of the largest
    clips_a_minute: float = 6.0  # of a room
    clip_s: float = 4.0
    messages_a_clip: float = 8.0  # events and signals; 159 events for 26 clips in the tests' rounds
    events_a_clip: float = 6.0  # those of them that are stored
    lines_a_minute: float = 0.2  # of chat, of a person
    lines_a_second_most: float = 20.0  # of a room: nobody reads more
    masked_share: float = 0.2
    captioned_share: float = 1.0
    clips_kept: float = 100.0  # of a room
    stay_minutes: float = 15.0
    routed_share: float = 0.0  # of visitors whom the balancer sends to the node of their room
    abroad_share: float = 0.1  # of people who are in another region than their room


class Machine(Struct, frozen=True):
    """One machine, and how much of it may be used in a steady hour."""

    cores: int = 16
    memory_bytes: float = 64e9
    network_bits: float = 10e9
    busy: float = 0.5  # of cores, network and appends: the rest is for bursts, and for a machine that is lost
    full: float = 0.7  # of the memory


class Costs(Struct, frozen=True):
    """Unit costs: CPU in microseconds of a core, memory in bytes."""

    packet_us: tuple[float, float, float]  # of 20, 60 and 120 ms
    frame_us: float  # one write to one socket
    message_us: float  # one command, until it is written to all
    clip_second_us: float
    mask_second_us: float
    caption_us: float
    join_socket_us: float
    join_listener_us: float
    listener_bytes: float
    socket_bytes: float
    room_bytes: float  # awake, without clips
    clip_bytes: float  # what a kept clip adds to it
    wake_us: float
    owner_us: float
    follower_us: float
    appends_a_second: float
    append_server_us: float
    delivery_server_us: float
    stored_room_bytes: float
    by_prototype: tuple[str, ...] = ()


def costs_of(figures: dict[str, float]) -> Costs:
    """Return the unit costs that a run's figures give."""
    f = PROTOTYPE | figures
    batch = f["chat.saturated_messages_per_frame"]
    sockets, lone = f["chat.connections"], f["chat.lone_cpu_us_per_delivery"]
    return Costs(
        packet_us=(
            f["listeners.cpu_us_a_packet_20ms"],
            f["listeners.cpu_us_a_packet_60ms"],
            f["listeners.cpu_us_a_packet_120ms"],
        ),
        frame_us=lone,
        # A saturated fan-out costs one write a socket for a whole batch; the rest belongs to its messages.
        message_us=max(0.0, (f["chat.saturated_cpu_us_per_delivery"] * batch - lone) * sockets / batch),
        clip_second_us=f["finish.cpu_ms_5s"] * 1000 / 5,
        mask_second_us=f["masks.cpu_ms_a_second_worst"] * 1000,
        caption_us=f["captions.tiny_en_cpu_ms_a_sentence"] * 1000,
        join_socket_us=f["chat.joins_cpu_s"] * 1e6 / sockets,
        join_listener_us=f["listeners.join_cpu_ms"] * 1000,
        listener_bytes=f["listeners.memory_kb"] * 1000,
        socket_bytes=f["chat.idle_socket_kb"] * 1000,
        room_bytes=f["age.memory_kb_0"] * 1000,
        clip_bytes=f["age.memory_kb_1000"] - f["age.memory_kb_0"],  # KB for 1000 clips are bytes for one
        wake_us=f["age.wake_cpu_ms_1000"] * 1000,
        owner_us=f["cluster.owner_cpu_us"],
        follower_us=f["cluster.follower_cpu_us"],
        appends_a_second=f["nats.r3_a_second_100"],
        append_server_us=f["cluster.append_server_cpu_us"],
        delivery_server_us=f["cluster.delivery_server_cpu_us"],
        stored_room_bytes=f["cluster.memory_a_room_bytes"],
        by_prototype=tuple(name for name in PROTOTYPE if name not in figures),
    )


class Needs(Struct, frozen=True):
    """What a load takes of all machines together, when so many nodes share it. A core is a busy core."""

    loop_cores: float  # event loops: commands, chat, what nodes tell each other
    media_cores: float
    finish_cores: float
    caption_cores: float
    memory_bytes: float
    network_bits: float
    abroad_bits: float
    appends_a_second: float
    copies: float  # of rooms, on all nodes
    store_cores: float  # of NATS servers
    store_bytes: float  # their memory
    stored_a_day_bytes: float  # on all replicas

    def cores(self) -> dict[str, float]:
        """Return the cores by what they do."""
        return {
            "event loops": self.loop_cores,
            "radio": self.media_cores,
            "finish of clips": self.finish_cores,
            "captions": self.caption_cores,
        }


def sizes_of(load: Load) -> Sizes:
    """Return how many people are in each room that is awake, the largest first; they sum to the listeners."""
    awake = max(1, min(round(load.rooms * load.awake_share), load.listeners))
    weights = np.arange(1, awake + 1, dtype=float) ** -load.tail
    return np.asarray(weights * (load.listeners / weights.sum()))


def distinct(places: float, people: Sizes) -> Sizes:
    """Return how many of some places are taken, when people choose one each by chance."""
    if places < 1:
        return np.zeros_like(people)
    return np.asarray(places * (1 - (1 - 1 / places) ** people))


def needs_of(load: Load, costs: Costs, nodes: int, sizes: Sizes | None = None) -> Needs:
    """Return what a load takes when it is spread over so many nodes; one node needs no NATS.

    Rooms have other sizes than the tail gives where they are named.
    """
    size = sizes_of(load) if sizes is None else sizes
    away = np.maximum(size - 1, 0) * (1 - np.where(size <= ROUTED_MOST, load.routed_share, 0.0))
    near_nodes = nodes / load.regions
    abroad = away * load.abroad_share * (load.regions > 1)
    foreign = distinct(nodes - near_nodes, abroad)
    near = (away - abroad) * max(0.0, near_nodes - 1) / near_nodes
    copies = 1 + distinct(near_nodes - 1, near) + foreign
    clips_s = load.clips_a_minute / 60
    lines_s = np.minimum(size * load.lines_a_minute / 60, load.lines_a_second_most)
    messages_s = clips_s * load.messages_a_clip + lines_s
    appends_s = float((clips_s * load.events_a_clip + lines_s).sum())
    here = size / copies
    fanout_s = here * costs.frame_us / 1e6
    frames_s = np.minimum(messages_s, 1 / (fanout_s + np.minimum(PACE * fanout_s, REST_LIMIT_S)))
    told_s = float((messages_s * (copies - 1)).sum())
    joins_s = load.listeners / (load.stay_minutes * 60)
    owner_us = costs.message_us + (costs.owner_us if nodes > 1 else 0.0)
    loop_us = (
        float(messages_s.sum()) * owner_us
        + told_s * costs.follower_us
        + float((frames_s * size).sum()) * costs.frame_us
        + joins_s * costs.join_socket_us
    )
    clip_s = len(size) * clips_s  # of all rooms
    sounds = min(1.0, clips_s * load.clip_s)
    packets_s, packet_us = _packets(size, costs)
    spoken_us = clip_s * load.clip_s * 50 * costs.packet_us[0]  # not measured: as dear as a packet sent
    heard_us = float((size * sounds * packets_s * packet_us).sum())
    finish_us = costs.clip_second_us + load.masked_share * costs.mask_second_us
    store_us = appends_s * costs.append_server_us + told_s * costs.delivery_server_us
    clip_bytes = load.clip_s * BITRATE / 8
    radio_bits = float((size * sounds * (BITRATE + packets_s * PACKET_BYTES * 8)).sum())
    chat_bits = 8 * float((messages_s * size * MESSAGE_BYTES + frames_s * size * FRAME_BYTES).sum())
    replicas = REPLICAS if nodes > 1 else 1
    return Needs(
        loop_cores=loop_us / 1e6,
        media_cores=(heard_us + spoken_us + joins_s * costs.join_listener_us) / 1e6,
        finish_cores=clip_s * load.clip_s * finish_us / 1e6,
        caption_cores=clip_s * load.captioned_share * costs.caption_us / 1e6,
        memory_bytes=load.listeners * (costs.listener_bytes + costs.socket_bytes)
        + float(copies.sum()) * (costs.room_bytes + load.clips_kept * costs.clip_bytes)
        + nodes * NODE_BYTES,
        network_bits=radio_bits + chat_bits,
        abroad_bits=8 * float((foreign * (clips_s * clip_bytes + messages_s * EVENT_BYTES)).sum()),
        appends_a_second=appends_s,
        copies=float(copies.sum()),
        store_cores=store_us / 1e6 * (nodes > 1),
        store_bytes=load.rooms * costs.stored_room_bytes * (nodes > 1),
        stored_a_day_bytes=DAY_S * replicas * (clip_s * clip_bytes + appends_s * EVENT_BYTES),
    )


def _packets(size: Sizes, costs: Costs) -> tuple[Sizes, Sizes]:
    """Return the packets a second of sound in each room, and what one costs."""
    kinds = [size <= SMALL_ROOM, size <= MIDDLE_ROOM]
    return (
        np.select(kinds, [50.0, 1000 / 60], 1000 / 120),
        np.select(kinds, [costs.packet_us[0], costs.packet_us[1]], costs.packet_us[2]),
    )


class Plan(Struct, frozen=True):
    """What stands for a load."""

    load: Load
    needs: Needs
    machines: int  # with those that are spare
    spare: int
    nodes: int
    nats_servers: int
    by_resource: dict[str, float]  # machines that each resource alone would take
    bottleneck: str
    warnings: tuple[str, ...]


def plan(load: Load, costs: Costs, machine: Machine) -> Plan:
    """Return the least number of machines for a load.

    More nodes keep more copies of rooms, which takes more of a node: counted up from what one node would
    take, until as many nodes as are needed are enough.
    """
    nodes = load.regions
    while True:
        needs = needs_of(load, costs, nodes)
        by_resource = {
            "CPU": sum(needs.cores().values()) / (machine.cores * machine.busy),
            "memory": needs.memory_bytes / (machine.memory_bytes * machine.full),
            "network": needs.network_bits / (machine.network_bits * machine.busy),
        }
        working = max(load.regions, math.ceil(max(by_resource.values())))
        wanted = max(working, math.ceil(needs.loop_cores / machine.busy))
        if wanted <= nodes:
            break
        nodes = wanted
    spare = load.regions if working > 1 else 0
    resource = max(by_resource, key=lambda name: by_resource[name])
    cores = needs.cores()
    most = max(cores, key=lambda name: cores[name])
    groups = _groups(needs, costs, machine, load.regions) if nodes > 1 else 0
    return Plan(
        load,
        needs,
        working + spare,
        spare,
        nodes + spare,
        groups * REPLICAS,
        by_resource,
        f"{resource}: {most}" if resource == "CPU" else resource,
        tuple(_warnings(load, nodes, groups)),
    )


def _groups(needs: Needs, costs: Costs, machine: Machine, regions: int) -> int:
    """Return how many groups of three NATS servers are needed: the same in each region."""
    by_appends = needs.appends_a_second / (costs.appends_a_second * machine.busy)
    by_cores = needs.store_cores / (REPLICAS * machine.cores * machine.busy)
    by_memory = needs.store_bytes / (machine.memory_bytes * machine.full)
    return regions * math.ceil(max(by_appends, by_cores, by_memory) / regions)


def _warnings(load: Load, nodes: int, groups: int) -> Iterator[str]:
    if groups > SHARDS * load.regions:
        yield f"{groups} groups of NATS servers need more than {SHARDS} shards a region"
    if nodes > 1_000:
        yield f"{nodes} nodes are more than know each other (1000 in server/cluster)"


def scaled(load: Load, listeners: int) -> Load:
    """Return the same load with other numbers of listeners and, as many for each of them, rooms."""
    return replace(load, listeners=listeners, rooms=max(1, round(load.rooms * listeners / load.listeners)))


def most_listeners(load: Load, costs: Costs, machine: Machine, working: int) -> int:
    """Return how many listeners so many machines carry, spare ones not counted, with rooms in proportion."""
    low, high = 1, 2
    while _working(scaled(load, high), costs, machine) <= working:
        low, high = high, high * 2
    while high - low > max(1, low // 10_000):
        middle = (low + high) // 2
        fits = _working(scaled(load, middle), costs, machine) <= working
        low, high = (middle, high) if fits else (low, middle)
    return low


def _working(load: Load, costs: Costs, machine: Machine) -> int:
    found = plan(load, costs, machine)
    return found.machines - found.spare


def table(load: Load, costs: Costs, machine: Machine, scales: tuple[int, ...] = SCALES) -> Iterator[str]:
    """Yield the lines of a table with a column for each scale."""
    plans = [plan(scaled(load, scale), costs, machine) for scale in scales]
    yield "| | " + " | ".join(f"{scale:,} listener{'s' * (scale > 1)}" for scale in scales) + " |"
    yield "|---|" + "---:|" * len(scales)
    for name, values in _rows(plans):
        yield f"| {name} | " + " | ".join(values) + " |"
    more = [_one_more(p, costs, machine) for p in plans]
    yield "| one more machine brings | " + " | ".join(more) + " |"


def _rows(plans: list[Plan]) -> Iterator[tuple[str, list[str]]]:
    yield "rooms (awake)", [f"{p.load.rooms:,} ({len(sizes_of(p.load)):,})" for p in plans]
    yield "people in the largest room", [f"{sizes_of(p.load)[0]:,.0f}" for p in plans]
    yield "machines (spare ones among them)", [f"{p.machines} ({p.spare})" for p in plans]
    yield "nodes (one event loop each)", [f"{p.nodes}" for p in plans]
    yield "NATS servers", [f"{p.nats_servers}" for p in plans]
    yield "what is short first", [p.bottleneck for p in plans]
    for resource in plans[0].by_resource:
        yield f"machines by {resource} alone", [shown(p.by_resource[resource]) for p in plans]
    for work in plans[0].needs.cores():
        yield f"busy cores: {work}", [shown(p.needs.cores()[work]) for p in plans]
    yield "busy cores: NATS", [shown(p.needs.store_cores) for p in plans]
    yield "memory, GB", [shown(p.needs.memory_bytes / 1e9) for p in plans]
    yield "sent to listeners, Gbit/s", [shown(p.needs.network_bits / 1e9) for p in plans]
    yield "sent between regions, Gbit/s", [shown(p.needs.abroad_bits / 1e9) for p in plans]
    yield "appends a second", [shown(p.needs.appends_a_second) for p in plans]
    yield (
        "nodes that hold a copy of a room, mean",
        [shown(p.needs.copies / len(sizes_of(p.load))) for p in plans],
    )
    yield "stored a day on all replicas, GB", [shown(p.needs.stored_a_day_bytes / 1e9) for p in plans]


def _one_more(found: Plan, costs: Costs, machine: Machine) -> str:
    working = found.machines - found.spare
    now, then = (most_listeners(found.load, costs, machine, working + more) for more in (0, 1))
    return f"{shown(then - now)} listeners"


def shown(value: float) -> str:
    """Return a number with two or three digits that count."""
    if value >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def read_costs() -> Costs:
    """Return the unit costs of the figures in the tree."""
    parts = msgspec.json.decode(FIGURES.read_bytes(), type=dict[str, Measured])
    return costs_of({name: value for part in parts.values() for name, value in part.figures.items()})


def chosen(arguments: list[str]) -> tuple[Load, Machine, bool]:
    """Return the load and the machine that the command line names, and whether to write the page."""
    parser = argparse.ArgumentParser(prog="bench.plan", description=__doc__)
    parts = (Load(), Machine())
    for part in parts:
        for name in part.__struct_fields__:
            value = getattr(part, name)
            parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--write", action="store_true", help="put the table into docs/scaling.md")
    said = vars(parser.parse_args(arguments))
    load, machine = (
        type(part)(**{name: said[name] for name in part.__struct_fields__}) for part in (Load(), Machine())
    )
    assert isinstance(load, Load)
    assert isinstance(machine, Machine)
    return load, machine, said["write"]


def main() -> None:
    """Print the plan, at smaller scales too."""
    load, machine, write = chosen(sys.argv[1:])
    costs = read_costs()
    scales = (*(scale for scale in SCALES if scale < load.listeners), load.listeners)
    text = "\n".join(table(load, costs, machine, scales))
    print(text)
    for warning in plan(load, costs, machine).warnings:
        print("!", warning)
    if costs.by_prototype:
        print("Not measured by `python -m bench` yet, by a prototype:", ", ".join(costs.by_prototype))
    if write:
        PAGE.write_text(MARKS.sub(lambda m: f"{m[1]}{text}\n{m[2]}", PAGE.read_text()))


if __name__ == "__main__":
    main()
