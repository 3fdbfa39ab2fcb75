"""Where the resources find the services of the server in the web application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from server.blobs.base import Blobs
    from server.http.limits import UploadBudget
    from server.log.base import Log
    from server.rooms.registry import RoomRegistry
    from server.rtc.media import Media
    from server.takes.takes import Takes
    from server.web.counts import Counts
    from server.web.today import Today

ROOM_REGISTRY: web.AppKey[RoomRegistry] = web.AppKey("room_registry")
TAKES: web.AppKey[Takes] = web.AppKey("takes")
MEDIA: web.AppKey[Media] = web.AppKey("media")
LOG: web.AppKey[Log] = web.AppKey("log")
# Where a clip of a public room may be fetched instead; missing where everything is fetched from us.
CDN: web.AppKey[Callable[[str], str]] = web.AppKey("cdn")
BLOBS: web.AppKey[Blobs] = web.AppKey("blobs")
COUNTS: web.AppKey[Callable[[str], Counts]] = web.AppKey("counts")
# How many people came today.
TODAY: web.AppKey[Today] = web.AppKey("today")
# Uploads that are being read or wait for their finish.
UPLOAD_BUDGET: web.AppKey[UploadBudget] = web.AppKey("held")
