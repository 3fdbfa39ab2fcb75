"""Metrics as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import generate_latest

from server.metrics.registry import Registry


def shown(registry: Registry) -> list[str]:
    return generate_latest(registry.prometheus).decode().splitlines()


def test_a_value_is_read_when_somebody_asks_and_a_count_ends_in_total() -> None:
    registry, sockets = Registry(), [3.0]
    registry.watch("sockets", "Open WebSockets.", lambda: sockets[0])
    registry.count("packets", "Packets sent.", lambda: 2 * sockets[0])
    assert {"wonder_sockets 3.0", "wonder_packets_total 6.0"} <= set(shown(registry))
    sockets[0] = 5.0
    assert {"wonder_sockets 5.0", "wonder_packets_total 10.0"} <= set(shown(registry))


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = Registry(), Registry()
    one.requests.labels("GET", "/", "200").inc()
    line = 'wonder_http_requests_total{method="GET",route="/",status="200"} 1.0'
    assert (line in shown(one), line in shown(other)) == (True, False)
