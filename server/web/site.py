"""All routes in one application."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from server.safety.limits import Held
from server.web import (
    asyncapi,
    clips,
    descriptions,
    errors,
    health,
    keys,
    openapi,
    rooms,
    security,
    sessions,
    socket,
    straight,
)
from server.web.assets import ASSETS, Assets
from server.web.figures import Figures
from server.web.operations import routes
from server.web.presence import Counts
from server.web.resources import OPERATIONS
from server.web.sockets import SocketLimits
from server.web.transcodes import TRANSCODES, Transcodes

FIGURES = web.AppKey("figures", Figures)

if TYPE_CHECKING:
    from server.config import Config
    from server.finisher import Finisher
    from server.log.base import Log
    from server.room.house import House
    from server.rtc.media import Media
    from server.safety.limits import Limits
    from server.stage import Stage


def make_app(
    *,
    config: Config,
    log: Log,
    house: House,
    media: Media,
    finisher: Finisher,
    stage: Stage,
    limits: Limits,
) -> web.Application:
    """Return the application; its `HEALTH` is where draining is told."""
    app = web.Application(
        middlewares=[health.middleware, errors.middleware, straight.middleware],
        client_max_size=config.json_bytes,
    )
    app[keys.CONFIG], app[keys.LOG], app[keys.HOUSE] = config, log, house
    app[keys.MEDIA], app[keys.STAGE], app[keys.LIMITS] = media, stage, limits
    app[health.HEALTH] = health.Health()
    app[FIGURES] = Figures(app[health.HEALTH], house, media)
    app[FIGURES].observe(stage)
    app[ASSETS] = Assets()
    app[clips.HELD] = Held()
    app[TRANSCODES] = Transcodes(finisher.m4a, config.m4a_cache_bytes)
    socket.attach(app, SocketLimits(config.sockets, config.sockets_per_address))
    counts: Callable[[str], Counts] = partial(_counts, app)
    app[keys.COUNTS] = counts
    app[health.HEALTH].watch("sockets", "Open WebSockets.", lambda: len(app[socket.SOCKETS]))
    app[security.CAUSES] = set()
    app[rooms.ASLEEP], app[sessions.USERS] = {}, OrderedDict[str, str]()
    app.on_response_prepare.append(security.add_headers)
    app.on_shutdown.append(_end_sockets)
    app.on_cleanup.append(_clean)
    app[descriptions.HTTP], app[descriptions.SOCKET] = openapi.page, asyncapi.page
    app.add_routes(routes(OPERATIONS))
    return app


def _counts(app: web.Application, room: str) -> Counts:
    return app[socket.SOCKETS].counts(room)


async def _end_sockets(app: web.Application) -> None:
    await app[socket.SOCKETS].close()


async def _clean(app: web.Application) -> None:
    await app[TRANSCODES].close()
