"""All routes in one application."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from server.safety.limits import Held
from server.web import (
    clips,
    errors,
    feed,
    games,
    health,
    keys,
    pages,
    previews,
    rooms,
    security,
    sessions,
    socket,
    straight,
    whep,
    whip,
)
from server.web.assets import ASSETS, Assets
from server.web.presence import Counts
from server.web.sockets import SocketLimits
from server.web.transcodes import TRANSCODES, Transcodes

FIGURES: web.AppKey[Figures] = web.AppKey("figures")

if TYPE_CHECKING:
    from server.config import Config
    from server.log.base import Log
    from server.room.house import House
    from server.rtc.media import Media
    from server.safety.limits import Limits
    from server.takes.finisher import Finisher
    from server.takes.takes import Takes
    from server.web.figures import Figures


def make_app(
    *,
    config: Config,
    log: Log,
    house: House,
    media: Media,
    finisher: Finisher,
    takes: Takes,
    figures: Figures,
    limits: Limits,
) -> web.Application:
    """Return the application; its `HEALTH` is where draining is told."""
    app = web.Application(
        middlewares=[health.middleware, errors.middleware, straight.middleware],
        client_max_size=config.json_bytes,
    )
    app[keys.CONFIG], app[keys.LOG], app[keys.HOUSE] = config, log, house
    app[keys.MEDIA], app[keys.FINISHER], app[keys.TAKES] = media, finisher, takes
    app[keys.LIMITS] = limits
    app[health.HEALTH], app[FIGURES] = figures.health, figures
    app[ASSETS] = Assets()
    app[clips.HELD] = Held()
    app[TRANSCODES] = Transcodes(finisher.m4a, config.m4a_cache_bytes)
    socket.attach(app, SocketLimits(config.sockets, config.sockets_per_address))
    counts: Callable[[str], Counts] = partial(_counts, app)
    app[keys.COUNTS] = counts
    app[health.HEALTH].watch("sockets", "Open WebSockets.", lambda: len(app[socket.SOCKETS]))
    app[security.CAUSES], app[errors.DAMAGED] = set(), errors.DamagedPaths()
    app[rooms.ASLEEP], app[sessions.USERS] = {}, OrderedDict[str, str]()
    app.on_response_prepare.append(security.add_headers)
    app.on_shutdown.append(_end_sockets)
    app.on_cleanup.append(_clean)
    for resource in (rooms, games, whip, whep, clips, previews, feed, health, pages, socket):
        app.add_routes(resource.routes())
    return app


def _counts(app: web.Application, room: str) -> Counts:
    return app[socket.SOCKETS].counts(room)


async def _end_sockets(app: web.Application) -> None:
    await app[socket.SOCKETS].close()


async def _clean(app: web.Application) -> None:
    await app[TRANSCODES].close()
