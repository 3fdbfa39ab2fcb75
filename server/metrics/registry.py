"""Where the parts of the server say what is counted and measured, in the form of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class _Total(Collector):
    """A counter whose value is read when somebody asks."""

    def __init__(self, name: str, sentence: str, read: Callable[[], float]) -> None:
        self._name, self._sentence, self._read = name, sentence, read

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily(self._name, self._sentence, value=self._read())


class Registry:
    """The metrics of one server; all names begin with `wonder_`."""

    def __init__(self) -> None:
        self.prometheus = CollectorRegistry()
        ProcessCollector(registry=self.prometheus)
        self.requests = Counter(
            "wonder_http_requests",
            "Answered requests.",
            ["method", "route", "status"],
            registry=self.prometheus,
        )

    def watch(self, name: str, sentence: str, read: Callable[[], float]) -> None:
        """Show a value that is read when somebody asks."""
        Gauge(f"wonder_{name}", sentence, registry=self.prometheus).set_function(read)

    def count(self, name: str, sentence: str, read: Callable[[], float]) -> None:
        """Show a value that only grows; Prometheus ends its name with `_total`."""
        self.prometheus.register(_Total(f"wonder_{name}", sentence, read))


REGISTRY: web.AppKey[Registry] = web.AppKey("registry")
