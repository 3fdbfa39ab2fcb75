"""Values as answers in JSON."""

from __future__ import annotations

import msgspec
from aiohttp import web


def answer(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a value as JSON that is not kept by caches."""
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
