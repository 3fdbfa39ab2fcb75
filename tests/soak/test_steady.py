"""Hours of visitors leave nothing behind: neither memory nor tasks, threads, files or rooms.

`make soak TESTS=tests/soak` runs three minutes of it. For a day of the size that the budget speaks of:
`SOAK_S=86400 SOAK_LISTENERS=200 SOAK_STAY_S=30 make soak TESTS=tests/soak`.
"""

from __future__ import annotations

import asyncio
import math
import os
import statistics
from collections.abc import Iterator

import pytest
from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from tests.support.crowd import Crowd, Plan, figures, process
from tests.support.server import Server, running_server

SECONDS = float(os.environ.get("SOAK_S", "180"))
PLAN = Plan(
    listeners=int(os.environ.get("SOAK_LISTENERS", "16")),
    sockets=int(os.environ.get("SOAK_SOCKETS", "16")),
    speakers=int(os.environ.get("SOAK_SPEAKERS", "2")),
    stay_s=float(os.environ.get("SOAK_STAY_S", "2")),
)
# Long enough for each cache to have been filled, and for each kind of child to have run once.
WARM_UP_S = 12.0
SAMPLE_EVERY_S = 1.0
MEMORY = ("native_memory_bytes", "python_blocks")
# A listener that vanished is let go after 30 s (RFC 7675), a room after its idle time; twice that.
SETTLE_LIMIT_S = 90.0
# In use at rest, before and after. 500 listeners left 60 KB (who sat where, bounded); texts and clips fill
# the page caches of SQLite (2 MB a connection): 4.3 MB and 13,000 blocks after 730 visits, 350 texts and 32
# clips. One listener (60 KB) left behind a visit would be 18 MB at the least.
NATIVE_MB, PYTHON_BLOCKS = 10.0, 60_000
# Resident memory is what the budget for a day speaks of. The C library keeps what the busiest moment needed:
# 36 MB were seen while 50 vanished listeners kept their seats, and nothing of it was in use any more.
GROWTH_MB_PER_HOUR, KEPT_MB = 1.0, 40.0
# On two busy cores one handshake in some hundreds runs into its limit of time; that is not what is measured.
FAILED_SHARE = 0.03

pytestmark = [pytest.mark.soak, pytest.mark.timeout(SECONDS + 400)]


@pytest.fixture
def quiet_server() -> Iterator[Server]:
    """Run a server without limits on rates, whose rooms fall asleep soon."""
    options: dict[str, str | int] = {"limits": "off", "room_idle_ms": 1_500, "peers_per_address": 2_000}
    with running_server(**options) as server:
        yield server


async def held(session: ClientSession, server: Server) -> dict[str, float]:
    """Return what the server holds now."""
    found = await figures(session, server.url)
    ours = ("tasks", "sockets", "listeners", "speakers", "rooms_awake")
    return {name: found[f"wonder_{name}"] for name in ours} | process(server.pid)


def beyond(now: dict[str, float], most: dict[str, float]) -> dict[str, float]:
    """Return what is held beyond `most`; less than that is no fault (a spare file that was closed since)."""
    return {name: now[name] for name in most if now[name] > most[name]}


async def settled(session: ClientSession, server: Server, most: dict[str, float]) -> dict[str, float]:
    """Wait until nothing is held beyond `most`, or until patience ends; return what is held then."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_LIMIT_S
    while beyond(now := await held(session, server), most) and loop.time() < deadline:
        await asyncio.sleep(0.5)
    return now


async def sample(server: Server, resident_mb: list[float]) -> None:
    while True:
        resident_mb.append(process(server.pid)["resident_mb"])
        await asyncio.sleep(SAMPLE_EVERY_S)


async def test_a_crowd_that_comes_and_goes_leaves_nothing_behind(quiet_server: Server) -> None:
    server = quiet_server
    async with ClientSession(
        cookie_jar=DummyCookieJar(), connector=TCPConnector(force_close=True)
    ) as session:
        crowd = Crowd(server.url, session, PLAN)
        nobody = dict.fromkeys(("sockets", "listeners", "speakers", "rooms_awake"), 0.0)
        await crowd.stay(WARM_UP_S)
        base = await settled(session, server, nobody)
        assert not beyond(base, nobody)
        del base["resident_mb"]
        before = await figures(session, server.url)
        crowd.did.clear()

        resident_mb: list[float] = []
        sampling = asyncio.ensure_future(sample(server, resident_mb))
        await crowd.stay(SECONDS, vanishing=True)
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)

        assert not beyond(await settled(session, server, base), base)
        after = await figures(session, server.url)

    third = len(resident_mb) // 3
    growth_mb = statistics.median(resident_mb[-third:]) - statistics.median(resident_mb[:third])
    print(f"{dict(crowd.did)}, grown by {growth_mb:.1f} MB to {resident_mb[-1]:.0f} MB, held {base}")
    hours = SECONDS / 3_600
    assert growth_mb <= KEPT_MB + GROWTH_MB_PER_HOUR * hours
    grown = {name: after[f"wonder_{name}"] - before[f"wonder_{name}"] for name in MEMORY}
    print(grown)
    if not math.isnan(grown["native_memory_bytes"]):
        assert grown["native_memory_bytes"] / 2**20 <= NATIVE_MB + GROWTH_MB_PER_HOUR * hours
    assert grown["python_blocks"] <= PYTHON_BLOCKS * (1 + hours)
    landed = 'wonder_takes_total{outcome="landed"}'
    assert after[landed] - before[landed] >= crowd.did["spoken"] * (1 - FAILED_SHARE)
    assert crowd.did["failed"] <= max(2, crowd.did["visits"] * FAILED_SHARE)
    assert min(crowd.did[name] for name in ("heard", "said", "spoken", "vanished")) > 0
    assert "Traceback" not in server.log
