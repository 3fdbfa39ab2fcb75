"""All routes in one application."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from server.http import app_keys, problems, redirects, security
from server.http.assets import ASSETS, Assets
from server.http.limits import UploadBudget
from server.metrics.metrics import Metrics, Progress, commit_times
from server.socket import endpoint
from server.socket.roster import Counts
from server.socket.sockets import SocketLimits
from server.web import clips, feed, games, health, pages, previews, rooms, sessions, whep, whip
from server.web.transcodes import TRANSCODES, Transcodes

METRICS = web.AppKey("figures", Metrics)

if TYPE_CHECKING:
    from prometheus_client import Histogram

    from server.config import Config
    from server.finisher import Finisher
    from server.http.limits import Limits
    from server.log.base import Log
    from server.room.house import House
    from server.rtc.media import Media
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
        middlewares=[health.middleware, problems.middleware, redirects.middleware],
        client_max_size=config.json_bytes,
    )
    app[app_keys.CONFIG], app[app_keys.LOG], app[app_keys.HOUSE] = config, log, house
    app[app_keys.MEDIA], app[app_keys.FINISHER], app[app_keys.STAGE] = media, finisher, stage
    app[app_keys.LIMITS] = limits
    app[health.HEALTH] = health.Health()
    app[METRICS] = Metrics(app[health.HEALTH], house, media, commits or commit_times())
    app[METRICS].follow(readers)
    app[METRICS].observe(stage)
    app[ASSETS] = Assets()
    app[clips.UPLOAD_BUDGET] = UploadBudget()
    app[TRANSCODES] = Transcodes(finisher.m4a, config.m4a_cache_bytes)
    bounds = SocketLimits(config.sockets, config.sockets_per_address)
    endpoint.attach(app, bounds, listening)
    counts: Callable[[str], Counts] = partial(_counts, app)
    app[app_keys.COUNTS] = counts
    app[health.HEALTH].watch("sockets", "Open WebSockets.", lambda: len(app[endpoint.SOCKETS]))
    app[security.CAUSES] = set()
    app[rooms.ASLEEP], app[sessions.USERS] = {}, OrderedDict[str, str]()
    app.on_response_prepare.append(security.add_headers)
    app.on_shutdown.append(_end_sockets)
    app.on_cleanup.append(_clean)
    for resource in (rooms, games, whip, whep, clips, previews, feed, health, pages, endpoint):
        app.add_routes(resource.routes())
    return app


def _counts(app: web.Application, room: str) -> Counts:
    return app[endpoint.SOCKETS].counts(room)


async def _end_sockets(app: web.Application) -> None:
    await app[endpoint.SOCKETS].close()


async def _clean(app: web.Application) -> None:
    await app[TRANSCODES].close()
