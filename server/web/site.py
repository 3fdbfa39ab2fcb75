"""All routes in one application."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
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
from server.web.figures import Figures, Progress, commit_times
from server.web.presence import Counts
from server.web.sockets import SocketLimits
from server.web.transcodes import TRANSCODES, Transcodes

FIGURES = web.AppKey("figures", Figures)

if TYPE_CHECKING:
    from prometheus_client import Histogram

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
    commits: Histogram | None = None,
    readers: Sequence[Progress] = (),
    listening: Callable[[str], None] | None = None,
) -> web.Application:
    """Return the application; its `HEALTH` is where draining is told.

    `commits` are the times that the log takes, `readers` the durable ones; `listening` is told of the
    rooms in which somebody begins to listen.
    """
    app = web.Application(
        middlewares=[health.middleware, errors.middleware, straight.middleware],
        client_max_size=config.json_bytes,
    )
    app[keys.CONFIG], app[keys.LOG], app[keys.HOUSE] = config, log, house
    app[keys.MEDIA], app[keys.FINISHER], app[keys.STAGE] = media, finisher, stage
    app[keys.LIMITS] = limits
    app[health.HEALTH] = health.Health()
    app[FIGURES] = Figures(app[health.HEALTH], house, media, commits or commit_times())
    app[FIGURES].follow(readers)
    app[FIGURES].observe(stage)
    app[ASSETS] = Assets()
    app[clips.HELD] = Held()
    app[TRANSCODES] = Transcodes(finisher.m4a, config.m4a_cache_bytes)
    bounds = SocketLimits(config.sockets, config.sockets_per_address)
    socket.attach(app, bounds, listening)
    counts: Callable[[str], Counts] = partial(_counts, app)
    app[keys.COUNTS] = counts
    app[health.HEALTH].watch("sockets", "Open WebSockets.", lambda: len(app[socket.SOCKETS]))
    app[security.CAUSES] = set()
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
