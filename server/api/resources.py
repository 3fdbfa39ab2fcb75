"""All resources of the server: the one list that routes and their description come from."""

from __future__ import annotations

from server.socket import endpoint
from server.web import (
    admin,
    clips,
    codes,
    dare,
    descriptions,
    feed,
    games,
    health,
    hooks,
    masks,
    pages,
    previews,
    push,
    qr,
    recordings,
    reports,
    room_settings,
    rooms,
    search,
    spoken,
    telegram,
    whep,
    whip,
)
from server.web.operations import Operation

OPERATIONS: tuple[Operation, ...] = (
    *health.OPERATIONS,
    *descriptions.OPERATIONS,
    *rooms.OPERATIONS,
    *room_settings.OPERATIONS,
    *hooks.OPERATIONS,
    *qr.OPERATIONS,
    *codes.OPERATIONS,
    *games.OPERATIONS,
    *endpoint.OPERATIONS,
    *whip.OPERATIONS,
    *whep.OPERATIONS,
    *clips.OPERATIONS,
    *previews.OPERATIONS,
    *spoken.OPERATIONS,
    *masks.OPERATIONS,
    *pages.OPERATIONS,
    *dare.OPERATIONS,
    *feed.OPERATIONS,
    *reports.OPERATIONS,
    *search.OPERATIONS,
    *recordings.OPERATIONS,
    *telegram.OPERATIONS,
    *push.OPERATIONS,
    *admin.OPERATIONS,
)
