"""The descriptions of the API, served."""

from __future__ import annotations

from functools import cache

from aiohttp import web

from server.api import openapi
from server.http import assets


@cache
def _openapi() -> assets.Asset:
    return assets.asset(openapi.page(), "application/json")


async def describe(request: web.Request) -> web.Response:
    """Answer the description of the HTTP side."""
    return assets.answer(request, _openapi())


def routes() -> list[web.RouteDef]:
    """Return the routes of the descriptions."""
    return [web.get("/api/openapi.json", describe)]
