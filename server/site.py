"""All routes in one application."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from server.api import asyncapi, openapi
from server.api.resources import OPERATIONS
from server.engines.utterances import Utterances
from server.http import problems, redirects, security
from server.http.app_keys import CONFIG, LIMITS, SOCKETS_OPEN
from server.http.assets import ASSETS, Assets
from server.http.limits import UploadBudget
from server.metrics.registry import REGISTRY
from server.socket import endpoint
from server.socket.sockets import SocketLimits
from server.web import (
    app_keys,
    codes,
    descriptions,
    health,
    push,
    recordings,
    rooms,
    search,
    sessions,
    spoken,
    telegram,
)
from server.web.counts import Counts
from server.web.operations import routes
from server.web.transcodes import TRANSCODES, Transcodes

if TYPE_CHECKING:
    from server.blobs.base import Blobs
    from server.config import Config
    from server.http.limits import Limits
    from server.log.base import Log
    from server.metrics.metrics import Metrics
    from server.rooms.registry import RoomRegistry
    from server.rtc.media import Media
    from server.takes.finisher import Finisher
    from server.takes.takes import Takes


def make_app(
    *,
    config: Config,
    log: Log,
    blobs: Blobs,
    registry: RoomRegistry,
    media: Media,
    finisher: Finisher,
    takes: Takes,
    figures: Metrics,
    limits: Limits,
    listening: Callable[[str], None] | None = None,
    find: search.Find = search.nothing,
    utterances: Utterances | None = None,
) -> web.Application:
    """Return the application; its `HEALTH` is where draining is told.

    `listening` is told of the rooms in which somebody begins to listen; `find` looks for words in a room.
    """
    app = web.Application(
        middlewares=[health.middleware, problems.middleware, redirects.middleware],
        client_max_size=config.json_bytes,
    )
    app[CONFIG], app[LIMITS] = config, limits
    app[app_keys.LOG], app[app_keys.BLOBS], app[app_keys.ROOM_REGISTRY] = log, blobs, registry
    app[app_keys.MEDIA], app[app_keys.TAKES] = media, takes
    app[health.HEALTH] = health.Health()
    app[REGISTRY] = figures.registry
    app[ASSETS] = Assets()
    app[spoken.UTTERANCES] = utterances or Utterances(clock=registry.clock)
    app[app_keys.UPLOAD_BUDGET] = UploadBudget()
    app[codes.CODES_GIVEN] = codes.RoomCodes()
    app[search.FIND] = find
    app[telegram.TELEGRAM], app[push.PUSH] = telegram.Slot(), push.Slot()
    app[recordings.BUSY] = recordings.Busy(config.recordings)
    app[TRANSCODES] = Transcodes(finisher.m4a, config.m4a_cache_bytes)
    bounds = SocketLimits(config.sockets, config.sockets_per_address)
    endpoint.attach(app, bounds, listening, app[push.PUSH].forget)
    counts: Callable[[str], Counts] = partial(_counts, app)
    app[app_keys.COUNTS] = counts
    app[SOCKETS_OPEN] = app[endpoint.SOCKETS].__len__
    app[REGISTRY].watch("sockets", "Open WebSockets.", app[SOCKETS_OPEN])
    app[security.CAUSES], app[problems.DAMAGED] = set(), problems.DamagedPaths()
    app[rooms.ASLEEP], app[sessions.SESSIONS_BEGUN] = {}, OrderedDict[str, sessions.Begun]()
    app.on_response_prepare.append(security.add_headers)
    app.on_shutdown.append(_end_sockets)
    app.on_cleanup.append(_clean)
    app[descriptions.HTTP], app[descriptions.SOCKET] = openapi.page, asyncapi.page
    app.add_routes(routes(OPERATIONS))
    return app


def _counts(app: web.Application, room: str) -> Counts:
    return app[endpoint.SOCKETS].counts(room)


async def _end_sockets(app: web.Application) -> None:
    app[recordings.BUSY].close()
    await app[endpoint.SOCKETS].close()


async def _clean(app: web.Application) -> None:
    await app[TRANSCODES].close()
