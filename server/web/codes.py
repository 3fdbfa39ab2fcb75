"""Three words that lead into a room for a while: for people in one place, who say them to each other."""

from __future__ import annotations

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import ClassVar

from aiohttp import web
from msgspec import Struct

from server.http.answers import answer
from server.http.problems import Problem
from server.http.security import needed_key, rate_limit
from server.room.events import Language
from server.room.ids import nouns, plain
from server.web.operations import KEY_ERRORS, Operation, json_body
from server.web.rooms import ROOM
from server.web.visits import visited

WORDS = 3
# An evening. Whoever has the code on show asks again before it ends, and so it stays.
LIFE_MS = 2 * 3_600_000
# Rooms with a code at a time; the one that nobody asked for the longest loses its own. Of 20 million codes
# (in English) one in 20,000 leads somewhere then, and one network may try 360 an hour.
CODES = 1_000
_APART = re.compile(r"[\W_]+")


class CodeShown(Struct):
    """A room's code."""

    code: str
    for_ms: int


class CodeLeads(Struct):
    """Where a code leads."""

    room: str


class RoomCodes:
    """The codes that are given out, newest last. Each answer costs O(1)."""

    size: ClassVar[int] = CODES

    def __init__(self, draw: Callable[[Sequence[str]], str] = secrets.choice) -> None:
        self._draw = draw
        self._rooms: OrderedDict[str, tuple[str, str, int]] = OrderedDict()  # room: key, code, until
        self._keys: dict[str, str] = {}

    def code(self, room: str, language: Language, now_ms: int) -> str:
        """Return the code of a room, which is good for `LIFE_MS` from now on."""
        key, code, until_ms = self._rooms.pop(room, ("", "", 0))
        if until_ms <= now_ms:
            self._keys.pop(key, None)
            key, code = self._new(language)
        self._keys[key] = room
        self._rooms[room] = key, code, now_ms + LIFE_MS
        while len(self._rooms) > self.size:
            _, (oldest, _, _) = self._rooms.popitem(last=False)
            del self._keys[oldest]
        return code

    def room(self, said: str, now_ms: int) -> str | None:
        """Return where a code leads, however it is written; None for nowhere (any more)."""
        room = self._keys.get(_key(said))
        return room if room is not None and self._rooms[room][2] > now_ms else None

    def _new(self, language: Language) -> tuple[str, str]:
        names = [noun for noun, _ in nouns(language)]
        while True:
            code = " ".join(self._draw(names) for _ in range(WORDS))
            if (key := _key(code)) not in self._keys:
                return key, code


def _key(said: str) -> str:
    """Return what counts of a code: no accents, no case, no punctuation."""
    return "-".join(each for each in _APART.split(plain(said)) if each)


async def give(request: web.Request) -> web.Response:
    """Answer the code of a room to somebody who has its address."""
    needed_key(request)
    rate_limit(request, "govern")
    room = await visited(request, request.match_info["room"])
    code = request.app[CODES_GIVEN].code(room.id, room.state.language, _now_ms())
    return answer(CodeShown(code, LIFE_MS))


async def find(request: web.Request) -> web.Response:
    """Answer where a code leads."""
    rate_limit(request, "code")
    room = request.app[CODES_GIVEN].room(request.query.get("words", ""), _now_ms())
    if room is None:
        raise Problem("no_such_code", "These three words lead nowhere (any more). Ask for them again.")
    return answer(CodeLeads(room))


def _now_ms() -> int:
    return int(time.monotonic() * 1000)


CODES_GIVEN: web.AppKey[RoomCodes] = web.AppKey("codes_given")

OPERATIONS = (
    Operation(
        "POST",
        f"/api/rooms/{ROOM}/code",
        give,
        "Three words that lead into this room for two hours.",
        {200: json_body(CodeShown)},
        (*KEY_ERRORS, "no_such_room", "too_fast"),
        key="needed",
    ),
    Operation(
        "GET",
        "/api/codes",
        find,
        "Where three words lead.",
        {200: json_body(CodeLeads)},
        ("no_such_code", "too_fast"),
        query=({"name": "words", "in": "query", "required": True, "schema": {"type": "string"}},),
    ),
)
