"""The figures of /metrics beside the counted requests: counters that parts feed, and values read on demand.

No label holds anything a visitor sent, and none a room's id, which is all it takes to enter a private
room: rooms are told apart by their rank alone, so that there are never more series than ranks.
"""

from __future__ import annotations

import asyncio
import ctypes
import math
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import Any, Protocol

from prometheus_client import Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.metrics.lag import Lag
from server.metrics.registry import Registry
from server.rooms.registry import RoomRegistry
from server.rtc.media import Media, Role
from server.takes.observer import TakesObserver

TOP_ROOMS = 10
JOIN_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
FINISH_S = (0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
CAPTION_S = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 15, 60)
COMMIT_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5)


class _Malloc(ctypes.Structure):
    """What mallinfo2(3) returns."""

    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    ]


def native_bytes() -> float:
    """Return what was allocated and not freed; resident memory also counts what is kept for later.

    Not a number where the C library does not tell (glibc does, from 2.33 on).
    """
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return math.nan
    mallinfo.restype = _Malloc
    found = mallinfo()
    return float(found.uordblks + found.hblkhd)


def commit_times() -> Histogram:
    """Return what a log tells its appends' times to; it is shown once `Metrics` has it."""
    return Histogram(
        "wonder_commit_seconds", "From asking the log to durable.", registry=None, buckets=COMMIT_S
    )


class LargestRooms(Collector):
    """The listeners of the rooms that have the most."""

    def __init__(self, rooms: Callable[[], Iterable[str]], listeners: Callable[[str], int]) -> None:
        self._rooms, self._listeners = rooms, listeners

    def collect(self) -> Iterator[Metric]:
        """Yield one gauge with a sample a rank; rooms without listeners have none."""
        gauge = GaugeMetricFamily(
            "wonder_room_listeners", "Connected listening peers of the rooms with the most.", labels=["rank"]
        )
        counts = nlargest(TOP_ROOMS, filter(None, map(self._listeners, self._rooms())))
        for rank, count in enumerate(counts, start=1):
            gauge.add_metric([str(rank)], count)
        yield gauge


class Progress(Protocol):
    """What a durable reader's runner tells of it."""

    name: str
    events: int
    retries: int
    set_aside: int

    def behind_ms(self) -> int:
        """Return the age of the oldest change that is not seen yet."""


class DurableReaders(Collector):
    """How far each durable reader has come, by its name."""

    def __init__(self, readers: Sequence[Progress]) -> None:
        self._readers = readers

    def collect(self) -> Iterator[Metric]:
        """Yield the counters and the gauge."""
        counters: dict[str, tuple[str, Callable[[Progress], float]]] = {
            "events": ("Changes that were seen.", lambda reader: reader.events),
            "retries": ("Changes that were tried once more.", lambda reader: reader.retries),
            "set_aside": ("Changes that were given up after all tries.", lambda reader: reader.set_aside),
        }
        for name, (sentence, read) in counters.items():
            counter = CounterMetricFamily(f"wonder_reader_{name}", sentence, labels=["reader"])
            for reader in self._readers:
                counter.add_metric([reader.name], read(reader))
            yield counter
        behind = GaugeMetricFamily(
            "wonder_reader_behind_seconds",
            "Age of the oldest change that is not seen yet.",
            labels=["reader"],
        )
        for reader in self._readers:
            behind.add_metric([reader.name], reader.behind_ms() / 1000)
        yield behind


class Spending(Protocol):
    """What asking a language model came to."""

    prompt_tokens: int
    answer_tokens: int

    @property
    def outcomes(self) -> Mapping[Any, int]:
        """Return how often which of them was."""

    @property
    def cents(self) -> float:
        """Return what all tokens cost."""


class ModelSpending(Collector):
    """The lines that a language model was asked for, and what they cost."""

    def __init__(self, spending: Spending) -> None:
        self._spending = spending

    def collect(self) -> Iterator[Metric]:
        """Yield three counters."""
        spending = self._spending
        lines = CounterMetricFamily(
            "wonder_host_lines", "Lines asked of a model, by what came of it.", labels=["outcome"]
        )
        for outcome, count in sorted(spending.outcomes.items()):
            lines.add_metric([outcome], count)
        yield lines
        tokens = CounterMetricFamily(
            "wonder_host_tokens", "Tokens sent to a model and written by it.", labels=["kind"]
        )
        tokens.add_metric(["prompt"], spending.prompt_tokens)
        tokens.add_metric(["answer"], spending.answer_tokens)
        yield tokens
        yield CounterMetricFamily(
            "wonder_host_cost_cents", "What they cost, by the prices that were set.", value=spending.cents
        )


