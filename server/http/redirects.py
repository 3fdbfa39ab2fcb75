"""Addresses that somebody typed or joined together, as /r/ID/ or //r/ID, lead where they were meant to."""

from __future__ import annotations

from aiohttp import web
from yarl import URL

from server.http.problems import Handler


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Redirect a path with slashes too many to the one without, where something is."""
    path, mark, query = request.raw_path.partition("?")
    straight = "/" + "/".join(filter(None, path.split("/")))
    # Only to a path that is ours: browsers take some others (as /\\example.org) for another site's.
    if request.match_info.http_exception is not None and straight != path and await _leads(request, straight):
        return web.Response(status=308, headers={"Location": straight + mark + query})
    return await handler(request)


async def _leads(request: web.Request, path: str) -> bool:
    there = request.clone(rel_url=URL.build(path=path, encoded=True))
    return (await request.app.router.resolve(there)).http_exception is None
