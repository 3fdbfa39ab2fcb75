"""The games there are, in the language asked for."""

from __future__ import annotations

from aiohttp import web

from games.game import Game
from games.registry import GAMES
from server.web.rooms import answer

LANGUAGES = ("en", "de")


def language(accept: str) -> str:
    """Return the best of our languages for an `Accept-Language` header (RFC 9110 12.5.4)."""
    best, best_quality = LANGUAGES[0], 0.0
    for part in accept.split(","):
        name, _, rest = part.strip().partition(";")
        primary = name.strip().lower().partition("-")[0]
        quality = _quality(rest)
        if primary in LANGUAGES and quality > best_quality:
            best, best_quality = primary, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def shown(game: Game, lang: str) -> dict[str, object]:
    """Return a game as the contract has it."""
    return {
        "id": game.id,
        "name": game.names.get(lang, game.names["en"]),
        "kinds": game.kinds,
        "turns": game.turns,
        "tempo": game.tempo,
        "rules": game.rules.get(lang, game.rules["en"]),
    }


async def list_games(request: web.Request) -> web.Response:
    """Answer all games."""
    lang = language(request.headers.get("Accept-Language", ""))
    headers = {"Content-Language": lang, "Vary": "Accept-Language", "Cache-Control": "max-age=300"}
    return answer({"games": [shown(game, lang) for game in GAMES]}, headers=headers)


def routes() -> list[web.RouteDef]:
    """Return the routes of this resource."""
    return [web.get("/api/games", list_games)]
