"""The descriptions of the HTTP side and of the socket, for programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from aiohttp import web

from server.http import assets
from server.web.operations import OBJECT, Operation, json_body

# Made when somebody first asks, for most servers are never asked.
HTTP: web.AppKey[Callable[[], bytes]] = web.AppKey("http_description")
SOCKET: web.AppKey[Callable[[], bytes]] = web.AppKey("socket_description")


async def show_http(request: web.Request) -> web.StreamResponse:
    """Answer the description of the HTTP side."""
    return assets.answer(request, _asset(request.app[HTTP]))


async def show_socket(request: web.Request) -> web.StreamResponse:
    """Answer the description of the socket."""
    return assets.answer(request, _asset(request.app[SOCKET]))


@lru_cache(maxsize=2)
def _asset(page: Callable[[], bytes]) -> assets.Asset:
    return assets.asset(page(), "application/json")


OPERATIONS = (
    Operation("GET", "/api/openapi.json", show_http, "This description.", {200: json_body(OBJECT), 304: {}}),
    Operation(
        "GET",
        "/api/asyncapi.json",
        show_socket,
        "The description of the socket (AsyncAPI 3.0).",
        {200: json_body(OBJECT), 304: {}},
    ),
)
