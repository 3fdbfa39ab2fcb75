from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace

from bench import plan
from bench.plan import Costs, Load, Machine, Needs

COSTS = Costs(
    packet_us=(10.0, 12.0, 20.0),
    frame_us=10.0,
    message_us=100.0,
    clip_second_us=5_000.0,
    mask_second_us=10_000.0,
    caption_us=50_000.0,
    join_socket_us=300.0,
    join_listener_us=600.0,
    listener_bytes=80_000.0,
    socket_bytes=4_000.0,
    room_bytes=10_000.0,
    clip_bytes=1_000.0,
    wake_us=2_000.0,
    owner_us=200.0,
    follower_us=50.0,
    appends_a_second=10_000.0,
    append_server_us=60.0,
    delivery_server_us=14.0,
    stored_room_bytes=1_000.0,
)
# Sixty rooms of ten people, each with a clip of 3 s every 10 s.
TENS = Load(
    listeners=600,
    rooms=600,
    awake_share=0.1,
    tail=0.0,
    clips_a_minute=6.0,
    clip_s=3.0,
    messages_a_clip=8.0,
    events_a_clip=6.0,
    lines_a_minute=1.2,
    masked_share=0.5,
    captioned_share=0.5,
    clips_kept=100.0,
    stay_minutes=10.0,
)


def test_one_node_by_hand() -> None:
    needs = plan.needs_of(TENS, COSTS, 1)
    # A room: 0.8 messages a second of clips, and of ten people 0.2 lines.
    assert needs.appends_a_second == pytest.approx(60 * (0.6 + 0.2))
    # 60 messages a second at 100 us, each to ten sockets at 10 us; one comes in a second, at 300 us.
    assert needs.loop_cores == pytest.approx((60 * 100 + 60 * 10 * 10 + 300) / 1e6)
    # 600 hear 50 packets in 3 of 10 seconds, 18 speak at a time; one comes in a second.
    assert needs.media_cores == pytest.approx((600 * 0.3 * 50 * 10 + 18 * 50 * 10 + 600) / 1e6)
    # Six clips a second; half of them masked, half with words.
    assert needs.finish_cores == pytest.approx(6 * 3 * (5_000 + 5_000) / 1e6)
    assert needs.caption_cores == pytest.approx(3 * 50_000 / 1e6)
    assert needs.memory_bytes == pytest.approx(600 * 84_000 + 60 * 110_000 + plan.NODE_BYTES)
    radio_bits, chat_bits = 600 * 0.3 * (32_000 + 50 * 50 * 8), 600 * (156 + 66) * 8
    assert needs.network_bits == pytest.approx(radio_bits + chat_bits)
    assert needs.stored_a_day_bytes == pytest.approx(86_400 * (6 * 12_000 + 48 * 440))
    assert (needs.copies, needs.store_cores, needs.abroad_bits) == (60, 0, 0)


def test_several_nodes_by_hand() -> None:
    load = replace(TENS, routed_share=1.0)
    alone, shared = plan.needs_of(load, COSTS, 1), plan.needs_of(load, COSTS, 10)
    # All visitors are where their room is: what is added is the owner's append.
    assert shared.copies == 60
    assert shared.loop_cores - alone.loop_cores == pytest.approx(60 * 200 / 1e6)
    assert shared.store_cores == pytest.approx(48 * 60 / 1e6)
    spread = plan.needs_of(TENS, COSTS, 10)
    # Nine others of ten, by nine tenths not at the owner, choose among nine nodes.
    copies = 60 * (1 + 9 * (1 - (8 / 9) ** 8.1))
    assert spread.copies == pytest.approx(copies)
    assert spread.loop_cores - shared.loop_cores == pytest.approx((copies - 60) * 50 / 1e6)


