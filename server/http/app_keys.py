"""Where the plumbing finds what it needs in the web application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from server.config import Config
    from server.http.limits import Limits

CONFIG: web.AppKey[Config] = web.AppKey("config")
# How many connections are WebSockets, which aiohttp does not count any more.
SOCKETS_OPEN: web.AppKey[Callable[[], int]] = web.AppKey("sockets_open")
LIMITS: web.AppKey[Limits] = web.AppKey("limits")
