"""The games and the kinds of rooms there are, in the language asked for."""

from __future__ import annotations

from typing import Any, get_args

from aiohttp import web

from games.game import Game, Mood, TurnOrder
from games.registry import GAMES
from server.http.answers import answer
from server.http.languages import language
from server.room.kinds import KINDS, RoomKind
from server.web.operations import Operation, listed


def shown(game: Game, lang: str) -> dict[str, object]:
    """Return a game as the contract has it."""
    return {
        "id": game.id,
        "name": game.names.get(lang, game.names["en"]),
        "kinds": game.kinds,
        "turns": game.turns,
        "tempo": game.tempo,
        "rules": game.rules.get(lang, game.rules["en"]),
        "short": game.short.get(lang, game.short["en"]),
        "players": {"least": game.least, "most": game.most},
        "seconds": game.seconds,
        "mood": game.mood,
        "opt_in": game.opt_in,
        "challenged": game.challenged,
    }


def kind_shown(kind: RoomKind, lang: str) -> dict[str, object]:
    """Return a kind of room as the contract has it."""
    return {
        "id": kind.id,
        "name": kind.names.get(lang, kind.names["en"]),
        "tempo": kind.tempo,
        "placed": kind.placed,
        "themed": kind.themed,
    }


async def list_games(request: web.Request) -> web.Response:
    """Answer all games and kinds of rooms."""
    lang = language(request.headers.get("Accept-Language", ""))
    headers = {"Content-Language": lang, "Vary": "Accept-Language", "Cache-Control": "max-age=300"}
    games = [shown(game, lang) for game in GAMES]
    kinds = [kind_shown(kind, lang) for kind in KINDS.values()]
    return answer({"games": games, "kinds": kinds}, headers=headers)


_GAME: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "kinds": {"type": "array", "items": {"type": "string"}},
        "turns": {"type": "string", "enum": list(get_args(TurnOrder))},
        "tempo": {"type": "string", "enum": ["snap", "slow"]},
        "rules": {"type": "string"},
        "short": {"type": "string", "description": "The rule in at most six words."},
        "players": {
            "type": "object",
            "description": "How many it needs, and how many speak at most: the others listen and vote.",
            "properties": {"least": {"type": "integer"}, "most": {"type": "integer"}},
        },
        "seconds": {"type": "integer", "description": "About how long a round lasts."},
        "mood": {"type": "string", "enum": list(get_args(Mood))},
        "opt_in": {"type": "boolean", "description": "Nobody is drawn into it: who joins or speaks plays."},
        "challenged": {"type": "boolean", "description": "Others may challenge a take by a vote of -1."},
    },
}
_KIND: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "enum": list(KINDS)},
        "name": {"type": "string"},
        "tempo": {"type": "string", "enum": ["snap", "slow"]},
        "placed": {"type": "boolean", "description": "Such a room needs a `place`."},
        "themed": {"type": "boolean", "description": "Such a room is about its `theme`."},
    },
}

OPERATIONS = (
    Operation(
        "GET",
        "/api/games",
        list_games,
        "The games and the kinds of rooms, in the language asked for.",
        {200: listed("games", _GAME, kinds={"type": "array", "items": _KIND})},
    ),
)