def test_a_huge_room_takes_a_third_of_each_loop_at_most() -> None:
    load = replace(TENS, lines_a_second_most=1e6, lines_a_minute=600.0)
    sizes = np.array([20_000.0])  # 0.2 s of writes, and then a rest of 0.25 s
    assert plan.needs_of(load, COSTS, 1, sizes).loop_cores < 0.5 + 200_000 * 100 / 1e6
    writes = plan.needs_of(load, replace(COSTS, message_us=0.0), 1, sizes).loop_cores
    assert writes == pytest.approx(0.2 / 0.45, rel=0.01)


def test_packets_go_with_the_size_of_the_room() -> None:
    packets_s, packet_us = plan._packets(np.array([50.0, 300.0, 301.0]), COSTS)
    assert packets_s.tolist() == [50, 1000 / 60, 1000 / 120]
    assert packet_us.tolist() == [10, 12, 20]


@pytest.mark.parametrize("tail", [0.0, 0.8, 1.0, 1.5])
def test_rooms_hold_all_people(tail: float) -> None:
    sizes = plan.sizes_of(Load(listeners=10_000, rooms=5_000, tail=tail))
    assert len(sizes) == 500
    assert sizes.sum() == pytest.approx(10_000)
    assert all(sizes[:-1] >= sizes[1:])


def test_nobody_is_in_a_room_without_people() -> None:
    assert len(plan.sizes_of(Load(listeners=5, rooms=1_000_000))) == 5
    assert len(plan.sizes_of(Load(listeners=5, rooms=1))) == 1


def cells(needs: Needs) -> list[float]:
    return [getattr(needs, name) for name in needs.__struct_fields__]


@pytest.mark.parametrize(
    "more",
    [
        {"listeners": 1_200},
        {"clips_a_minute": 12.0},
        {"lines_a_minute": 2.4},
        {"clips_kept": 200.0},
        {"regions": 3},
    ],
)
def test_more_of_anything_takes_no_less_of_anything(more: dict[str, float]) -> None:
    less, greater = plan.needs_of(TENS, COSTS, 6), plan.needs_of(replace(TENS, **more), COSTS, 6)
    if "regions" in more:  # who is abroad finds fewer nodes: only what goes between regions grows for certain
        assert less.abroad_bits == 0 < greater.abroad_bits
    else:
        assert all(a <= b for a, b in zip(cells(less), cells(greater), strict=True))
        assert cells(less) != cells(greater)


def test_a_plan_of_one_machine_has_no_cluster() -> None:
    small = plan.plan(plan.scaled(Load(), 100), COSTS, Machine())
    assert (small.machines, small.spare, small.nodes, small.nats_servers) == (1, 0, 1, 0)


def test_a_plan_carries_what_it_is_made_for() -> None:
    machine = Machine()
    for listeners in (10_000, 100_000, 1_000_000):
        found = plan.plan(plan.scaled(Load(), listeners), COSTS, machine)
        working = found.machines - found.spare
        assert max(found.by_resource.values()) <= working
        assert found.needs.loop_cores <= (found.nodes - found.spare) * machine.busy
        assert found.needs.appends_a_second <= found.nats_servers / 3 * 10_000 * machine.busy
        assert found.by_resource[found.bottleneck.split(":")[0]] == max(found.by_resource.values())


def test_machines_grow_with_listeners_and_shrink_with_better_ones() -> None:
    machines = [
        plan.plan(plan.scaled(Load(), n), COSTS, Machine()).machines for n in (1, 1_000, 50_000, 200_000)
    ]
    assert machines == sorted(machines)
    load = plan.scaled(Load(), 200_000)
    assert plan.plan(load, COSTS, Machine(cores=32)).machines < plan.plan(load, COSTS, Machine()).machines


def test_each_region_has_machines_and_servers_of_its_own() -> None:
    found = plan.plan(replace(plan.scaled(Load(), 10_000), regions=3), COSTS, Machine())
    assert found.machines >= 6
    assert found.spare == 3
    assert found.nats_servers == 9


@pytest.mark.parametrize("short", ["CPU", "memory", "network"])
def test_what_is_short_is_named(short: str) -> None:
    machines = {
        "CPU": Machine(cores=1),
        "memory": Machine(memory_bytes=1e9, cores=1_000),
        "network": Machine(network_bits=1e8, cores=1_000),
    }
    assert plan.plan(plan.scaled(Load(), 5_000), COSTS, machines[short]).bottleneck.startswith(short)


