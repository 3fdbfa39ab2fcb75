"""Operations become routes, with their preflights, and nothing else does."""

from __future__ import annotations

from aiohttp import web

from server.web.operations import Operation, routes


async def handler(_: web.Request) -> web.Response:
    return web.Response()


async def preflight(_: web.Request) -> web.Response:
    return web.Response()


def made(method: str, route: str, *, asked: bool = False) -> Operation:
    return Operation(method, route, handler, "Does.", {200: {}}, preflight=preflight if asked else None)  # type: ignore[arg-type]


def test_a_path_is_told_without_the_patterns_of_its_placeholders() -> None:
    route = "/a/{room:[A-Za-z0-9_-]{1,64}}/{clip:[a-z]{8,64}}.ogg/{name}"
    assert made("GET", route).path == "/a/{room}/{clip}.ogg/{name}"


def test_each_operation_is_a_route_and_each_path_has_one_preflight() -> None:
    found = routes([made("GET", "/a", asked=True), made("DELETE", "/a", asked=True), made("POST", "/b")])
    assert [(route.method, route.path, route.handler) for route in found] == [
        ("GET", "/a", handler),
        ("DELETE", "/a", handler),
        ("POST", "/b", handler),
        ("OPTIONS", "/a", preflight),
    ]
