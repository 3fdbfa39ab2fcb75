"""Where the parts of the server are found in the web application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from server.config import Config
    from server.http.limits import Limits
    from server.log.base import Log
    from server.room.house import House
    from server.rtc.media import Media
    from server.socket.roster import Counts
    from server.stage import Stage


CONFIG: web.AppKey[Config] = web.AppKey("config")
HOUSE: web.AppKey[House] = web.AppKey("house")
STAGE: web.AppKey[Stage] = web.AppKey("stage")
MEDIA: web.AppKey[Media] = web.AppKey("media")
LOG: web.AppKey[Log] = web.AppKey("log")
LIMITS: web.AppKey[Limits] = web.AppKey("limits")
# Who is in a room by socket.
COUNTS: web.AppKey[Callable[[str], Counts]] = web.AppKey("counts")