def test_too_few_shards_and_too_many_nodes_are_said() -> None:
    huge = plan.plan(plan.scaled(Load(), 3_000_000), replace(COSTS, owner_us=2_000.0), Machine())
    assert any("shards" in warning for warning in huge.warnings)
    assert any("nodes" in warning for warning in huge.warnings)


def test_one_more_machine_brings_listeners() -> None:
    load = plan.scaled(Load(), 10_000)
    one, two = (plan.most_listeners(load, COSTS, Machine(), working) for working in (1, 2))
    assert two > one > 0
    for working, most in ((1, one), (2, two)):
        found = plan.plan(plan.scaled(load, most), COSTS, Machine())
        assert found.machines - found.spare <= working


def test_unit_costs_come_from_the_figures_of_the_tree() -> None:
    costs = plan.read_costs()
    assert all(v > 0 for name in costs.__struct_fields__ if isinstance(v := getattr(costs, name), float))
    # What a saturated fan-out takes is put together again from its write and its messages.
    assert costs.frame_us < 100
    assert set(costs.by_prototype) <= set(plan.PROTOTYPE)


def test_figures_of_a_run_take_the_place_of_those_of_the_prototype() -> None:
    figures = dict.fromkeys(
        (
            "listeners.cpu_us_a_packet_20ms",
            "listeners.cpu_us_a_packet_60ms",
            "listeners.cpu_us_a_packet_120ms",
            "masks.cpu_ms_a_second_worst",
            "captions.tiny_en_cpu_ms_a_sentence",
            "chat.joins_cpu_s",
            "listeners.join_cpu_ms",
            "listeners.memory_kb",
            "chat.idle_socket_kb",
            "age.memory_kb_0",
            "age.memory_kb_1000",
            "age.wake_cpu_ms_1000",
        ),
        1.0,
    )
    figures |= {
        "finish.cpu_ms_5s": 30.0,
        "chat.connections": 1_000.0,
        "chat.lone_cpu_us_per_delivery": 8.0,
        "chat.saturated_cpu_us_per_delivery": 0.3,
        "chat.saturated_messages_per_frame": 50.0,
        "nats.r3_a_second_100": 20_000.0,
    }
    costs = plan.costs_of(figures)
    assert costs.clip_second_us == pytest.approx(6_000)
    # 50 messages to 1000 sockets: 15 ms, of which 8 are the writes; 7 ms are left for 50 messages.
    assert costs.message_us == pytest.approx(140)
    assert costs.appends_a_second == 20_000
    assert "nats.r3_a_second_100" not in costs.by_prototype
    assert "cluster.owner_cpu_us" in costs.by_prototype


def test_the_command_line_names_all_numbers() -> None:
    load, machine, write = plan.chosen(
        ["--listeners", "5000", "--awake-share", "0.2", "--cores", "8", "--write"]
    )
    assert (load.listeners, load.awake_share, load.rooms) == (5_000, 0.2, 1_000_000)
    assert (machine.cores, write) == (8, True)


def test_the_table_has_a_column_for_each_scale() -> None:
    lines = list(plan.table(Load(), COSTS, Machine(), (1, 100)))
    assert {line.count("|") for line in lines} == {4}
    assert any("what is short first" in line for line in lines)


@pytest.mark.parametrize(
    ("value", "text"), [(12_345, "12,300"), (99.6, "100"), (5.234, "5.2"), (0.0123, "0.012")]
)
def test_numbers_are_shown_with_what_counts(value: float, text: str) -> None:
    assert plan.shown(value) == text


def test_places_that_are_taken() -> None:
    assert plan.distinct(10, np.array([0.0, 1.0]))[1] == pytest.approx(1)
    assert plan.distinct(0, np.array([5.0])).tolist() == [0]
    assert math.isclose(plan.distinct(10, np.array([1e6]))[0], 10)
