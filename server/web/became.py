"""What became of what a visitor left in a room, for them alone."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from server.http.answers import answer
from server.http.security import needed_key, rate_limit
from server.room import became as pure
from server.room.became import Became
from server.web.app_keys import ROOM_REGISTRY
from server.web.operations import KEY_ERRORS, Operation, json_body
from server.web.rooms import ROOM
from server.web.visits import awakened


class News(Struct):
    """What became of links and answers, chains first."""

    became: tuple[Became, ...]


async def show(request: web.Request) -> web.Response:
    """Answer what became of the visitor's links and answers."""
    key = needed_key(request)
    rate_limit(request, "look")
    room = await awakened(request, request.match_info["room"])
    voice = request.app[ROOM_REGISTRY].voice(key, room)
    return answer(News(pure.became(room.state, voice.id)))


OPERATIONS = (
    Operation(
        "GET",
        f"/api/rooms/{ROOM}/became",
        show,
        "What became of what I left: who went on with my chains, and who answered the same after me.",
        {200: json_body(News)},
        ("no_such_room", "too_fast", *KEY_ERRORS),
        key="needed",
    ),
)
