"""Games by HTTP, in the language asked for."""

from __future__ import annotations

from games.registry import GAMES
from tests.support.web_app import Site


async def test_all_games_are_told_in_the_language_asked_for(site: Site) -> None:
    for lang in ("en", "de"):
        async with site.ask(
            "GET", "/api/games", headers={"Accept-Language": f"{lang}-AT, *;q=0.1"}
        ) as answer:
            assert answer.headers["Content-Language"] == lang
            assert answer.headers["Vary"] == "Accept-Language"
            games = (await answer.json())["games"]
        assert [game["id"] for game in games] == [game.id for game in GAMES]
        assert [game["name"] for game in games] == [game.names[lang] for game in GAMES]
        assert set(games[0]) == {"id", "name", "kinds", "turns", "tempo", "rules"}
