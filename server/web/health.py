"""Liveness, readiness and metrics, for load balancers and Prometheus."""

from __future__ import annotations

import time
from collections.abc import Mapping

from aiohttp import web
from prometheus_client import generate_latest

from server.http.answers import answer
from server.http.preferences import language_of
from server.http.problems import Handler, Problem
from server.http.security import is_admin, is_local
from server.log.base import Log, StorageFull, Unusable
from server.metrics.registry import REGISTRY
from server.room.commands import restarting
from server.web.app_keys import LOG
from server.web.operations import OBJECT, TEXT, Operation, json_body

# The storage is asked at most this often, however many ask us.
CHECK_EVERY_S = 1.0
READY_AGAIN_MS = 5_000
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """Readiness. `draining` is set first of all when the server is told to stop.

    `captions_off` says to visitors, in each language, why there are no captions; empty where there are.
    """

    def __init__(self) -> None:
        self.draining = False
        self.captions_off: Mapping[str, str] = {}
        self._storage: tuple[float, str] | None = None

    def why_no_captions(self, request: web.Request) -> str:
        """Return why there are no captions, in the language of whoever asks; "" where there are."""
        return self.captions_off.get(language_of(request), "")

    async def storage(self, log: Log) -> str:
        """Return `ok`, `full` or `broken`."""
        now_s = time.monotonic()
        if self._storage is None or now_s - self._storage[0] > CHECK_EVERY_S:
            self._storage = (now_s, await _storage(log))
        return self._storage[1]


HEALTH: web.AppKey[Health] = web.AppKey("health")


async def _storage(log: Log) -> str:
    try:
        await log.check()
    except StorageFull:
        return "full"
    except (OSError, Unusable):
        return "broken"
    return "ok"


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count answered requests by route, never by path."""
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "none"
        method = request.method if request.method in _METHODS else "other"
        request.app[REGISTRY].requests.labels(method, route, str(status)).inc()


_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS")


async def alive(_: web.Request) -> web.Response:
    """Answer 200 as long as the event loop turns."""
    return answer({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """Answer 200 when able to serve; a full disk still lets people listen."""
    health = request.app[HEALTH]
    if health.draining:
        raise restarting(READY_AGAIN_MS)
    storage = await health.storage(request.app[LOG])
    if storage == "broken":
        raise Problem("busy", "The storage does not work.")
    return answer({"status": "ready", "storage": storage, "captions_off": health.why_no_captions(request)})


async def metrics(request: web.Request) -> web.Response:
    """Answer figures to this machine and to the admin."""
    if not (is_local(request) or is_admin(request)):
        raise Problem("not_allowed", "Figures are for this machine and for the admin.")
    body = generate_latest(request.app[REGISTRY].prometheus)
    return web.Response(body=body, headers={"Content-Type": METRICS_TYPE, "Cache-Control": "no-store"})


OPERATIONS = (
    Operation("GET", "/healthz", alive, "Is the server alive?", {200: json_body(OBJECT)}),
    Operation(
        "GET", "/readyz", ready, "Is it able to serve?", {200: json_body(OBJECT)}, ("restarting", "busy")
    ),
    Operation(
        "GET",
        "/metrics",
        metrics,
        "Figures for Prometheus.",
        {200: {"text/plain": TEXT}},
        ("not_allowed",),
        key="admin",
    ),
)
