"""The log in NATS: appends a second to one room and to a hundred, on one server and on three.

Real servers on loopback that write to the disk before they answer (`sync_interval: always`). All share the
cores with the client: the three of a cluster too, which a real one does not.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from pathlib import Path

import uvloop

from server.log.base import Entry
from server.log.nats import NatsLog
from server.room.events import Draft, TextSaid, Voice
from tests.support.nats_server import nats_cluster, nats_server

SECONDS = 3.0
ROOMS = 100
ANNA = Voice("voice-anna", "Zany Kettle", "#ffaa00")


def measure() -> dict[str, float]:
    """Return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, float]:
    figures: dict[str, float] = {}
    async with nats_server(folder / "one") as server:
        log = await NatsLog.open(server.url, claims="implied")
        figures |= {f"nats_r1_{name}": value for name, value in (await _appends(log)).items()}
        await log.close()
    async with nats_cluster(folder / "three") as servers:
        log = await NatsLog.open(",".join(server.url for server in servers), claims="implied")
        figures |= {f"nats_r3_{name}": value for name, value in (await _appends(log)).items()}
        await log.close()
    return figures


async def _appends(log: NatsLog) -> dict[str, float]:
    """Append one text after another to each of some rooms, all rooms at once."""
    figures: dict[str, float] = {}
    for rooms in (1, ROOMS):
        times: list[float] = []
        until = time.perf_counter() + SECONDS
        cpu_s = _cpu_s()
        began = time.perf_counter()
        await asyncio.gather(*(_write(log, f"of{rooms}-{number}", until, times) for number in range(rooms)))
        took_s = time.perf_counter() - began
        figures[f"a_second_{rooms}"] = len(times) / took_s
        figures[f"p50_ms_{rooms}"] = sorted(times)[len(times) // 2] * 1_000
        figures[f"p99_ms_{rooms}"] = sorted(times)[len(times) * 99 // 100] * 1_000
        figures[f"cpu_us_{rooms}"] = (_cpu_s() - cpu_s) / len(times) * 1_000_000
    return figures


async def _write(log: NatsLog, room: str, until: float, times: list[float]) -> None:
    head = 0
    while (began := time.perf_counter()) < until:
        drafts = [Draft(TextSaid("a line of chat, as people write them"), 1_000 + head, ANNA)]
        await log.extend(room, [Entry(drafts, f"key{head}", digest=b"d" * 16)], expect=head)
        times.append(time.perf_counter() - began)
        head += 1


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name}: {value:.2f}")