class Metrics(TakesObserver):
    """Counters and times that the parts feed; the rest is read when somebody asks."""

    def __init__(self, registry: Registry, rooms: RoomRegistry, media: Media, commits: Histogram) -> None:
        self.registry = registry
        self.lag = Lag()
        prometheus = registry.prometheus
        self._joins = Histogram(
            "wonder_join_seconds",
            "From offer to connected.",
            ["role"],
            registry=prometheus,
            buckets=JOIN_S,
        )
        self._takes = Counter(
            "wonder_takes",
            "Takes and uploads, by what came of them.",
            ["outcome"],
            registry=prometheus,
        )
        self._finish = Histogram(
            "wonder_finish_seconds",
            "From a take's end to its clip on disk.",
            registry=prometheus,
            buckets=FINISH_S,
        )
        self._captions = Counter(
            "wonder_captions",
            "Clips that were listened to, by what came of it.",
            ["outcome"],
            registry=prometheus,
        )
        self._caption_times = Histogram(
            "wonder_caption_seconds",
            "From a clip's landing to its words.",
            registry=prometheus,
            buckets=CAPTION_S,
        )
        prometheus.register(commits)
        prometheus.register(LargestRooms(rooms.ids, media.listeners))
        self._watch(registry, rooms, media)

    def _watch(self, registry: Registry, rooms: RoomRegistry, media: Media) -> None:
        registry.watch("rooms_awake", "Rooms that are awake.", lambda: len(rooms))
        registry.watch("speakers", "Connected speaking peers.", lambda: media.counts().speakers)
        registry.watch("listeners", "Connected listening peers.", lambda: media.counts().listeners)
        registry.count(
            "rtp_packets_in", "Packets received since the start.", lambda: media.counts().packets_in
        )
        registry.count("rtp_packets_out", "Packets sent since the start.", lambda: media.counts().packets_out)
        registry.count("udp_dropped", "Datagrams dropped since the start.", lambda: media.counts().dropped)
        registry.watch(
            "loop_lag_p99_seconds", "Lateness of timers, of the last minute.", lambda: self.lag.quantile(0.99)
        )
        registry.watch("loop_lag_max_seconds", "The latest of them.", lambda: self.lag.quantile(1.0))
        registry.watch("tasks", "Tasks of the event loop.", lambda: len(asyncio.all_tasks()))
        registry.watch("native_memory_bytes", "Memory in use by libraries, as glibc counts.", native_bytes)
        registry.watch("python_blocks", "Memory blocks in use by Python.", sys.getallocatedblocks)
        registry.watch("threads", "Threads of Python.", threading.active_count)

    def follow(self, readers: Sequence[Progress]) -> None:
        """Show how far these have come."""
        self.registry.prometheus.register(DurableReaders(readers))

    def follow_captions(self, waiting: Callable[[], int]) -> None:
        """Show how many clips wait for their words."""
        self.registry.watch("captions_waiting", "Clips that wait in memory for their words.", waiting)

    def follow_spool(self, waiting: Callable[[], int]) -> None:
        """Show how many takes wait for the storage of clips."""
        self.registry.watch("spool_waiting", "Takes on the disk that wait for the storage of clips.", waiting)

    def follow_model(self, spending: Spending, is_resting: Callable[[], bool]) -> None:
        """Show what asking a language model comes to, and whether it is left alone for a while."""
        self.registry.prometheus.register(ModelSpending(spending))
        self.registry.watch("host_resting", "1 while a model that failed is left alone.", is_resting)

    def caption_ended(self, outcome: str, took_s: float) -> None:
        """Count a clip that was listened to; note how long it took to get its words."""
        self._captions.labels(outcome).inc()
        if outcome == "words":
            self._caption_times.observe(took_s)

    def peer_connected(self, role: Role, took_s: float) -> None:
        """Note how long a peer took to connect."""
        self._joins.labels(role).observe(took_s)

    def take_ended(self, outcome: str, took_s: float) -> None:
        """Count a take; of one that landed note how long that took."""
        self._takes.labels(outcome).inc()
        if outcome == "landed":
            self._finish.observe(took_s)
