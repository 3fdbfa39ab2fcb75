"""The games and the kinds of rooms there are, in the language asked for."""

from __future__ import annotations

from aiohttp import web

from games.game import Game
from games.registry import GAMES
from server.http.answers import answer
from server.http.languages import language
from server.room.kinds import KINDS, RoomKind


def shown(game: Game, lang: str) -> dict[str, object]:
    """Return a game as the contract has it."""
    return {
        "id": game.id,
        "name": game.names.get(lang, game.names["en"]),
        "kinds": game.kinds,
        "turns": game.turns,
        "tempo": game.tempo,
        "rules": game.rules.get(lang, game.rules["en"]),
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
    }


async def list_games(request: web.Request) -> web.Response:
    """Answer all games and kinds of rooms."""
    lang = language(request.headers.get("Accept-Language", ""))
    headers = {"Content-Language": lang, "Vary": "Accept-Language", "Cache-Control": "max-age=300"}
    games = [shown(game, lang) for game in GAMES]
    kinds = [kind_shown(kind, lang) for kind in KINDS.values()]
    return answer({"games": games, "kinds": kinds}, headers=headers)


def routes() -> list[web.RouteDef]:
    """Return the routes of this resource."""
    return [web.get("/api/games", list_games)]
