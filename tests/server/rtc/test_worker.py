"""A server with media workers, as a host runs it: heard over HTTP and UDP, and no process outlives it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from aiohttp import ClientSession

from tests.support.rtc_bare import BarePeer
from tests.support.server import running_server


def children(pid: int) -> list[int]:
    """Return the processes that a process started and that still run."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found]


def workers(pid: int) -> list[int]:
    return [
        each for each in children(pid) if b"server.rtc.worker" in Path(f"/proc/{each}/cmdline").read_bytes()
    ]


def wait_for_the_end_of(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a worker outlived its server"
        time.sleep(0.01)


async def _connect(url: str, peer: BarePeer) -> None:
    async def ask(offer: str) -> str:
        async with (
            ClientSession() as http,
            http.post(
                f"{url}/api/rooms/wonder/whep", data=offer, headers={"Content-Type": "application/sdp"}
            ) as r,
        ):
            assert r.status == 201
            return await r.text()

    await peer.connect(ask)


async def test_listeners_of_one_room_come_to_both_workers_and_all_end_together() -> None:
    with running_server(media_workers=2) as server:
        pids = workers(server.pid)
        assert len(pids) == 2
        async with BarePeer("listener") as one, BarePeer("listener") as other:
            for peer in (one, other):
                await _connect(server.url, peer)
                await peer.hear(lambda heard: len(heard) >= 5)
            ports = {one.server[1], other.server[1]}
            assert ports >= {server.udp[1]}
            assert len(ports) == 2
    wait_for_the_end_of(pids)


def test_workers_end_when_the_server_is_killed() -> None:
    with running_server(media_workers=2) as server:
        pids = workers(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        wait_for_the_end_of(pids)
