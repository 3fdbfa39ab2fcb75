"""Figures: what the parts tell is counted, and labels stay few and say nothing of anybody."""

from __future__ import annotations

import ctypes
import math
import re

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from server.engines.tally import Tally
from server.log.base import Change
from server.log.memory import MemoryLog
from server.metrics.metrics import TOP_ROOMS, DurableReaders, LargestRooms, ModelSpending, native_bytes
from server.readers.base import Reader
from tests.support.log_contract import said
from tests.support.reading import caught_up, running
from tests.support.web_app import OFFER, Site, bearer


async def figures(site: Site) -> dict[str, float]:
    async with site.ask("GET", "/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


async def test_takes_are_counted_by_outcome(site: Site) -> None:
    await site.clip()
    headers = bearer(**{"Content-Type": "audio/ogg"})
    for body in (b"silence", b"garbage", b"crash"):
        await site.status("POST", "/api/rooms/wonder/clips", data=body, headers=headers)
    found = await figures(site)
    for outcome in ("landed", "silent", "undecodable", "broken"):
        assert found[f'wonder_takes_total{{outcome="{outcome}"}}'] == 1
    assert found["wonder_finish_seconds_count"] == 1


async def test_a_join_is_timed_once_by_role(site: Site) -> None:
    headers = bearer(**{"Content-Type": "application/sdp"})
    assert await site.status("POST", "/api/rooms/wonder/whep", data=OFFER, headers=headers) == 201
    for _ in range(2):
        site.media.observers.connected("peer-1")
    found = await figures(site)
    assert found['wonder_join_seconds_count{role="listener"}'] == 1
    assert found['wonder_room_listeners{rank="1"}'] == 1


async def test_tasks_threads_and_lag_are_shown(site: Site) -> None:
    found = await figures(site)
    assert found["wonder_tasks"] >= 1
    assert found["wonder_threads"] >= 1
    assert found["wonder_python_blocks"] > 0
    assert found["wonder_loop_lag_p99_seconds"] == 0  # nobody looks in this test


async def test_what_only_grows_is_a_counter(site: Site) -> None:
    """Or Prometheus takes a restart for a fall, and promises what it may show of rates."""
    async with site.ask("GET", "/metrics") as answer:
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", await answer.text(), re.MULTILINE))
    for name in ("wonder_rtp_packets_in", "wonder_rtp_packets_out", "wonder_udp_dropped"):
        assert types[f"{name}_total"] == "counter"
        assert name not in types
    assert {kind for name, kind in types.items() if name.endswith("_total")} == {"counter"}


async def test_durable_readers_tell_how_far_they_are_and_what_they_gave_up() -> None:
    class Failing(Reader):
        name = "failing"

        async def read(self, change: Change) -> None:
            if change.event.seq == 2:
                raise ValueError

    log, registry = MemoryLog(), CollectorRegistry()
    async with running(log, Failing()) as (runner,):
        registry.register(DurableReaders([runner]))
        await log.append("r", [said("a"), said("b"), said("c")])
        await caught_up(log, runner)
        text = generate_latest(registry).decode()
    found = dict(re.findall(r'^wonder_reader_(\w+){reader="failing"} (\S+)$', text, re.MULTILINE))
    assert {name: float(value) for name, value in found.items()} == {
        "events_total": 3,
        "retries_total": 2,
        "set_aside_total": 1,
        "behind_seconds": 0,
    }


def test_what_a_model_costs_is_told() -> None:
    tally, registry = Tally(prompt_cents=100, answer_cents=400), CollectorRegistry()
    registry.register(ModelSpending(tally))
    tally.ended("written")
    tally.ended("slow")
    tally.spent(20_000, 1_000)
    text = generate_latest(registry).decode()
    assert dict(re.findall(r"^wonder_host_(\S+) (\S+)$", text, re.MULTILINE)) == {
        'lines_total{outcome="slow"}': "1.0",
        'lines_total{outcome="written"}': "1.0",
        'tokens_total{kind="prompt"}': "20000.0",
        'tokens_total{kind="answer"}': "1000.0",
        "cost_cents_total": "2.4",
    }


def test_rooms_are_ranks_and_never_more_than_the_top() -> None:
    listeners = {f"secret-id-{n}": n for n in range(3 * TOP_ROOMS)}
    registry = CollectorRegistry()
    registry.register(LargestRooms(lambda: listeners, listeners.__getitem__))
    text = generate_latest(registry).decode()
    assert "secret" not in text
    assert re.findall(r'rank="(\d+)"} (\d+)', text)[:2] == [("1", "29"), ("2", "28")]
    assert text.count("rank=") == TOP_ROOMS
    for room in listeners:
        listeners[room] = 0
    assert "rank=" not in generate_latest(registry).decode()


def test_memory_that_libraries_hold_is_counted_until_it_is_freed() -> None:
    before = native_bytes()
    if math.isnan(before):
        pytest.skip("this C library does not tell")
    held = ctypes.create_string_buffer(64 << 20)
    assert native_bytes() - before > 60 << 20
    del held
    assert native_bytes() - before < 4 << 20
